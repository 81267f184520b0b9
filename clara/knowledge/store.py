"""The truth: one SQLite file with documents, chunks and the full-text index."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge.ingest import Document
from clara.text import terms, word_count
from clara.types import Passage

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, origin TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
  sources TEXT NOT NULL, licence TEXT NOT NULL, reviewed TEXT NOT NULL, trust TEXT NOT NULL, grp TEXT NOT NULL,
  country TEXT, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL, section TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  text TEXT NOT NULL, language TEXT NOT NULL, grp TEXT NOT NULL, words INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks(document);
CREATE INDEX IF NOT EXISTS chunks_by_group ON chunks(grp, language);
"""
# Vowel signs of Indic scripts are marks (M*): without them in `categories`, unicode61 cuts Hindi words at every one.
_TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
_PASSAGE = """
SELECT c.id, c.text, c.language, d.title, c.section, d.sources, c.grp, d.id, d.country, d.trust, d.path, d.origin
FROM chunks c JOIN documents d ON d.id = c.document """
_FIELD_WEIGHTS = "4.0, 2.0, 1.0"  # title, section, text


class Store:
    """Documents and chunks. Every write is one transaction; sqlite3's errors become KnowledgeError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._guard():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            with self._guard():
                self._db.execute("PRAGMA foreign_keys = ON")
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.executescript(_SCHEMA)
        except KnowledgeError:
            self._db.close()
            raise

    @contextmanager
    def _guard(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.ProgrammingError as error:
                raise KnowledgeError(f"the knowledge base is closed ({error})") from None
            except sqlite3.OperationalError as error:
                raise KnowledgeError(
                    f"cannot use {self.path}: {error}; check the folder's permissions and space"
                ) from None
            except sqlite3.DatabaseError as error:
                raise KnowledgeCorrupt(
                    f"{self.path} is damaged ({error}); move it away, run clara kb rebuild, "
                    "and add your own documents again"
                ) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guard():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def meta(self, key: str) -> str | None:
        """Return a stored note, None without one."""
        with self._guard():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Store a note."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def put(self, documents: Iterable[Document]) -> None:
        """Add documents, replacing those with the same id, in one transaction."""
        with self._transaction():
            for document in documents:
                self._remove(document.id)
                self._db.execute(
                    "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                    (document.id, document.path, document.origin, document.title, document.language,
                     json.dumps(document.sources, ensure_ascii=False), document.licence, document.reviewed,
                     document.trust, document.group, document.country, document.sha256),
                )  # fmt: skip
                table = self._fts(document.language)
                title = " ".join(terms(document.title))
                for chunk in document.chunks:
                    cursor = self._db.execute(
                        'INSERT INTO chunks (id, document, ordinal, section, start, "end", text, language, grp, words) '
                        "VALUES (?,?,?,?,?,?,?,?,?,?)",
                        (chunk.id, document.id, chunk.ordinal, chunk.section, chunk.start, chunk.end, chunk.text,
                         document.language, chunk.group, word_count(chunk.text)),
                    )  # fmt: skip
                    self._db.execute(
                        f"INSERT INTO {table} (rowid, title, section, text) VALUES (?,?,?,?)",
                        (cursor.lastrowid, title, " ".join(terms(chunk.section)), " ".join(terms(chunk.text))),
                    )

    def remove(self, document_id: str) -> list[tuple[str, str]]:
        """Delete a document; returns its (language, chunk id) pairs. KnowledgeError where there is none."""
        with self._transaction():
            removed = self._remove(document_id)
        if removed is None:
            raise KnowledgeError(f"no document {document_id!r}; clara kb ls lists them")
        return removed

    def _remove(self, document_id: str) -> list[tuple[str, str]] | None:
        row = self._db.execute("SELECT language FROM documents WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            return None
        chunks = self._db.execute("SELECT number, id FROM chunks WHERE document = ?", (document_id,)).fetchall()
        self._db.executemany(f"DELETE FROM {self._fts(row[0])} WHERE rowid = ?", [(number,) for number, _ in chunks])
        self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return [(row[0], chunk_id) for _, chunk_id in chunks]

    def _fts(self, language: str) -> str:
        table = "terms_" + re.sub(r"\W", "_", language)
        self._db.execute(
            f'CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(title, section, text, tokenize = "{_TOKENIZER}")'
        )
        self._db.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_df USING fts5vocab({table}, row)")
        return table

    def hashes(self, origin: str) -> dict[str, str]:
        """Return document id -> content hash for the documents of `origin` (shipped or user)."""
        with self._guard():
            return dict(self._db.execute("SELECT id, sha256 FROM documents WHERE origin = ?", (origin,)).fetchall())

    def documents(self) -> list[dict[str, object]]:
        """List the documents: id, title, language, origin, trust, chunks, words, path."""
        with self._guard():
            rows = self._db.execute(
                "SELECT d.id, d.title, d.language, d.origin, d.trust, count(c.id), coalesce(sum(c.words), 0), d.path "
                "FROM documents d LEFT JOIN chunks c ON c.document = d.id GROUP BY d.id ORDER BY d.id"
            ).fetchall()
        keys = ("id", "title", "language", "origin", "trust", "chunks", "words", "path")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def languages(self) -> dict[str, int]:
        """Return the number of chunks per language."""
        with self._guard():
            return dict(self._db.execute("SELECT language, count(*) FROM chunks GROUP BY language").fetchall())

    def chunk_ids(self, language: str) -> list[str]:
        """Return the chunk ids of one language in a stable order."""
        with self._guard():
            rows = self._db.execute("SELECT id FROM chunks WHERE language = ? ORDER BY number", (language,)).fetchall()
        return [row[0] for row in rows]

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these chunk ids; unknown ids are left out."""
        found: dict[str, Passage] = {}
        with self._guard():
            for start in range(0, len(ids), 500):
                part = ids[start : start + 500]
                rows = self._db.execute(_PASSAGE + f"WHERE c.id IN ({','.join('?' * len(part))})", list(part))
                found |= {row[0]: _passage(row) for row in rows}
        return found

    def of_document(self, document_id: str) -> list[Passage]:
        """Return the passages of one document in order."""
        with self._guard():
            rows = self._db.execute(_PASSAGE + "WHERE d.id = ? ORDER BY c.ordinal", (document_id,)).fetchall()
        return [_passage(row) for row in rows]

    def in_group(self, group: str) -> dict[str, Passage]:
        """Return language -> passage for the versions of one translation group."""
        with self._guard():
            rows = self._db.execute(_PASSAGE + "WHERE c.grp = ?", (group,)).fetchall()
        return {row[2]: _passage(row) for row in rows}

    def lexical(self, language: str, query_terms: Sequence[str], k: int) -> list[tuple[str, float]]:
        """Return up to `k` (chunk id, BM25 score) of one language, best first; any term may match."""
        if not query_terms:
            return []
        with self._guard():
            table = self._fts(language)
            # Quoted strings are literals in FTS5's query language; terms hold no quotation marks.
            match = " OR ".join(f'"{term}"' for term in dict.fromkeys(query_terms))
            rows = self._db.execute(
                f"SELECT c.id, -bm25({table}, {_FIELD_WEIGHTS}) AS score FROM {table} "
                f"JOIN chunks c ON c.number = {table}.rowid WHERE {table} MATCH ? ORDER BY score DESC, c.id LIMIT ?",
                (match, k),
            ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def document_frequency(self, language: str, query_terms: Sequence[str]) -> dict[str, int]:
        """Return in how many chunks of `language` each term occurs."""
        with self._guard():
            table = self._fts(language)
            marks = ",".join("?" * len(query_terms))
            rows = self._db.execute(f"SELECT term, doc FROM {table}_df WHERE term IN ({marks})", list(query_terms))
            return dict(rows.fetchall())

    def close(self) -> None:
        """Close the file, once no other thread is reading; calling it again does nothing."""
        with self._lock:
            self._db.close()


def _passage(row: tuple[str, ...]) -> Passage:
    chunk_id, text, language, title, section, sources, group, document, country, trust, path, origin = row
    listed = json.loads(sources)
    if origin == "user":  # what a document says of its own sources is no more than that
        listed = [f"{Path(path).name}, added by you", *(f"which names: {source}" for source in listed)]
    return Passage(
        id=chunk_id, text=text, language=language, title=title, section=section,
        source="; ".join(listed) if listed else Path(path).name,
        group=group, document=document, country=country, trust=trust,
    )  # fmt: skip

"""The truth: one SQLite file with documents, chunks and the full-text index."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge import schema
from clara.knowledge.documents import Chunk, Document, Quarantined
from clara.text import terms, word_count
from clara.types import Passage

# Vowel signs of Indic scripts are marks (M*): without them in `categories`, unicode61 cuts Hindi words at every one.
_TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
_FIELD_WEIGHTS = "4.0, 2.0, 1.0"  # title, section, text
_PART = 500  # SQLite's limit on parameters was 999 for long


class KnowledgeNewer(KnowledgeError):
    """The file was made by a later version, which may keep things that this one would lose."""


class Store:
    """Documents and chunks. Every write is one transaction; sqlite3's errors become KnowledgeError.

    A chunk is searched unless it waits in quarantine or its document was superseded. `embedded` marks the chunks
    whose vector is in the index: what is not marked is embedded at the next opening.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._languages: dict[str, int] | None = None
        self._tables: set[str] = set()  # of terms, that are known to be there
        with self._guard():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            with self._guard():
                self._db.execute("PRAGMA foreign_keys = ON")
                self._db.execute("PRAGMA journal_mode = WAL")
                self._create()
        except KnowledgeError:
            self._db.close()
            raise

    def _create(self) -> None:
        if schema.version(self._db) == schema.VERSION:
            return
        with self._transaction():  # whole or not at all, and by one of several processes
            if not schema.create(self._db):
                raise KnowledgeNewer(
                    f"{self.path} was made by a newer CLARA; upgrade, or set CLARA_HOME to another folder"
                )

    @contextmanager
    def _guard(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except UnicodeEncodeError:
                raise KnowledgeError(
                    "a name or text holds half a character, which cannot be stored; correct it"
                ) from None
            except sqlite3.ProgrammingError as error:
                raise KnowledgeError(f"the knowledge base is closed ({error})") from None
            except sqlite3.OperationalError as error:
                raise KnowledgeError(
                    f"cannot use {self.path}: {error}; check the folder's permissions and space"
                ) from None
            except sqlite3.DatabaseError as error:
                raise KnowledgeCorrupt(
                    f"{self.path} is damaged ({error}); move it away, run clara kb rebuild, "
                    "and add your own documents again or import a file that clara kb export wrote"
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
                self._tables.clear()
                raise
            finally:
                self._languages = None

    def meta(self, key: str) -> str | None:
        """Return a stored note, None without one."""
        with self._guard():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Store a note."""
        self.set_notes({key: value})

    def set_notes(self, notes: Mapping[str, str]) -> None:
        """Store several notes, all or none."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(notes.items()))

    # Writing

    def put(self, documents: Iterable[Document]) -> list[tuple[str, str]]:
        """Add documents, replacing those with the same id, in one transaction.

        Returns the (language, chunk id) pairs whose vectors are in the way: those of replaced documents.
        """
        replaced: list[tuple[str, str]] = []
        with self._transaction():
            for document in documents:
                replaced += self._remove(document.id)
                self._put(document)
        return replaced

    def _put(self, d: Document) -> None:
        self._db.execute(
            "INSERT INTO documents (id, path, origin, title, language, sources, publisher, licence, published, "
            f"reviewed, trust, grp, country, superseded_by, sha256, hidden) VALUES ({','.join('?' * 16)})",
            (d.id, d.path, d.origin, d.title, d.language, json.dumps(d.sources, ensure_ascii=False), d.publisher,
             d.licence, d.published, d.reviewed, d.trust, d.group, d.country, d.superseded_by, d.sha256, d.hidden),
        )  # fmt: skip
        for chunk in d.chunks:
            searched = not chunk.flags and not d.superseded_by
            cursor = self._db.execute(
                'INSERT INTO chunks (id, document, ordinal, section, start, "end", text, language, grp, words, flags, '
                "searched) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (chunk.id, d.id, chunk.ordinal, chunk.section, chunk.start, chunk.end, chunk.text, d.language,
                 chunk.group, word_count(chunk.text), json.dumps(chunk.flags), searched),
            )  # fmt: skip
            if searched:
                self._index_terms(cursor.lastrowid, d.language, d.title, chunk.section, chunk.text)

    def _index_terms(self, number: int | None, language: str, title: str, section: str, text: str) -> None:
        self._db.execute(
            f"INSERT INTO {self._fts(language)} (rowid, title, section, text) VALUES (?,?,?,?)",
            (number, *(" ".join(terms(part)) for part in (title, section, text))),
        )

    def remove(self, document_id: str) -> list[tuple[str, str]]:
        """Delete a document; returns its (language, chunk id) pairs, none where there is no such document."""
        with self._transaction():
            return self._remove(document_id)

    def _remove(self, document_id: str) -> list[tuple[str, str]]:
        chunks = self._db.execute(
            "SELECT number, id, language, searched FROM chunks WHERE document = ?", (document_id,)
        ).fetchall()
        for number, _, language, searched in chunks:
            if searched:
                self._db.execute(f"DELETE FROM {self._fts(language)} WHERE rowid = ?", (number,))
        self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return [(language, chunk_id) for _, chunk_id, language, searched in chunks if searched]

    def release(self, chunk_id: str) -> str:
        """Take a chunk out of quarantine; returns its language. KnowledgeError for one that does not wait there."""
        with self._transaction():
            row = self._db.execute(
                "SELECT c.number, c.language, d.title, c.section, c.text "
                "FROM chunks c JOIN documents d ON d.id = c.document "
                "WHERE c.id = ? AND c.flags != '[]' AND NOT c.searched AND d.superseded_by = ''",
                (chunk_id,),
            ).fetchone()
            if row is None:
                raise KnowledgeError(f"no chunk {chunk_id!r} waits in quarantine; clara kb quarantine lists them")
            self._db.execute("UPDATE chunks SET searched = 1 WHERE number = ?", (row[0],))
            self._index_terms(*row)
            return str(row[1])

    def mark_embedded(self, chunk_ids: Sequence[str]) -> None:
        """Note that the vectors of these chunks are in the index."""
        with self._transaction():
            self._db.executemany("UPDATE chunks SET embedded = 1 WHERE id = ?", [(i,) for i in chunk_ids])

    def mark_all_embedded(self) -> None:
        """Note that the vectors of all searched chunks are in the index."""
        with self._transaction():
            self._db.execute("UPDATE chunks SET embedded = 1 WHERE searched")

    def set_file(self, path: str, sha256: str, language: str | None) -> None:
        """Note that all of a file was read; `language` is the one it was given, if any."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (path, sha256, language))

    def forget_file(self, path: str) -> None:
        """Drop the note that a file was read."""
        with self._transaction():
            self._db.execute("DELETE FROM files WHERE path = ?", (path,))

    # Reading

    def files(self) -> dict[str, tuple[str, str | None]]:
        """Return path -> (content hash, language given) of the user's files that were read to their end."""
        with self._guard():
            return {row[0]: (row[1], row[2]) for row in self._db.execute("SELECT * FROM files").fetchall()}

    def hashes(self, origin: str, path: str | None = None) -> dict[str, str]:
        """Return document id -> content hash for the documents of `origin` (shipped or user), or of one file."""
        with self._guard():
            query, values = "SELECT id, sha256 FROM documents WHERE origin = ?", [origin]
            if path is not None:
                query, values = f"{query} AND path = ?", [origin, path]
            return dict(self._db.execute(query, values).fetchall())

    def document(self, document_id: str) -> Document:
        """Return a document as it was put in. KnowledgeError for an unknown id."""
        with self._guard():
            row = self._db.execute(
                "SELECT id, path, origin, title, language, sources, publisher, licence, published, reviewed, trust, "
                "grp, country, superseded_by, sha256, hidden FROM documents WHERE id = ?", (document_id,)
            ).fetchone()  # fmt: skip
            if row is None:
                raise KnowledgeError(f"no document {document_id!r}; clara kb ls lists them")
            chunks = self._db.execute(
                'SELECT id, ordinal, section, start, "end", text, grp, flags FROM chunks WHERE document = ? '
                "ORDER BY ordinal", (document_id,)
            ).fetchall()  # fmt: skip
        return Document(
            id=row[0], path=row[1], origin=row[2], title=row[3], language=row[4], sources=tuple(json.loads(row[5])),
            publisher=row[6], licence=row[7], published=row[8], reviewed=row[9], trust=row[10], group=row[11],
            country=row[12], superseded_by=row[13], sha256=row[14], hidden=row[15],
            chunks=tuple(
                Chunk(id=c[0], ordinal=c[1], section=c[2], start=c[3], end=c[4], text=c[5], group=c[6],
                      flags=tuple(json.loads(c[7])))
                for c in chunks
            ),
        )  # fmt: skip

    def released(self) -> list[str]:
        """Return the chunks that hold flagged text and are searched all the same."""
        with self._guard():
            rows = self._db.execute("SELECT id FROM chunks WHERE flags != '[]' AND searched ORDER BY number").fetchall()
        return [row[0] for row in rows]

    def documents(self) -> list[dict[str, object]]:
        """List the documents, with what is known of each and its number of chunks and words."""
        keys = (
            "id", "title", "language", "origin", "trust", "publisher", "licence", "published", "reviewed", "country",
            "superseded_by", "hidden", "path",
        )  # fmt: skip
        with self._guard():
            rows = self._db.execute(
                f"SELECT {', '.join('d.' + key for key in keys)}, d.sources, count(c.id), coalesce(sum(c.words), 0), "
                "coalesce(sum(c.flags != '[]' AND NOT c.searched), 0) "
                "FROM documents d LEFT JOIN chunks c ON c.document = d.id GROUP BY d.id ORDER BY d.id"
            ).fetchall()
        counted = ("sources", "chunks", "words", "quarantined")
        listed = [dict(zip((*keys, *counted), row, strict=True)) for row in rows]
        return [row | {"sources": json.loads(str(row["sources"]))} for row in listed]

    def languages(self) -> dict[str, int]:
        """Return the number of searched chunks per language."""
        if (known := self._languages) is None:  # kept until the next change; read without waiting for a search
            with self._guard():
                query = "SELECT language, count(*) FROM chunks WHERE searched GROUP BY language"
                known = self._languages = dict(self._db.execute(query).fetchall())
        return dict(known)

    def embedded_languages(self) -> list[str]:
        """Return the languages of which the index holds at least one vector."""
        with self._guard():
            rows = self._db.execute("SELECT DISTINCT language FROM chunks WHERE searched AND embedded").fetchall()
        return [row[0] for row in rows]

    def untranslated(self, languages: Sequence[str]) -> dict[str, int]:
        """Return, for each other language, how many searched chunks have no version in any of `languages`."""
        marks = ",".join("?" * len(languages))
        with self._guard():
            rows = self._db.execute(
                f"SELECT language, count(*) FROM chunks WHERE searched AND language NOT IN ({marks}) AND grp NOT IN "
                f"(SELECT grp FROM chunks WHERE searched AND language IN ({marks})) GROUP BY language",
                [*languages, *languages],
            )
            return dict(rows.fetchall())

    def chunk_ids(self, language: str, *, embedded: bool | None = None) -> list[str]:
        """Return the searched chunk ids of one language in a stable order; only those with or without a vector."""
        query, values = "SELECT id FROM chunks WHERE language = ? AND searched", [language]
        if embedded is not None:
            query, values = f"{query} AND embedded = ?", [language, str(int(embedded))]
        with self._guard():
            return [row[0] for row in self._db.execute(f"{query} ORDER BY number", values).fetchall()]

    def chunk_ids_of(self, document_ids: Sequence[str]) -> list[str]:
        """Return the searched chunk ids of these documents."""
        found: list[str] = []
        with self._guard():
            for start in range(0, len(document_ids), _PART):
                part = document_ids[start : start + _PART]
                marks = ",".join("?" * len(part))
                rows = self._db.execute(f"SELECT id FROM chunks WHERE searched AND document IN ({marks})", list(part))
                found += [row[0] for row in rows]
        return found

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the searched passages with these chunk ids; others are left out."""
        found: dict[str, Passage] = {}
        with self._guard():
            for start in range(0, len(ids), _PART):
                part = ids[start : start + _PART]
                rows = self._db.execute(
                    f"{schema.PASSAGE} WHERE c.searched AND c.id IN ({','.join('?' * len(part))})", list(part)
                )
                found |= {row[0]: schema.to_passage(row) for row in rows}
        return found

    def terms_of(self, language: str, ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Return the search terms of chunks of one language, title and section included, as they were indexed."""
        found: dict[str, frozenset[str]] = {}
        with self._guard():
            table = self._fts(language)
            for start in range(0, len(ids), _PART):
                part = ids[start : start + _PART]
                rows = self._db.execute(
                    f"SELECT c.id, t.title || ' ' || t.section || ' ' || t.text FROM chunks c "
                    f"JOIN {table} t ON t.rowid = c.number WHERE c.id IN ({','.join('?' * len(part))})",
                    list(part),
                )
                found |= {row[0]: frozenset(row[1].split()) for row in rows}
        return found

    def of_document(self, document_id: str) -> list[Passage]:
        """Return the passages of one document in order, those in quarantine too."""
        with self._guard():
            rows = self._db.execute(f"{schema.PASSAGE} WHERE d.id = ? ORDER BY c.ordinal", (document_id,)).fetchall()
        return [schema.to_passage(row) for row in rows]

    def in_group(self, group: str) -> dict[str, Passage]:
        """Return language -> passage for the searched versions of one translation group."""
        with self._guard():
            rows = self._db.execute(f"{schema.PASSAGE} WHERE c.grp = ? AND c.searched", (group,)).fetchall()
        return {row[2]: schema.to_passage(row) for row in rows}

    def quarantined(self) -> list[Quarantined]:
        """Return the chunks that wait in quarantine."""
        with self._guard():
            rows = self._db.execute(
                "SELECT c.id, d.id, d.title, d.path, c.language, c.flags, c.text FROM chunks c "
                "JOIN documents d ON d.id = c.document "
                "WHERE c.flags != '[]' AND NOT c.searched AND d.superseded_by = '' ORDER BY c.number"
            ).fetchall()
        return [
            Quarantined(id=r[0], document=r[1], title=r[2], path=r[3], language=r[4],
                        flags=tuple(json.loads(r[5])), text=r[6])
            for r in rows
        ]  # fmt: skip

    def lexical(self, language: str, query_terms: Sequence[str], k: int) -> list[tuple[str, float]]:
        """Return up to `k` (chunk id, BM25 score) of one language, best first; any term may match."""
        if not query_terms:
            return []
        with self._guard():
            table = self._fts(language)
            # Quoted strings are literals in FTS5's query language; terms hold no quotation marks.
            match = " OR ".join(f'"{term}"' for term in dict.fromkeys(query_terms))
            rows = self._db.execute(
                f"SELECT c.id, -found.score FROM (SELECT rowid AS number, rank AS score FROM {table} "
                f"WHERE {table} MATCH ? AND rank MATCH 'bm25({_FIELD_WEIGHTS})' ORDER BY rank LIMIT ?) AS found "
                "JOIN chunks c ON c.number = found.number ORDER BY found.score, found.number",
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

    def _fts(self, language: str) -> str:
        table = "terms_" + re.sub(r"\W", "_", language)
        if table in self._tables:
            return table
        self._db.execute(
            f'CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(title, section, text, tokenize = "{_TOKENIZER}")'
        )
        self._db.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_df USING fts5vocab({table}, row)")
        self._tables.add(table)
        return table

    def copy_to(self, path: Path) -> None:
        """Write a copy of the whole file, consistent and compacted."""
        with self._guard():
            self._db.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        """Close the file, once no other thread is reading; calling it again does nothing."""
        with self._lock:
            self._db.close()

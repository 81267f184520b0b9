"""A knowledge base as the first version of CLARA left it, written by plain SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from clara.knowledge.documents import Document
from clara.text import terms, word_count

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, origin TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
  sources TEXT NOT NULL, licence TEXT NOT NULL, reviewed TEXT NOT NULL, trust TEXT NOT NULL, grp TEXT NOT NULL,
  country TEXT, sha256 TEXT NOT NULL);
CREATE TABLE chunks (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL, section TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  text TEXT NOT NULL, language TEXT NOT NULL, grp TEXT NOT NULL, words INTEGER NOT NULL);
CREATE INDEX chunks_by_document ON chunks(document);
CREATE INDEX chunks_by_group ON chunks(grp, language);
"""
_TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"


def write_first_version(path: Path, documents: Iterable[Document], **notes: str) -> None:
    """Write `path` with these documents and notes, as version 1 did; what it did not know of them is left out."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(_TABLES)
        db.executemany("INSERT INTO meta VALUES (?, ?)", list(notes.items()))
        for d in documents:
            db.execute(
                "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (d.id, d.path, d.origin, d.title, d.language, json.dumps(d.sources, ensure_ascii=False), d.licence,
                 d.reviewed, d.trust, d.group, d.country, d.sha256),
            )  # fmt: skip
            table = f"terms_{d.language.replace('-', '_')}"
            db.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} "
                f'USING fts5(title, section, text, tokenize = "{_TOKENIZER}")'
            )
            db.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_df USING fts5vocab({table}, row)")
            for c in d.chunks:
                number = db.execute(
                    'INSERT INTO chunks (id, document, ordinal, section, start, "end", text, language, grp, words) '
                    "VALUES (?,?,?,?,?,?,?,?,?,?)",
                    (c.id, d.id, c.ordinal, c.section, c.start, c.end, c.text, d.language, c.group, word_count(c.text)),
                ).lastrowid
                db.execute(
                    f"INSERT INTO {table} (rowid, title, section, text) VALUES (?,?,?,?)",
                    (number, *(" ".join(terms(part)) for part in (d.title, c.section, c.text))),
                )

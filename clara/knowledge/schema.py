"""The tables of the truth, and how those of an earlier version become them."""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from pathlib import Path

from clara.types import Passage

VERSION = 2

PASSAGE = """
SELECT c.id, c.text, c.language, d.title, c.section, d.sources, c.grp, d.id, d.country, d.trust, d.path, d.origin
FROM chunks c JOIN documents d ON d.id = c.document """
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, language TEXT);
CREATE TABLE IF NOT EXISTS documents (
  id TEXT PRIMARY KEY, path TEXT NOT NULL, origin TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
  sources TEXT NOT NULL, publisher TEXT NOT NULL, licence TEXT NOT NULL, published TEXT NOT NULL,
  reviewed TEXT NOT NULL, trust TEXT NOT NULL, grp TEXT NOT NULL, country TEXT, superseded_by TEXT NOT NULL,
  sha256 TEXT NOT NULL, hidden INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS documents_by_path ON documents(path);
CREATE TABLE IF NOT EXISTS chunks (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  document TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL, section TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  text TEXT NOT NULL, language TEXT NOT NULL, grp TEXT NOT NULL, words INTEGER NOT NULL,
  flags TEXT NOT NULL, searched INTEGER NOT NULL, embedded INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks(document);
CREATE INDEX IF NOT EXISTS chunks_by_group ON chunks(grp, language);
CREATE INDEX IF NOT EXISTS chunks_by_language ON chunks(language, searched, embedded);
"""
# The first form knew no files, flags or marks, and everything it held was searched.
_FROM_1 = """
ALTER TABLE documents ADD COLUMN publisher TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN published TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN superseded_by TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN flags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE chunks ADD COLUMN searched INTEGER NOT NULL DEFAULT 1;
ALTER TABLE chunks ADD COLUMN embedded INTEGER NOT NULL DEFAULT 1;
"""


def version(database: sqlite3.Connection) -> int:
    """Return the version of the tables in a database, 0 for the first one and for an empty file."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def create(database: sqlite3.Connection) -> bool:
    """Make the tables, or bring earlier ones up to date, inside the caller's transaction; False for later ones."""
    found = version(database)
    if found > VERSION:
        return False
    first = found == 0 and database.execute("SELECT 1 FROM sqlite_master WHERE name = 'chunks'").fetchone()
    for statement in f"{_FROM_1 if first else ''}{_SCHEMA}".split(";"):
        database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")
    return True


@lru_cache(maxsize=4096)  # a search reads some 150 rows, mostly those that others have read
def to_passage(row: tuple[str, ...]) -> Passage:
    """Return the passage of a row that `PASSAGE` selects."""
    chunk_id, text, language, title, section, sources, group, document, country, trust, path, origin = row
    listed = json.loads(sources)
    if origin == "user":  # what a document says of its own sources is no more than that
        listed = [f"{Path(path).name}, added by you", *(f"which names: {source}" for source in listed)]
    return Passage(
        id=chunk_id, text=text, language=language, title=title, section=section,
        source="; ".join(listed) if listed else Path(path).name,
        group=group, document=document, country=country, trust=trust,
    )  # fmt: skip

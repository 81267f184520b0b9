"""BEIR's form (Thakur et al., arXiv 2104.08663), in which most retrieval collections are published."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.retrieval.data import Collection, Doc, Query
from clara.evaluation.retrieval.tables import Row, missing, read_rows, tag_of, text_of
from clara.languages import UNKNOWN, detect

SOURCE = "beir-cellar/beir on GitHub"
LICENCE = "each collection's own"
_SPLITS = ("test", "dev", "train")
_DETECT_CHARACTERS = 2000


def load(folder: Path) -> Collection:
    """Read corpus.jsonl, queries.jsonl and qrels/test.tsv (or dev.tsv, train.tsv).

    A row may name its `language` (or `lang`) and its `group` (texts that say the same), on its own or inside
    `metadata`; a language that no row names is detected, and where that fails it is the file's most common
    one. Only queries with a relevant document are kept. Raises DatasetError.
    """
    qrels_path = next((path for split in _SPLITS if (path := folder / "qrels" / f"{split}.tsv").is_file()), None)
    if qrels_path is None or not all((folder / name).is_file() for name in ("corpus.jsonl", "queries.jsonl")):
        raise missing(
            folder, "corpus.jsonl, queries.jsonl and qrels/test.tsv", f"the form is that of {SOURCE} ({LICENCE})"
        )
    docs = {
        found["id"]: Doc(**found, title=text_of(row, "title", where, optional=True).strip())
        for found, row, where in _texts(folder / "corpus.jsonl")
    }
    asked = {found["id"]: Query(**found) for found, _, _ in _texts(folder / "queries.jsonl")}
    qrels: dict[str, dict[str, int]] = {}
    for where, query, doc, grade in _judgements(qrels_path):
        if query not in asked:
            raise DatasetError(f"{where}: no query {query[:60]!r} in queries.jsonl")
        if doc not in docs:
            raise DatasetError(f"{where}: no document {doc[:60]!r} in corpus.jsonl")
        qrels.setdefault(query, {})[doc] = grade
    qrels = {query: grades for query, grades in qrels.items() if any(grade > 0 for grade in grades.values())}
    if not qrels:
        raise DatasetError(f"{qrels_path}: no query has a relevant document")
    queries = tuple(query for query in asked.values() if query.id in qrels)
    name = folder.resolve().name
    return Collection(
        name=name, docs=tuple(docs.values()), queries=queries, qrels=qrels, source=SOURCE, licence=LICENCE
    )


def _texts(path: Path) -> Iterator[tuple[dict[str, str], Row, str]]:
    """Yield the common fields of each row, the row, and where it stands."""
    rows = []
    for where, row in read_rows(path):
        text = text_of(row, "text", where).strip()
        named = _named(row, ("language", "lang"))
        language = tag_of(named, where) if named else detect(text[:_DETECT_CHARACTERS]).language
        identifier = text_of(row, "_id", where)
        found = {"id": identifier, "language": language, "text": text, "group": _named(row, ("group",)) or identifier}
        rows.append((found, row, where))
    common = Counter(found["language"] for found, _, _ in rows if found["language"] != UNKNOWN).most_common(1)
    if not common:
        raise DatasetError(f"{path}: cannot tell its language; give every row a field language, e.g. en")
    for found, _, _ in rows:
        if found["language"] == UNKNOWN:
            found["language"] = common[0][0]
    yield from rows


def _named(row: Row, names: tuple[str, ...]) -> str:
    metadata = row.get("metadata")
    for held in (row, metadata if isinstance(metadata, dict) else {}):
        for name in names:
            if isinstance(held.get(name), str) and held[name]:
                return str(held[name])
    return ""


def _judgements(path: Path) -> Iterator[tuple[str, str, str, int]]:
    """Yield (where, query id, document id, grade); a first line of column names is passed over."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, cells in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
                if not cells:
                    continue
                where = f"{path}, line {number}"
                try:
                    query, doc, grade = cells
                    yield where, query, doc, int(grade)
                except ValueError:
                    if number > 1:
                        raise DatasetError(
                            f"{where}: expected query id, document id and a whole number between tabs"
                        ) from None
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path}: not UTF-8 text; copy the file again") from None

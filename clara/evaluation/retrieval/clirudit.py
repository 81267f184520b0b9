"""CLIRudit: English keyword queries against abstracts of scholarly articles (Valentini et al., arXiv 2504.16264)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.retrieval.data import Collection, Doc, Query
from clara.evaluation.retrieval.tables import KINDS, Row, missing, read_rows, text_of, whole_number

SOURCE = "ftvalentini/clirudit on the Hugging Face hub"
LICENCE = "CC-BY-NC-4.0"
_EXPECTED = "docs/fr.test, qrels/en_fr.test and queries/en.test as .parquet, .jsonl, .csv or .tsv"


def load(folder: Path) -> Collection:
    """Read English queries and French abstracts. Raises DatasetError."""
    return _load(folder, "fr")


def load_english(folder: Path) -> Collection:
    """Read the same queries and the English abstracts: what perfect translations of the documents would give.

    Raises DatasetError.
    """
    return _load(folder, "en")


def _load(folder: Path, language: str) -> Collection:
    docs = {}
    for where, row in _table(folder, "docs", f"{language}.test"):
        parts = [text_of(row, name, where, optional=True).strip() for name in ("title", "subtitle", "abstract")]
        identifier = text_of(row, "docid", where)
        title = " : ".join(filter(None, parts[:2]))
        docs[identifier] = Doc(id=identifier, language=language, text=parts[2], title=title, group=identifier)
    asked = {}
    for where, row in _table(folder, "queries", "en.test"):
        identifier = text_of(row, "qid", where)
        text = text_of(row, "query", where).strip()
        asked[identifier] = Query(id=identifier, language="en", text=text, group=identifier)
    qrels: dict[str, dict[str, int]] = {}
    for where, row in _table(folder, "qrels", f"en_{language}.test"):
        query, doc = text_of(row, "qid", where), text_of(row, "docid", where)
        if query not in asked or doc not in docs:
            raise DatasetError(f"{where}: names a query or document that the other tables do not hold")
        grade = whole_number(row, "rel", where)
        if grade > 0:
            qrels.setdefault(query, {})[doc] = grade
    if not qrels:
        raise DatasetError(f"{folder}: no query has a relevant document; copy the files again")
    name = "clirudit" if language == "fr" else f"clirudit-{language}"
    queries = tuple(query for query in asked.values() if query.id in qrels)
    return Collection(
        name=name, docs=tuple(docs.values()), queries=queries, qrels=qrels, source=SOURCE, licence=LICENCE
    )


def _table(folder: Path, kind: str, stem: str) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a table, which may lie in several numbered files."""
    for ending in KINDS:
        if paths := sorted((folder / kind).glob(f"{stem}*{ending}")):
            for path in paths:
                yield from read_rows(path)
            return
    raise missing(folder, _EXPECTED, f"CLIRudit is published as {SOURCE} ({LICENCE})")

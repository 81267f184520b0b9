"""Terms from public terminologies: Orphanet's XML, HPO translations, and any TSV with a language per column.

The files are the user's; CLARA ships none of them. Each reader yields concepts with what one file says;
`merge` joins the languages of one concept.
"""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path

from clara.errors import InputError, KnowledgeError
from clara.knowledge.glossary import Concept
from clara.languages import canonical
from clara.text import clean

_LABELS = ("", "rdfs:label", "oio:hasExactSynonym", "oboInOwl:hasExactSynonym", "skos:altLabel")
_NOT_TERMS = ("abbreviations", "do_not_confuse", "sources", "comment", "definition")
_HPO_NAME = re.compile(r"hp-([A-Za-z-]+)\.")
_MAX_TERM = 120


def read_terms(path: Path) -> Iterator[Concept]:
    """Yield the concepts of one file, its form told from its content. Raises KnowledgeError in one line.

    - Orphanet `*_product1.xml`: name and synonyms of each disorder, ids `ORPHA:n`.
    - HPO translations (Babelon TSV, `subject_id` and `translation_value`): official labels and exact synonyms,
      ids `HP:n`; the language stands in a column or in the file's name; candidates are left out.
    - any TSV whose header names languages: the first column is the id, cells hold `preferred|synonym|...`.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512).lstrip(b"\xef\xbb\xbf \r\n\t")
        if start.startswith(b"<"):
            yield from _orphanet(path)
            return
        with path.open(encoding="utf-8-sig", newline="") as table:
            reader = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = list(reader.fieldnames or ())
            if {"subject_id", "translation_value"} <= set(header):
                yield from _babelon(path, reader)
            else:
                yield from _table(path, header, reader)
    except (OSError, UnicodeDecodeError, csv.Error, ET.ParseError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise KnowledgeError(f"{path}: cannot be read as a terminology: {reason}") from None


def merge(concepts: Iterable[Concept]) -> list[Concept]:
    """Join concepts of one id: terms per language in the order they came, each once."""
    merged: dict[str, Concept] = {}
    for concept in concepts:
        known = merged.get(concept.id)
        if known is None:
            merged[concept.id] = concept
            continue
        terms = {
            tag: tuple(dict.fromkeys((*known.terms.get(tag, ()), *concept.terms.get(tag, ()))))
            for tag in {**known.terms, **concept.terms}
        }
        merged[concept.id] = Concept(
            id=concept.id,
            terms=terms,
            abbreviations=tuple(dict.fromkeys((*known.abbreviations, *concept.abbreviations))),
            do_not_confuse=tuple(dict.fromkeys((*known.do_not_confuse, *concept.do_not_confuse))),
        )
    return list(merged.values())


def _concept(identifier: str, tag: str, terms: Iterable[str]) -> Concept:
    kept = [_term(term) for term in terms]
    named = tuple(dict.fromkeys(term for term in kept if 1 < len(term) <= _MAX_TERM))
    return Concept(id=identifier, terms={tag: named} if named else {}, abbreviations=(), do_not_confuse=())


def _term(text: str) -> str:
    return " ".join(clean(text).replace("|", " ").split())


def _orphanet(path: Path) -> Iterator[Concept]:
    found = False
    for _, element in ET.iterparse(path, events=("end",)):
        if element.tag != "Disorder":
            continue
        code, name = element.findtext("OrphaCode") or element.findtext("OrphaNumber"), element.find("Name")
        if code and name is not None and name.text:
            found = True
            synonyms = [s.text for s in element.findall("SynonymList/Synonym") if s.text]
            yield _concept(f"ORPHA:{code}", canonical(name.get("lang") or "en"), [name.text, *synonyms])
        element.clear()
    if not found:
        raise KnowledgeError(f"{path}: holds no Orphanet disorders; expected a file such as en_product1.xml")


def _babelon(path: Path, rows: csv.DictReader[str]) -> Iterator[Concept]:
    in_name = _HPO_NAME.search(path.name)
    for row in rows:
        status = (row.get("translation_status") or row.get("Status") or "OFFICIAL").upper()
        if status != "OFFICIAL" or (row.get("predicate_id") or "") not in _LABELS:
            continue
        language = row.get("translation_language") or (in_name.group(1) if in_name else "")
        if not language:
            raise KnowledgeError(f"{path}: no translation_language column, and the name is not like hp-es.synonyms.tsv")
        values = (row["translation_value"] or "").split("|")
        concept = _concept(row["subject_id"], canonical(language), values)
        if row.get("source_value") and row.get("source_language"):
            yield _concept(row["subject_id"], canonical(row["source_language"]), [row["source_value"]])
        yield concept


def _table(path: Path, header: list[str], rows: csv.DictReader[str]) -> Iterator[Concept]:
    tags: dict[str, str] = {}
    for name in header[1:]:
        if name.lower() in _NOT_TERMS:
            continue
        try:
            tags[name] = canonical(name)
        except InputError:
            continue  # a column of something else
    if not tags:
        raise KnowledgeError(f"{path}: the header names no language; expected id<TAB>en<TAB>es ...")
    for row in rows:
        identifier = (row[header[0]] or "").strip()
        if identifier:
            yield from (_concept(identifier, tag, (row[name] or "").split("|")) for name, tag in tags.items())

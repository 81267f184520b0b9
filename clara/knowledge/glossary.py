"""The glossary: concepts with a preferred term and synonyms per language."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from clara.errors import ResourceError
from clara.languages import script
from clara.text import fold, strip_accents

_COLUMNS = ("concept", "abbreviations", "do_not_confuse", "sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One concept. `terms` maps a language to its preferred term and synonyms, preferred first."""

    id: str
    terms: dict[str, tuple[str, ...]]
    abbreviations: tuple[str, ...]
    do_not_confuse: tuple[str, ...]

    def term(self, language: str) -> str | None:
        """Return the preferred term in `language`."""
        return self.terms[language][0] if self.terms.get(language) else None


class Glossary:
    """Finds concepts in text. Terms of every language are looked for, since questions mix languages."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = {concept.id: concept for concept in concepts}
        # term -> language -> concept; the same letters may name different things in two languages.
        self._index: dict[str, dict[str, str]] = {}
        for concept in self.concepts.values():
            for language, terms in concept.terms.items():
                for term in terms:
                    self._index.setdefault(_key(term), {}).setdefault(language, concept.id)
            for abbreviation in concept.abbreviations:
                language, _, short = abbreviation.rpartition(":")
                self._index.setdefault(_key(short), {}).setdefault(language or "en", concept.id)
        spaced = sorted((re.escape(t) for t in self._index if script(t) != "Hani"), key=len, reverse=True)
        unspaced = sorted((re.escape(t) for t in self._index if script(t) == "Hani"), key=len, reverse=True)
        # Marks of Indic scripts are not \w: they are named, or a term would match inside a longer word.
        edge = r"\w\u0900-\u0dff"
        parts = [f"(?<![{edge}])(?:{'|'.join(spaced)})(?:e?s)?(?![{edge}])"] if spaced else []
        self._pattern = re.compile("|".join(parts + unspaced)) if self._index else re.compile(r"(?!)")

    def find(self, text: str, language: str) -> list[Concept]:
        """Return the concepts that `text` names, in order, longest term first, each once.

        A term of `language` is preferred; then of English; then of any language.
        """
        found: dict[str, Concept] = {}
        for match in self._pattern.finditer(_key(text)):
            term = match.group()
            by_language = self._index.get(term) or self._index.get(term.removesuffix("s")) or {}
            by_language = by_language or self._index.get(term.removesuffix("es"), {})
            for wanted in (language, language.partition("-")[0], "en", *by_language):
                if wanted in by_language:
                    concept = self.concepts[by_language[wanted]]
                    found.setdefault(concept.id, concept)
                    break
        return list(found.values())

    def translate_terms(self, text: str, source: str, target: str) -> list[str]:
        """Return the preferred terms in `target` of the concepts that `text` names."""
        return [term for concept in self.find(text, source) if (term := concept.term(target))]


def _key(term: str) -> str:
    return strip_accents(fold(term))


def _cell(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _read(path: Path) -> Iterator[Concept]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if "concept" not in (reader.fieldnames or ()):
                raise ResourceError(f"{path}: the first line must name the columns, `concept` among them")
            tags = [name for name in reader.fieldnames or () if name not in _COLUMNS]
            for row in reader:
                yield Concept(
                    id=row["concept"],
                    terms={tag: cell for tag in tags if (cell := _cell(row[tag] or ""))},
                    abbreviations=_cell(row.get("abbreviations") or ""),
                    do_not_confuse=_cell(row.get("do_not_confuse") or ""),
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ResourceError(f"cannot read the glossary {path}: {error}") from None


@lru_cache(maxsize=4)
def load_glossary(path: Path) -> Glossary:
    """Read a glossary TSV: `concept`, a column per language, `abbreviations`, `do_not_confuse`, `sources`."""
    return Glossary(_read(path))

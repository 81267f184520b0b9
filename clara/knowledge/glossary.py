"""The glossary: concepts with a preferred term and synonyms per language."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from clara.errors import ResourceError
from clara.languages import UNKNOWN, script
from clara.text import fold, strip_accents

_COLUMNS = ("concept", "abbreviations", "do_not_confuse", "sources")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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
        self._short: dict[str, dict[str, str]] = {}
        for concept in self.concepts.values():
            for language, terms in concept.terms.items():
                for term in terms:
                    self._index.setdefault(_key(term), {}).setdefault(language, concept.id)
            for abbreviation in concept.abbreviations:
                language, _, short = abbreviation.rpartition(":")
                if len(short) > 1:
                    self._short.setdefault(short, {}).setdefault(language or "en", concept.id)
        self._pattern = _pattern(self._index, suffix="(?:e?s)?")
        self._short_pattern = _pattern(self._short)

    def find(self, text: str, language: str) -> list[Concept]:
        """Return the concepts that `text` names, in order, longest term first, each once.

        A term of `language` is preferred, then of English. Abbreviations count only
        as written, in capitals: "OS" is the left eye, "os" a Portuguese article.
        """
        return list(dict.fromkeys(concept for _, _, concept in self._matches(text, language)))

    def prefer(self, text: str, language: str) -> str:
        """Return folded `text` with the language's synonyms replaced by its preferred terms."""
        folded, out, at = _key(text), [], 0
        for start, end, concept in self._long_matches(folded, language):
            if language in concept.terms:
                term = concept.terms[language][0]
                # Set off, a term of an unspaced script stays one word when the text is cut into pairs.
                out += [folded[at:start], f" {term} " if script(term) == "Hani" else term]
                at = end
        return "".join([*out, folded[at:]]) if out else text

    def _matches(self, text: str, language: str) -> list[tuple[int, int, Concept]]:
        found = list(self._long_matches(_key(text), language))
        if text != text.upper():  # in a text all in capitals nothing marks an abbreviation
            for match in self._short_pattern.finditer(text):
                if concept := self._choose(self._short[match.group()], language):
                    found.append((match.start(), match.end(), concept))
        return sorted(found, key=lambda item: item[0])

    def _long_matches(self, folded: str, language: str) -> Iterator[tuple[int, int, Concept]]:
        for match in self._pattern.finditer(folded):
            term = match.group()
            for form in (term, term.removesuffix("s"), term.removesuffix("es")):
                if form in self._index:
                    if concept := self._choose(self._index[form], language):
                        yield match.start(), match.end(), concept
                    break

    def _choose(self, by_language: dict[str, str], language: str) -> Concept | None:
        # Other languages' everyday words look like terms ("zona" is shingles in French): only an unidentified
        # question is looked up in all of them, and Hindi in both of its scripts.
        base = language.partition("-")[0]
        mixed = [tag for tag in by_language if tag.partition("-")[0] == base]
        for wanted in (language, *mixed, "en", *(by_language if language == UNKNOWN else ())):
            if wanted in by_language:
                return self.concepts[by_language[wanted]]
        return None

    def rest(self, text: str, language: str) -> tuple[str, str]:
        """Return what the found terms cover of folded `text`, and what they leave."""
        folded, inside, outside, at = _key(text), [], [], 0
        for start, end, _ in self._long_matches(folded, language):
            outside.append(folded[at:start])
            inside.append(folded[start:end])
            at = end
        return " ".join(inside), " ".join([*outside, folded[at:]])

    def translate_terms(self, text: str, source: str, target: str) -> list[str]:
        """Return the preferred terms in `target` of the concepts that `text` names."""
        return [term for concept in self.find(text, source) if (term := concept.term(target))]


def _pattern(terms: Iterable[str], suffix: str = "") -> re.Pattern[str]:
    """Match any of `terms`, the longest first; terms of spaced scripts as whole words only."""
    ordered = sorted(terms, key=len, reverse=True)
    spaced = [re.escape(term) for term in ordered if script(term) != "Hani"]
    unspaced = [re.escape(term) for term in ordered if script(term) == "Hani"]
    # Marks of Indic scripts are not \w: they are named, or a term would match inside a longer word.
    edge = r"\w\u0900-\u0dff"
    parts = [f"(?<![{edge}])(?:{'|'.join(spaced)}){suffix}(?![{edge}])"] if spaced else []
    return re.compile("|".join(parts + unspaced) or r"(?!)")


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

"""The glossary: concepts with a preferred term and synonyms per language."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from clara.errors import KnowledgeError, ResourceError
from clara.languages import UNKNOWN, script
from clara.text import fold, has_unspaced, strip_accents, word_spans, words

# Also where they touch Chinese: "IOP" in 我的IOP是24.
_IN_WORD = r"[^\W_\u3040-\u30ff\u3400-\u9fff]"
_LATIN_WORD = re.compile(rf"(?<!{_IN_WORD})[A-Za-zµ][A-Za-z0-9]*(?:&[A-Z])?(?!{_IN_WORD})")
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
        self._longest_words = max((len(words(term)) for term in self._index), default=0)
        self._longest_run = max((len(term) for term in self._index if has_unspaced(term)), default=0)

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
        latin = list(_LATIN_WORD.finditer(text))
        # In a sentence all in capitals nothing marks an abbreviation; "OD 20/40, OS 20/200" is no sentence.
        if len(latin) <= 3 or not all(word.group().isupper() for word in latin):
            for word in latin:
                by_language = self._short.get(word.group())
                if by_language and (concept := self._choose(by_language, language)):
                    found.append((word.start(), word.end(), concept))
        return sorted(found, key=lambda item: item[0])

    def _long_matches(self, folded: str, language: str) -> Iterator[tuple[int, int, Concept]]:
        """Yield the longest terms from left to right: whole words, or any run of an unspaced script."""
        spans = word_spans(folded)
        at = 0
        while at < len(spans):
            start, end = spans[at]
            if has_unspaced(folded[start:end]):
                yield from self._in_run(folded, start, end, language)
                at += 1
                continue
            for last in range(min(len(spans), at + self._longest_words) - 1, at - 1, -1):
                if concept := self._named(folded[start : spans[last][1]], language):
                    yield start, spans[last][1], concept
                    at = last
                    break
            at += 1

    def _in_run(self, folded: str, start: int, end: int, language: str) -> Iterator[tuple[int, int, Concept]]:
        at = start
        while at < end:
            length, concept = self._longest_at(folded, at, end, language)
            # "recently sight" holds "myopia" in Chinese: a longer term that begins inside a term wins.
            if concept and all(
                self._longest_at(folded, i, end, language)[0] <= length for i in range(at + 1, at + length)
            ):
                yield at, at + length, concept
                at += length
            else:
                at += 1

    def _longest_at(self, folded: str, at: int, end: int, language: str) -> tuple[int, Concept | None]:
        for length in range(min(self._longest_run, end - at), 0, -1):
            if concept := self._named(folded[at : at + length], language, plural=False):
                return length, concept
        return 0, None

    def _named(self, words_: str, language: str, *, plural: bool = True) -> Concept | None:
        for form in (words_, words_.removesuffix("s"), words_.removesuffix("es")) if plural else (words_,):
            if form in self._index and (concept := self._choose(self._index[form], language)):
                return concept
        return None

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


def _key(term: str) -> str:
    return strip_accents(fold(term))


def _cell(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def read_concepts(path: Path) -> Iterator[Concept]:
    """Yield the concepts of a glossary TSV. Raises ResourceError."""
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
def load_glossary(path: Path, own: Path | None = None) -> Glossary:
    """Read a glossary TSV: `concept`, a column per language, `abbreviations`, `do_not_confuse`, `sources`.

    own: a second file of the same form, the user's; where both name a term, the first file decides.
    """
    return Glossary([*read_concepts(path), *(read_concepts(own) if own else ())])


def write_concepts(path: Path, concepts: Iterable[Concept]) -> None:
    """Write a glossary TSV that `load_glossary` reads. Raises KnowledgeError."""
    listed = list(concepts)
    tags = sorted({tag for concept in listed for tag in concept.terms})
    lines = ["\t".join(("concept", *tags, "abbreviations", "do_not_confuse"))]
    for c in listed:
        cells = [c.id, *("|".join(c.terms.get(tag, ())) for tag in tags)]
        lines.append("\t".join([*cells, "|".join(c.abbreviations), "|".join(c.do_not_confuse)]))
    try:
        unfinished = path.with_suffix(".new")
        unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise KnowledgeError(f"cannot write {path}: {error.strerror}; set CLARA_HOME to a writable folder") from None

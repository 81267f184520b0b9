"""Find drug names in text of any language, and tell whether two texts name the same drugs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

from clara.errors import ResourceError
from clara.resources import data_folder
from clara.text import fold, strip_accents

_HAN = "\u3400-\u9fff"
_MARKS = "\u0300-\u036f\u0900-\u0963\u0971-\u097f"
_IS_HAN = re.compile(f"[{_HAN}]")
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}](?:[^\W_{_HAN}]|[{_MARKS}])*")
# "Adrenergic" holds the Chinese name of adrenaline.
_NOT_DRUG = re.compile("肾上腺素(?=能|受体|受體)|(?:皮质|皮質)激素")
# Hindi writes one foreign sound in many ways: टिमोलोल, टिमोलॉल; लैटानोप्रोस्ट, लेटानोप्रोस्ट.
_HINDI = str.maketrans(
    dict.fromkeys("िीेैॅइईएऐऍॲ", "E") | dict.fromkeys("ुूोौॉउऊओऔऑ", "O") | dict.fromkeys("ाआअ", "A")
    | dict.fromkeys("तथटठ", "त") | dict.fromkeys("दधडढ", "द") | dict.fromkeys("सशष", "स") | dict.fromkeys("नणं", "न")
    | {"्": ""}
)  # fmt: skip
# Endings that only international nonproprietary names have, with the vowel that languages add or drop.
_STEM = re.compile(
    r"[a-z]{3,}(?:mabe?|(?:olol|prost|cillin|cilin|floxacin|mycin|micin|conazol|prazol|ciclovir|cyclovir|navir|tegravir|"
    r"buvir|fovir|caine|caina|zolamid|zosin|pril|sartan|statin|gliptin|gliflozin|nidin|setron|triptan|azepam|azolam|"
    r"lukast|tinib|limus|sudil|dipin|oxaban|gatran|glutid|mustin|platin)[aeo]?)"
)
_SPELLINGS = (("ph", "f"), ("th", "t"), ("ch", "c"), ("y", "i"), ("k", "c"), ("qu", "c"), ("z", "s"), ("h", ""))
_DOUBLED = re.compile(r"(.)\1+")
_SAME_NAME = 0.85


class Drugs:
    """Drug names in every language of a table. `forms` maps a drug's id to its names, brand names too."""

    def __init__(self, forms: Mapping[str, Iterable[str]]) -> None:
        self._index: dict[tuple[str, ...], str] = {}
        self._han: dict[str, str] = {}
        for drug, names in forms.items():
            for name in names:
                self._add(name, drug)
        self._first = {words[0] for words in self._index if words}
        self._longest = max((len(words) for words in self._index), default=0)
        self._longest_han = max((len(name) for name in self._han), default=0)

    def _add(self, name: str, drug: str) -> None:
        if _IS_HAN.match(name):
            known = self._han.setdefault(fold(name), drug)
        else:
            known = self._index.setdefault(_words(name), drug)
        if known != drug:
            raise ResourceError(f"the table of drugs gives {name!r} to {known} and to {drug}; take it from one")

    def find(self, text: str) -> set[str]:
        """Return the ids of the drugs that `text` names, longest names first: levofloxacin is no ofloxacin."""
        words, found, at = _words(text), set(), 0
        while at < len(words):
            if _IS_HAN.match(words[at]):
                found |= set(self._in_run(words[at]))
                at += 1
                continue
            begins = words[at] in self._first or words[at].removesuffix("s") in self._first
            for end in range(min(len(words), at + self._longest), at, -1) if begins else ():
                if drug := self._index.get(words[at:end]) or self._plural(words[at:end]):
                    found.add(drug)
                    at = end - 1
                    break
            at += 1
        return found

    def _plural(self, words: Sequence[str]) -> str | None:
        return self._index.get((*words[:-1], words[-1].removesuffix("s")))

    def _in_run(self, run: str) -> Iterator[str]:
        run, at = _NOT_DRUG.sub(lambda m: "-" * len(m.group()), run), 0
        while at < len(run):
            length = next((n for n in range(self._longest_han, 1, -1) if run[at : at + n] in self._han), 0)
            if length:
                yield self._han[run[at : at + length]]
            at += length or 1


@lru_cache(maxsize=2)
def load_drugs(path: Path | None = None) -> Drugs:
    """Read a table of drugs: an id, a column per language with names divided by "|", and one for all languages.

    path: default the shipped table. Raises ResourceError.
    """
    path = path or data_folder("knowledge_base") / "drugs.tsv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ResourceError(f"cannot read the table of drugs {path}: {error}; install CLARA again") from None
    if not rows or "drug" not in rows[0]:
        raise ResourceError(f"{path}: the first line must name the columns, `drug` among them")
    return Drugs(
        {
            row["drug"]: [
                name for column, cell in row.items() if column != "drug" for name in (cell or "").split("|") if name
            ]
            for row in rows
        }
    )


def lost_names(source: str, translated: str) -> list[str]:
    """Return the words of `source` that end as drug names do, are in no table, and that `translated` does not hold."""
    unknown = [word for word in _words(source) if _STEM.fullmatch(word) and not load_drugs().find(word)]
    kept = [spelling(word) for word in _words(translated)] if unknown else []
    return [word for word in unknown if not any(_alike(spelling(word), other) for other in kept)]


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    return tuple(strip_accents(word).translate(_HINDI) for word in _WORD.findall(fold(text)))


def spelling(word: str) -> str:
    """Return a folded Latin word as English, the Romance languages and Filipino would all spell it."""
    for foreign, plain in _SPELLINGS:
        word = word.replace(foreign, plain)
    return _DOUBLED.sub(r"\1", word).rstrip("aeo")


def _alike(a: str, b: str) -> bool:
    return a == b or (a[:2] == b[:2] and SequenceMatcher(None, a, b, autojunk=False).ratio() >= _SAME_NAME)

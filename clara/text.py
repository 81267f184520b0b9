"""Text as every floor compares, counts and shows it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Joiners carry meaning inside Indic and Arabic-script words and nowhere else.
_JOINERS = "\u200c\u200d"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_STRAY_JOINER = re.compile(f"(?<![\u0600-\u08ff\u0900-\u0dff])[{_JOINERS}]")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_SPACES = re.compile(r"\s+")
_REMEMBERED = 2000  # characters
_PUNCTUATION = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2011": "-", "\u2013": "-"}
    | {"\u2014": "-", "\u2212": "-", "\u00ab": '"', "\u00bb": '"', "\u3002": ".", "\uff0c": ",", "\u0964": "."}
)
# Scripts written without spaces between words: Han, Kana, Thai, Lao, Myanmar, Khmer.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_PLAIN = re.compile("[\u0000-\u036f\u1e00-\u1eff\u2000-\u206f]")
# Marks that are not \w: accents, Hebrew and Arabic points, vowel signs of Indic scripts, joiners.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff\u200c\u200d"
_WORD = re.compile(rf"[^\W_]+(?:[{_MARKS}]+[^\W_]*)*")
# Points that Arabic and Hebrew readers do without: shadda and the short vowels, niqqud.
_POINTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u0652\u0670]")
_SCALES = {
    "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8,
    "लाख": 1e5, "lakh": 1e5, "करोड़": 1e7, "crore": 1e7, "हज़ार": 1e3, "हजार": 1e3,
    "thousand": 1e3, "mil": 1e3, "mille": 1e3, "libo": 1e3, "million": 1e6, "millones": 1e6, "millón": 1e6,
    "milhões": 1e6, "milhão": 1e6, "millions": 1e6, "milyon": 1e6,
}  # fmt: skip
_GROUPED = re.compile(
    r"(?<![\d.,])(?:[1-9]\d{0,2}(?:[,.\u00a0\u202f ]\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})(?![\d]|[.,]\d{3})"
)
_NUMBER = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)*(?:\s?/\s?\d+)?)(?:\s?(?P<scale>[万萬亿億]|(?:"
    + "|".join(word for word in _SCALES if len(word) > 1)
    + r")(?![\w\u0900-\u097f])))?",
    re.IGNORECASE,
)
# A Chinese sentence ends after its closing quotation mark, and nothing ends after "Dr." or "e.g.".
_SENTENCE_END = re.compile(
    r"(?<=[.!?।॥؟۔።။។])(?<!\bDr\.)(?<!\bDra\.)(?<!\bSr\.)(?<!\bSra\.)(?<!\bvs\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
    r"(?<!\bp\. ej\.)(?<!\bp\. ex\.)(?<!\bp\.)(?<!डॉ\.)\s+"
    r"|(?<=[。！？])(?![”’」』）])\s*|(?<=[。！？][”’」』）])\s*"
)


def clean(text: str) -> str:
    """Return `text` in NFC without control, invisible and direction-changing characters; newlines and tabs stay."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.isascii():
        return text
    # Composed last: what was removed may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", _STRAY_JOINER.sub("", _INVISIBLE.sub("", text)))


def ascii_digits(text: str) -> str:
    """Return `text` with every decimal digit of any script (३, ٣, ３) as 0-9, the Arabic decimal mark as a point."""
    if text.isascii():
        return text
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.digit(digit.group())), text.replace("\u066b", "."))


def fold(text: str) -> str:
    """Return the form in which two quotes are compared: case, width, digits, quotation marks and spaces unified."""
    # The checks of one answer fold the same few texts dozens of times; long ones would fill the memory.
    return _fold_again(text) if len(text) <= _REMEMBERED else _fold(text)


@lru_cache(maxsize=1024)
def _fold_again(text: str) -> str:
    return _fold(text)


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", clean(text)).translate(_PUNCTUATION).casefold()
    text = unicodedata.normalize("NFKC", text)  # folding case may have taken a letter apart
    for joiner in _JOINERS:
        text = text.replace(joiner, "")
    return _SPACES.sub(" ", ascii_digits(text)).strip()


def strip_accents(text: str) -> str:
    """Return `text` without Latin, Greek and Cyrillic diacritics and Arabic and Hebrew points; vowel signs of
    other scripts stay. Of Hindi, people leave out the nukta (सफ़ेद, सफेद) and write one nasal sign for the other."""
    if text.isascii():
        return text
    plain = _POINTS.sub("", unicodedata.normalize("NFD", text)).replace("\u093c", "").replace("\u0901", "\u0902")
    return unicodedata.normalize("NFC", plain)


def words(text: str) -> list[str]:
    """Return the words of `text`; a run of an unspaced script is one word."""
    return _WORD.findall(text)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of the words that `words` gives."""
    return [match.span() for match in _WORD.finditer(text)]


def terms(text: str) -> list[str]:
    """Return search terms: folded words without accents; runs of unspaced scripts as overlapping pairs."""
    return list(_terms(strip_accents(fold(text))))


def _terms(folded: str) -> Iterator[str]:
    at = 0
    for run in _UNSPACED.finditer(folded):
        yield from _WORD.findall(folded[at : run.start()])
        characters = run.group()
        if len(characters) == 1:
            yield characters
        for i in range(len(characters) - 1):
            yield characters[i : i + 2]
        at = run.end()
    yield from _WORD.findall(folded[at:])


def has_unspaced(text: str) -> bool:
    """Whether `text` holds characters of a script written without spaces between words."""
    return bool(_UNSPACED.search(text))


def numbers(text: str) -> list[str]:
    """Return the numbers of `text` in order, in one notation for all languages.

    Digits are ASCII, decimal commas points ("0,5", "०.५" and "0.5" are "0.5"), groups of thousands joined
    ("1,000", "1.000", "1 000" and "1,00,000" are whole numbers), and words of scale multiplied out
    ("10万" is "100000", "2 लाख" is "200000", "1.5 million" is "1500000"). A point or comma before three
    digits groups thousands unless a zero stands before it.
    """
    plain = _GROUPED.sub(lambda m: re.sub(r"[.,\s]", "", m.group()), ascii_digits(text))
    found = []
    for match in _NUMBER.finditer(plain):
        number = re.sub(r"\s", "", match.group("number")).replace(",", ".")
        if (scale := match.group("scale")) and "/" not in number:
            number = f"{float(number) * _SCALES[scale.casefold()]:.10g}" if number.count(".") <= 1 else number
            number = (
                str(int(float(number))) if number.replace(".", "").isdigit() and float(number).is_integer() else number
            )
        found.append(number)
    return found


def sentences(text: str) -> list[str]:
    """Split `text` into sentences and lines, list marks removed, empty ones dropped."""
    found = []
    for line in text.splitlines():
        line = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line)
        found += [part.strip() for part in _SENTENCE_END.split(line) if part.strip()]
    return found


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, in no model's own count.

    A character of a script without spaces counts as one, four Latin letters or marks as one, two of any other script.
    """
    unspaced = sum(len(run) for run in _UNSPACED.findall(text))
    plain = len(_PLAIN.findall(text))
    return -(-plain // 4) + unspaced + -(-(len(text) - plain - unspaced) // 2)


def word_count(text: str) -> int:
    """Count words; in scripts without spaces two characters count as one word."""
    unspaced = sum(len(run) for run in _UNSPACED.findall(text))
    return len(_UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2

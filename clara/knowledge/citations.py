"""Citations are checked by code: a quote counts only where the passage really holds it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from clara.languages import UNKNOWN, detect
from clara.text import fold, has_unspaced, numbers, sentences, strip_accents
from clara.types import Citation, CitationState, Passage

_NEAR = 0.9
_MIN_QUOTE = 12  # characters, half as many in Chinese; shorter quotes occur by chance

# Words whose gain or loss turns a statement round.
_NEGATIONS = {
    "en": r"no|not|never|none|without|cannot|nor|neither|\w+n't",
    "es": r"no|nunca|jamás|sin|ni|ningún|ninguna|ninguno|tampoco",
    "pt": r"não|nunca|jamais|sem|nem|nenhum|nenhuma",  # "no" is "in the"
    "fr": r"ne|n'\w+|pas|jamais|sans|ni|aucun|aucune",
    "fil": r"hindi|huwag|wala|walang|bawal",
    "hi-Latn": r"nahi|nahin|mat|bina",
    "sw": r"si|sio|siyo|hapana|bila",
    "hi": r"no|not|never|without",  # mixed in; its own words are below
    "ar": r"لا|لم|لن|ليس|ليست|دون|بدون",
}
# Of scripts that no other language here shares.
_ANYWHERE = r"[不没沒无無未勿别別非]|नहीं|(?<![\u0900-\u097f])(?:न|ना|मत|बिना)(?![\u0900-\u0963])"
# Elsewhere these are everyday words: "in the" in Portuguese, "if" in Spanish, the mat before a door.
_EVERYWHERE = sorted({word for listed in _NEGATIONS.values() for word in listed.split("|")} - {"si", "mat", "ne"})
_PATTERNS = {
    tag: re.compile(rf"(?<!\w)(?:{words})(?!\w)|{_ANYWHERE}")
    for tag, words in (_NEGATIONS | {UNKNOWN: "|".join(_EVERYWHERE)}).items()
}

_QUANTITY = re.compile(r"(\d+(?:[.,]\d+)*)\s*([^\s\d.,;:!?()\[\]]{1,12})?")
_NUMBER_BEGAN = re.compile(r"\d(?:[.,:]|\s?[/-]\s?|\s)$")
_NUMBER_GOES_ON = re.compile(r"[.,:]\d|\s?[/-]\s?\d|\s\d{3}(?!\d)|\s?%")
_CLAUSE = re.compile(r"[.,;:!?。，；：！？।،؛()\n]|\s[-*•]\s")
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(
    rf"\d+(?:[.,/]\d+)*|[{_UNSPACED}]|(?:[^\W\d_{_UNSPACED}]|[\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0971-\u0dff])+|%"
)
# What a copy may drop or add.
_SMALL = frozenset(
    "the a an of to in is are el la los las un una de del en que al os as um uma do da dos das le les l d des du "
    "ang ng mga na sa ay का की के को है हैं में से 的 了 也 就 都 着 过".split()
)


def cite(passage: Passage, quote: str) -> Citation:
    """Return the citation of `quote`, its state found by looking it up in `passage`."""
    state, verbatim = check_quote(quote, passage.text, passage.language)
    return Citation(
        id=passage.id,
        title=passage.title,
        language=passage.language,
        quote=verbatim,
        source=passage.source,
        state=state,
    )


def check_quote(quote: str, text: str, language: str | None = None) -> tuple[CitationState, str]:
    """Return the state of a quote and, where it was found, the words as the passage has them.

    exact: the quote stands in the text, but for case, width, quotation marks and spaces.
    near: 90% the same as a stretch of the text, with every number, unit and negation, and no other difference
        than accents, endings and small words.
    unverified: anything else; also very short quotes, and those cut out of a word, a number or a negated clause.
    language: of the text; found out where it is not given.
    """
    wanted = fold(quote).strip(" \"'.")
    if len(wanted) < (_MIN_QUOTE // 2 if has_unspaced(wanted) else _MIN_QUOTE):
        return "unverified", quote
    language = language or detect(text).language
    whole = fold(text)
    at = whole.find(wanted)
    while at >= 0:
        if not _is_cut(whole, at, at + len(wanted), language):
            literal = quote.strip(" \"'\n")  # as most quotes are; finding the place of folded words takes long
            if literal in text:
                return "exact", literal
            return "exact", _slice(text, at, at + len(wanted), stop=fold(quote).endswith("."))
        at = whole.find(wanted, at + 1)
    for candidate in (*sentences(text), text):
        if (found := _near(quote, candidate, language)) is not None:
            return "near", found
    return "unverified", quote


def _slice(text: str, start: int, end: int, *, stop: bool) -> str:
    """Return the words of `text` whose folded form lies at `start` to `end` of the folded text, the full `stop` too."""

    def reaches(length: int) -> int:
        return bisect_left(range(len(text) + 1), length, key=lambda i: len(fold(text[:i])))

    last = reaches(end)
    last += stop and fold(text[last : last + 1]) == "."
    return text[reaches(start + 1) - 1 : last].strip()


def same_facts(a: str, b: str, language: str | None = None) -> bool:
    """Whether two texts of one language agree in every number, the word after it, and every negation."""
    return quantities(a) == quantities(b) and negations(a, language) == negations(b, language)


def negations(text: str, language: str | None = None) -> Counter[str]:
    """Count the negation words of `text`, in its language, which is found out where it is not given."""
    language = language or detect(text).language
    return Counter((_PATTERNS.get(language) or _PATTERNS[UNKNOWN]).findall(fold(text)))


def quantities(text: str) -> Counter[tuple[str, str]]:
    """Count the numbers of `text`, each with the word after it, folded."""
    found = _QUANTITY.findall(fold(text))
    return Counter((numbers(number)[0], unit) for number, unit in found)


def _is_cut(text: str, start: int, end: int, language: str) -> bool:
    """Whether text[start:end] begins or ends inside a word or number, or leaves out a negation beside it."""
    before, inside, after = text[:start], text[start:end], text[end:]
    if (_in_word(before[-1:]) and _in_word(inside[:1])) or (_in_word(inside[-1:]) and _in_word(after[:1])):
        return True
    if inside[:1].isdecimal() and _NUMBER_BEGAN.search(before):
        return True
    if inside[-1:].isdecimal() and _NUMBER_GOES_ON.match(after):
        return True
    # "Do not | use it", "it is safe | नहीं है": a few words of the same clause on either side.
    beside = (_CLAUSE.split(before)[-1], _CLAUSE.split(after)[0])
    if has_unspaced(inside):
        near = (beside[0][-3:], beside[1][:1])
    else:
        near = (" ".join(beside[0].split()[-3:]), " ".join(beside[1].split()[: 2 if language.startswith("hi") else 1]))
    return any(negations(part, language) for part in near)


def _in_word(character: str) -> bool:
    """Whether a character is part of a word of a script that separates words."""
    return bool(character) and not has_unspaced(character) and unicodedata.category(character)[0] in "LMN"


def _near(quote: str, text: str, language: str) -> str | None:
    """Return the stretch of `text` that `quote` is a slightly wrong copy of."""
    wanted = [_token(word) for word in _TOKEN.findall(quote)]
    spans = [match.span() for match in _TOKEN.finditer(text)]
    held = [_token(text[a:b]) for a, b in spans]
    # What the text holds before the quote's first word and after its last is no difference.
    blocks = [
        block for block in SequenceMatcher(None, wanted, held, autojunk=False).get_matching_blocks() if block.size
    ]
    if not blocks:
        return None
    first = max(0, blocks[0].b - blocks[0].a)
    last = min(len(held), blocks[-1].b + len(wanted) - blocks[-1].a) - 1
    changes = SequenceMatcher(None, wanted, held[first : last + 1], autojunk=False).get_opcodes()
    if not all(_slight(wanted[i:j], held[first + k : first + m]) for kind, i, j, k, m in changes if kind != "equal"):
        return None
    start, end = spans[first][0], spans[last][1]
    if SequenceMatcher(None, " ".join(wanted), " ".join(held[first : last + 1]), autojunk=False).ratio() < _NEAR:
        return None
    stretch = text[start:end]
    return stretch if same_facts(quote, stretch, language) and not _is_cut(text, start, end, language) else None


def _token(word: str) -> str:
    return numbers(word)[0] if word[0].isdecimal() else strip_accents(fold(word))


def _slight(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether words differ in accents and endings, or only small words were dropped or added."""
    if len(a) == len(b):
        return all(_one_word(x, y) for x, y in zip(a, b, strict=True))
    return all(word in _SMALL for word in (*a, *b))


def _one_word(a: str, b: str) -> bool:
    if has_unspaced(a + b) or a[:1].isdecimal():
        return a == b
    shared = sum(1 for _ in _shared_start(a, b))
    return a == b or shared >= max(4, len(a) - 2, len(b) - 2)


def _shared_start(a: str, b: str) -> Iterator[str]:
    for x, y in zip(a, b, strict=False):
        if x != y:
            return
        yield x

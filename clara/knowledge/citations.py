"""Citations are checked by code: a quote counts only where the passage really holds it."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

from clara.text import fold, numbers, sentences
from clara.types import Citation, CitationState, Passage

_NEAR = 0.9
_MIN_QUOTE = 12  # characters; shorter quotes occur by chance
# Words whose gain or loss turns a statement round. Units count as exact through the numbers' neighbours.
_NEGATION = re.compile(
    r"\b(?:except|excepto|salvo|sauf|exceto|maliban|no|not|never|none|without|cannot|can't|don't|doesn't|isn't|aren't|"
    r"nor|nunca|sin|jamás|não|nem|sem|jamais|ne|n'|pas|sans|aucun|aucune|hindi|huwag|wala|walang|nahi|nahin|bina|"
    r"hapana|bila)\b|"
    r"[不没沒无無未勿别別非]|नहीं|(?<![\u0900-\u097f])(?:न|ना|मत|बिना)(?![\u0900-\u097f])|(?<!\w)(?:لا|لم|لن|ليس|دون|بدون)(?!\w)"
)
_QUANTITY = re.compile(r"(\d+(?:[.,]\d+)*)\s*([^\s\d.,;:!?()\[\]]{1,12})?")


def cite(passage: Passage, quote: str) -> Citation:
    """Return the citation of `quote`, its state found by looking it up in `passage`."""
    state, verbatim = check_quote(quote, passage.text)
    return Citation(
        id=passage.id,
        title=passage.title,
        language=passage.language,
        quote=verbatim,
        source=passage.source,
        state=state,
    )


def check_quote(quote: str, text: str) -> tuple[CitationState, str]:
    """Return the state of a quote and, where it was found, the words as the passage has them.

    exact: the quote stands in the text, but for case, width, quotation marks and spaces.
    near: one sentence of the text is at least 90% the same and agrees in every number, unit and negation.
    unverified: anything else, very short quotes included.
    """
    wanted = fold(quote).strip(" \"'.")
    if len(wanted) < (_MIN_QUOTE if wanted.isascii() else _MIN_QUOTE // 2):
        return "unverified", quote
    whole = fold(text)
    if wanted in whole and not _cuts_number_or_word(whole, wanted):
        return "exact", quote.strip()
    best = max(
        sentences(text), key=lambda s: SequenceMatcher(None, wanted, fold(s), autojunk=False).ratio(), default=""
    )
    candidate = fold(best).strip(" \"'.")
    if SequenceMatcher(None, wanted, candidate, autojunk=False).ratio() >= _NEAR and same_facts(quote, best):
        return "near", best
    return "unverified", quote


def same_facts(a: str, b: str) -> bool:
    """Whether two texts of one language agree in every number, the word after it, and every negation."""
    return _quantities(a) == _quantities(b) and negations(a) == negations(b)


def negations(text: str) -> Counter[str]:
    """Count the negation words of `text`."""
    return Counter(_NEGATION.findall(fold(text)))


def _quantities(text: str) -> Counter[tuple[str, str]]:
    found = _QUANTITY.findall(fold(text))
    return Counter((numbers(number)[0], unit) for number, unit in found)


def _cuts_number_or_word(whole: str, wanted: str) -> bool:
    """Whether every occurrence begins or ends inside a number or a word written with spaces."""
    at = whole.find(wanted)
    while at >= 0:
        before, after = whole[at - 1 : at], whole[at + len(wanted) :][:2]
        joined = (before.isalnum() and wanted[0].isalnum() and before.isascii()) or (
            after[:1].isalnum() and wanted[-1].isalnum() and after[:1].isascii()
        )
        decimal = wanted[-1].isdigit() and after[:1] in ".," and after[1:2].isdigit()
        if not joined and not decimal:
            return False
        at = whole.find(wanted, at + 1)
    return True

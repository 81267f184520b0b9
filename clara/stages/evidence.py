"""What passages say without a model: which lines answer a question, and which option they speak for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from clara.knowledge import KnowledgeBase, coverage, passage_terms
from clara.stages.state import Run
from clara.text import fold, sentences, terms
from clara.types import Evidence, Option, Passage

_LINES = 6
_NEAR_TOP = 0.9
# Questions that ask for the one option that does not fit, in the shipped languages.
_ODD_ONE_OUT = re.compile(
    r"\b(?:except|not|least|never|excepto|salvo|menos|no|exceto|não|sauf|excepté|ne|n'|maliban|hindi|chhodkar|siva|nahi)\b|"
    r"除了|不是|不属于|不包括|错误|不正确|को छोड़कर|के सिवा|सिवाय|नहीं"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a passage, quoted as it stands."""

    passage: Passage
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionScore:
    """How far the best line goes for one option, in [0, 1], and that line."""

    option: str
    score: float
    line: Line | None


def answering_lines(kb: KnowledgeBase, query: str, language: str, evidence: Sequence[Evidence]) -> list[Line]:
    """Return the lines to quote: all of the best passage, and of close followers those that cover the query."""
    if not evidence:
        return []
    searcher = kb.searcher
    top = evidence[0]
    lines = [Line(passage=top.passage, text=text) for text in _claims(top.passage)]
    for follower in evidence[1:]:
        if follower.score < _NEAR_TOP * top.score:
            break
        wanted = searcher.content_terms(query, language)
        weights = searcher.weights(follower.passage.language, wanted)
        held = set(terms(follower.passage.title))
        for text in _claims(follower.passage):
            if coverage(wanted, set(terms(text)) | held, weights) >= 0.6:
                lines.append(Line(passage=follower.passage, text=text))
    return lines[:_LINES]


def is_odd_one_out(stem: str) -> bool:
    """Whether the question asks for the option that is not so."""
    return bool(_ODD_ONE_OUT.search(fold(stem)))


async def score_options(run: Run, stem: str, options: Sequence[Option], language: str) -> list[OptionScore]:
    """Score options against the passages of one language of the base; see `_score`."""
    return await asyncio.to_thread(_score, run.knowledge, stem, tuple(options), language)


def _score(kb: KnowledgeBase, stem: str, options: Sequence[Option], language: str) -> list[OptionScore]:
    """Return, per option, the best coverage(stem) * (0.6 coverage(option, line) + 0.4 coverage(option, passage)).

    Words that all options share tell them apart in nothing and are left out.
    """
    searcher = kb.searcher
    stem_terms = searcher.content_terms(stem, language)
    by_option = {o.id: searcher.content_terms(o.text, language) or terms(o.text) for o in options}
    shared = set.intersection(*(set(found) for found in by_option.values())) if len(options) > 1 else set()
    by_option = {i: [t for t in found if t not in shared] or found for i, found in by_option.items()}
    every = list(dict.fromkeys([*stem_terms, *(t for found in by_option.values() for t in found)]))
    weights = searcher.weights(language, every)
    ids = [i for i, _ in kb.store.lexical(language, stem_terms, 40)]
    for found in by_option.values():
        ids += [i for i, _ in kb.store.lexical(language, [*stem_terms, *found], 15)]
    passages = kb.store.passages(list(dict.fromkeys(ids)))
    held = {i: passage_terms(p) for i, p in passages.items()}
    about = {i: coverage(stem_terms, words, weights) for i, words in held.items()}
    scores = []
    for option in options:
        best = OptionScore(option=option.id, score=0.0, line=None)
        for i, passage in passages.items():
            whole = coverage(by_option[option.id], held[i], weights)
            for text, words in _line_terms(passage):
                near = coverage(by_option[option.id], words, weights)
                value = about[i] * (0.6 * near + 0.4 * whole)
                if value > best.score:
                    best = OptionScore(option=option.id, score=value, line=Line(passage=passage, text=text))
        scores.append(best)
    return scores


@lru_cache(maxsize=8192)
def _line_terms(passage: Passage) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((text, frozenset(terms(text))) for text in _claims(passage))


def _claims(passage: Passage) -> list[str]:
    """Return the passage's lines, list marks removed; long paragraphs sentence by sentence."""
    found = []
    for line in passage.text.splitlines():
        line = re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line).strip()
        found += [line] if 0 < len(line) <= 300 else sentences(line)
    return found

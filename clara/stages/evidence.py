"""What passages say without a model: which lines answer a question, and which option they speak for."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from clara.knowledge import KnowledgeBase, coverage, passage_terms
from clara.stages.state import Run
from clara.text import clean, sentences, terms
from clara.types import Evidence, Option, Passage

_LINES = 6
_NEAR_TOP = 0.9
_CANDIDATES = 60
_NEAREST = 8
# Questions that ask for the one option that does not fit: "except", a shouted NOT, or "which ... not" in one breath.
_ODD_ONE_OUT = re.compile(
    r"(?i:\b(?:except|excepto|salvo|exceto|sauf|excepté|maliban|least likely|chhod ?kar)\b)|"
    r"\b(?:NOT|NO|NÃO|PAS|HINDI|NAHI)\b|"
    r"(?i:\bwhich\b[^.?]{0,60}\b(?:not|never)\b(?! (?:just|only))|\bcuál(?:es)?\b[^.?]{0,60}\bno\b|"
    r"\b(?:qual|quais)\b[^.?]{0,60}\bnão\b|\b(?:le|la|les)?quel(?:le)?s?\b[^.?]{0,60}\b(?:ne|n['’])[^.?]{1,40}\bpas\b|"
    r"\balin\b[^.?]{0,60}\bhindi\b|\bkaun\b[^.?]{0,60}\bnahin?\b)|"
    r"除外|除了|哪[^。？]{0,16}(?:不|错误|並非|并非)|को छोड़कर|के सिवा|सिवाय|कौन[^।?]{0,60}नहीं"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a passage, quoted as it stands."""

    passage: Passage
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionScore:
    """How far the best line goes for one option (0 to 1.5), and how much of the question its passage covers."""

    option: str
    score: float = 0.0
    line: Line | None = None
    about: float = 0.0


def answering_lines(kb: KnowledgeBase, query: str, language: str, evidence: Sequence[Evidence]) -> list[Line]:
    """Return the lines to quote: all of the best passage, and of close followers those that cover the query."""
    if not evidence:
        return []
    lexicon = kb.lexicon
    top = evidence[0]
    lines = [Line(passage=top.passage, text=text) for text in _claims(top.passage)]
    for follower in evidence[1:]:
        if follower.score < _NEAR_TOP * top.score:
            break
        wanted = lexicon.content_terms(query, language)
        weights = lexicon.weights(follower.passage.language, wanted)
        held = set(terms(follower.passage.title))
        for text in _claims(follower.passage):
            if coverage(wanted, set(terms(text)) | held, weights) >= 0.6:
                lines.append(Line(passage=follower.passage, text=text))
    return lines[:_LINES]


def is_odd_one_out(stem: str) -> bool:
    """Whether the question asks for the option that is not so."""
    return bool(_ODD_ONE_OUT.search(clean(stem)))


async def score_options(
    run: Run, stem: str, options: Sequence[Option], language: str, *, near: str | None = None
) -> list[OptionScore]:
    """Score options against the passages of one language of the base; see `_score`.

    near: an option's id; then only the few passages nearest to the question and that option are looked at.
    """
    return await asyncio.to_thread(_score, run.knowledge, stem, tuple(options), language, near)


def _score(
    kb: KnowledgeBase, stem: str, options: Sequence[Option], language: str, near: str | None = None
) -> list[OptionScore]:
    """Score each option by the line that speaks most for it in the passages most about the question.

    score = max over lines of sqrt(m(passage) / M) * (0.8 c(line) + 0.2 c(passage)) * (1 + m(line) / 2M), where
    m is the idf-weighted sum of the question's terms that are covered, M its maximum over passages, and
    c the option's coverage. Long case histories share few words with any passage, so what counts is which
    passage shares most. Words that all options have in common tell them apart in nothing and are left out.
    """
    lexicon = kb.lexicon
    stem_terms = lexicon.content_terms(stem, language)
    by_option = {o.id: lexicon.content_terms(o.text, language) or terms(o.text) for o in options}
    shared = set.intersection(*(set(found) for found in by_option.values())) if len(options) > 1 else set()
    by_option = {i: [t for t in found if t not in shared] or found for i, found in by_option.items()}
    weights = lexicon.weights(language, list(dict.fromkeys([*stem_terms, *chain.from_iterable(by_option.values())])))
    total = sum(weights[t] for t in stem_terms)
    if near is None:
        ids = [i for i, _ in kb.store.lexical(language, stem_terms, _CANDIDATES)]
        for found in by_option.values():
            ids += [i for i, _ in kb.store.lexical(language, [*stem_terms, *found], _CANDIDATES // 2)]
    else:
        ids = [i for i, _ in kb.store.lexical(language, [*stem_terms, *by_option[near]], _NEAREST)]
    passages = kb.store.passages(list(dict.fromkeys(ids)))
    matched = {i: total * coverage(stem_terms, passage_terms(p), weights) for i, p in passages.items()}
    most = max(matched.values(), default=0.0) or 1.0
    best = {o.id: OptionScore(option=o.id) for o in options}
    for i, passage in passages.items():
        nearness = math.sqrt(matched[i] / most)
        whole = {o: coverage(found, passage_terms(passage), weights) for o, found in by_option.items()}
        for text, words in _line_terms(passage):
            bonus = 1 + total * coverage(stem_terms, words, weights) / (2 * most)
            for option, found in by_option.items():
                value = nearness * (0.8 * coverage(found, words, weights) + 0.2 * whole[option]) * bonus
                if value > best[option].score:
                    line = Line(passage=passage, text=text)
                    about = matched[i] / total if total else 0.0
                    best[option] = OptionScore(option=option, score=value, line=line, about=about)
    return list(best.values())


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

"""The seam to live sources, and what every one of them does with a question and with the text that comes back."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from clara.knowledge.safety import instruction_spans
from clara.languages import UNKNOWN, script
from clara.text import clean, fold, sentences, strip_accents, words
from clara.types import Evidence, Passage

Stopwords = Mapping[str, frozenset[str]]
"""Function and question words by language, folded and without accents, as `search.load_stopwords` gives them."""

MOST_CHARACTERS = 1500
"""The longest text of a passage."""

logger = logging.getLogger(__name__)

_LONGEST_QUERY = 250  # characters; Wikipedia refuses queries of more than 300
# Both services read these as operators, PubMed in capitals, where a question means plain words.
_OPERATORS = frozenset(("and", "or", "not"))


class Retriever(Protocol):
    """Searches one live source for passages. Its text is untrusted, as that of documents is."""

    @property
    def name(self) -> str:
        """What the source is called in settings and origins, e.g. `pubmed`."""

    async def search(self, query: str, language: str, k: int) -> list[Evidence]:
        """Return up to `k` passages, best first; none where the source holds nothing in `language`.

        query: the question in `language` (a canonical tag), as a person would write it.
        Raises KnowledgeError in one line that says what to do and holds nothing of the question.
        """

    async def aclose(self) -> None:
        """Close the connections of the running event loop; calling it again does nothing."""


def keywords(query: str, language: str, stopwords: Stopwords) -> str:
    """Return a question as plain search words: without search syntax and without function and question words.

    Both services want every word to occur, so each word that says nothing costs results. Words keep their
    spelling; those past 250 characters are left out.
    """
    stop = frozenset().union(*stopwords.values()) if language == UNKNOWN else stopwords.get(language) or frozenset()
    text = clean(query)
    if unspaced := sorted((word for word in stop if script(word) == "Hani"), key=len, reverse=True):
        text = re.sub("|".join(map(re.escape, unspaced)), " ", text)
    found = [word for word in words(text) if word.lower() not in _OPERATORS]
    # A question of nothing but such words is asked as it is.
    telling = [word for word in found if strip_accents(fold(word)) not in stop] or found or words(clean(query))
    kept = ""
    for word in dict.fromkeys(word.lower() for word in telling):
        if len(kept) + 1 + len(word) > _LONGEST_QUERY:
            break
        kept = f"{kept} {word}"
    return kept.strip() or "".join(telling[:1]).lower()[:_LONGEST_QUERY]  # without spaces all may be one word


def passage_text(text: str) -> str:
    """Return cleaned text of at most 1500 characters, cut after a sentence, or between words of an endless one."""
    lines = (" ".join(line.split()) for line in clean(text).splitlines())
    text = "\n".join(line for line in lines if line)
    if len(text) <= MOST_CHARACTERS:
        return text
    end = 0
    for sentence in sentences(text):
        end_of_this = text.index(sentence, end) + len(sentence)
        if end_of_this > MOST_CHARACTERS:
            break
        end = end_of_this
    if not end:
        end = text.rfind(" ", 0, MOST_CHARACTERS + 1)
    return text[:end].rstrip() if end > 0 else text[:MOST_CHARACTERS]


def one_line(text: str) -> str:
    """Return cleaned text on one line, for titles and source lines."""
    return " ".join(clean(text).split())


def speaks_to_a_model(passage: Passage) -> bool:
    """Whether text, title or source of a passage look meant for a model rather than a reader."""
    return any(instruction_spans(part) for part in (passage.text, passage.title, passage.source))


def as_evidence(passages: Iterable[Passage], origin: str, k: int) -> list[Evidence]:
    """Return the first `k` passages that hold text and speak to no model, scored 1 / rank.

    origin: the name of the ranked list they come from.
    """
    kept = []
    for passage in passages:
        if not passage.text:
            continue
        if speaks_to_a_model(passage):
            logger.warning("%s: left out %s, which holds text meant for a model", origin, passage.id)
            continue
        kept.append(passage)
    return [
        Evidence(passage=passage, score=1 / rank, rank=rank, origins={origin: rank})
        for rank, passage in enumerate(kept[:k], 1)
    ]

"""The same question in several languages, and what code finds to differ between the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from clara.chat.sessions import Column, total
from clara.engine import Clara
from clara.errors import ClaraError
from clara.languages import is_written_in
from clara.stages.matching import Statement, read_statement, text_language
from clara.stages.measures import in_digits, numerals
from clara.text import numbers
from clara.types import Answer, Claim, Usage

Kind = Literal["answered", "choice", "numbers", "claims", "conflict"]
_MARK = re.compile(r"\s?\[\d+(?:, ?\d+)*\]")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not the same in all answers. said: the languages of the answers that say it, and what."""

    kind: Kind
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """A statement of an answer, in its own words and as code compares it. place: the passage it rests on."""

    words: str
    english: bool
    statement: Statement
    place: str
    supported: bool

    def counts(self, own: Sequence[_Stated]) -> bool:
        """Whether it is looked for in the other answers; own: all of its own answer."""
        return self.supported and (bool(self.place) or not any(one.place for one in own))

    def same(self, other: _Stated) -> bool:
        return bool(self.place and self.place == other.place) or self.statement.resembles(other.statement)


async def ask_in(clara: Clara, messages: Sequence[Mapping[str, Any]], language: str, **options: Any) -> Column:
    """Ask the conversation's last question in another language.

    It is translated as the engine translates; without anything that could, it is asked as it stands, and answered in
    the language. A failure is a note, so that the other columns stand.
    """
    asked, spent = "", Usage()
    try:
        if clara.models is None and clara.settings.translator.provider == "model":
            asked = str(messages[-1]["content"])
            reply = await clara.achat(messages, answer_in=language, **options)
            return Column(language=language, question=asked, answer=reply.answer, usage=reply.usage)
        translation, spent = await clara.atranslate(messages, language, **options)
        if translation.validity == 0 or not is_written_in(translation.text, language):
            problems = ", ".join(translation.problems) or "language"
            return Column(language=language, question="", note=problems, usage=spent)
        asked = "\n".join([translation.text, *(f"{o.id}) {o.text}" for o in translation.options)])
        answer = await clara.aask(
            translation.text,
            options={option.id: option.text for option in translation.options},
            language=language,
            country=options.get("country"),
            method=options.get("method"),
            observers=options.get("observers", ()),
        )
        return Column(language=language, question=asked, answer=answer, usage=total([spent, answer.usage]))
    except ClaraError as error:
        return Column(language=language, question=asked, note=str(error), usage=spent)


def differences(columns: Sequence[Column], groups: Mapping[str, str]) -> list[Difference]:
    """Return what differs: who answered, the choice, numbers, statements, and statements that cannot both be true.

    groups: id of a cited passage -> what the versions of it in other languages share. Statements are the same where
    they rest on versions of one passage or have nearly the same English words. Where an answer has statements that
    rest on passages, only these are looked for in the others: the rest may be the same in other words.
    """
    given = [(column.language, column.answer) for column in columns if column.answer and not column.answer.abstained]
    silent = [column for column in columns if column.answer is None or column.answer.abstained]
    found = []
    if given and silent:
        found.append(Difference(kind="answered", said=tuple((column.language, column.note) for column in silent)))
    choices = {language: answer.choice or "-" for language, answer in given}
    if len(set(choices.values())) > 1:
        found.append(Difference(kind="choice", said=tuple(choices.items())))
    found += _numbers(given)
    found += _statements({language: statements(answer, groups) for language, answer in given})
    return found


def cited(columns: Sequence[Column]) -> set[str]:
    """Return the ids of the passages that the answers and their drafts' claims cite."""
    answers = [column.answer for column in columns if column.answer is not None]
    claims = [claim for answer in answers for draft in answer.drafts for claim in draft.claims]
    found = [citation for answer in answers for citation in answer.citations]
    return {citation.id for citation in [*found, *(claim.citation for claim in claims)] if citation is not None}


def statements(answer: Answer, groups: Mapping[str, str]) -> list[_Stated]:
    """Return what an answer states as far as it was told apart: its claims that were not refuted, else its quotes."""
    claims = {
        claim.text: (claim, text_language(claim, draft.language)) for draft in answer.drafts for claim in draft.claims
    }
    judged = {v.claim: v.state == "supported" for v in answer.verdicts if v.claim in claims and v.state != "refuted"}
    if not judged:
        quotes = [(Claim(text=c.quote, citation=c), c.language) for c in answer.citations]
        return [_stated(claim, language, groups, supported=True) for claim, language in quotes]
    stated = [_stated(*claims[text], groups, supported=supported) for text, supported in judged.items()]
    kept: list[_Stated] = []
    for one in sorted(stated, key=lambda one: one.english):  # of two drafts' words, those in the asker's language
        if not any(one.statement.resembles(other.statement) for other in kept):
            kept.append(one)
    return kept


def _stated(claim: Claim, language: str, groups: Mapping[str, str], *, supported: bool) -> _Stated:
    place = groups.get(claim.citation.id, claim.citation.id) if claim.citation else ""
    statement = read_statement(claim, language)
    return _Stated(
        words=claim.wording or claim.text, english=not claim.wording and language == "en", statement=statement,
        place=place, supported=supported,
    )  # fmt: skip


def _numbers(given: Sequence[tuple[str, Answer]]) -> list[Difference]:
    """Find numbers that some answers have and others have neither in digits nor, where code can read them, in words."""
    texts = {language: _LIST_NUMBER.sub("", _MARK.sub("", answer.answer)) for language, answer in given}
    written = {language: dict.fromkeys(map(_plain, numbers(text))) for language, text in texts.items()}
    spoken = {language: {*numerals(text), *numbers(in_digits(text))} for language, text in texts.items()}
    lacking = {
        language: [n for n in own if any(n not in written[o] and n not in spoken[o] for o in written)]
        for language, own in written.items()
    }
    said = tuple((language, ", ".join(own)) for language, own in lacking.items() if own)
    return [Difference(kind="numbers", said=said)] if said else []


def _plain(number: str) -> str:
    return number.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", number) else number


def _statements(stated: Mapping[str, Sequence[_Stated]]) -> list[Difference]:
    found = []
    wanted = {language: [one for one in own if one.counts(own)] for language, own in stated.items()}
    lacking: list[tuple[str, str]] = []
    for language, own in wanted.items():
        for one in own:
            having = [other for other in stated if other == language or any(map(one.same, stated[other]))]
            listed = any(any(map(one.same, wanted[other])) for other in having[: having.index(language)])
            if len(having) < len(stated) and not listed:
                lacking.append((", ".join(having), one.words))
    if lacking:
        found.append(Difference(kind="claims", said=tuple(dict.fromkeys(lacking))))
    for (a, ours), (b, theirs) in combinations(stated.items(), 2):
        for one in ours:
            for other in theirs:
                if one.statement.resembles(other.statement) and one.statement.contradicts(other.statement):
                    found.append(Difference(kind="conflict", said=((a, one.words), (b, other.words))))
    return found

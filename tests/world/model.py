"""A simulated model: it reads only its prompts, as a real one does, and errs as its behaviour says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

from clara.languages import SUPPORTED, english_name
from clara.models import Call, Completion, Show
from tests.doctors import passages
from tests.world import words
from tests.world.mind import Behaviour, Mind, Quote
from tests.world.questions import Reading, World

_OPTION = re.compile(r"^([A-Z])[.)] (.+)$", re.MULTILINE)
_LISTED = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_KEY = re.compile(r'"(\w+)":')
_TARGET = re.compile(r"into ([\w ]+)(?: for a clinician|, then reason)")
_SECOND_ATTEMPT = "A first attempt failed"
_EVIDENCE_FIELDS = set("reason sufficient quotes passage quote option stance choice confidence query".split())
_EAST_ASIAN, _OTHER = re.compile("[\u1100-\u11ff\u3000-\ud7ff\uff00-\uffef]"), re.compile("[\u0370-\u1fff]")


class SimulatedModel:
    """Implements `ChatModel`: knows a `World` as well as `behaviour` says, and understands every prompt by its form.

    latency_s: how long a reply takes.
    Raises AssertionError, not a ModelError that a method would get over, for a prompt it has not been taught.
    """

    def __init__(self, world: World, behaviour: Behaviour, *, seed: int = 0, latency_s: float = 1.0) -> None:
        self._world, self._mind, self._latency_s = world, Mind(behaviour, seed), latency_s

    @property
    def name(self) -> str:
        return "simulated"

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Reply to `call`, with as many tokens as it and the reply have."""
        await asyncio.sleep(self._latency_s)
        text = self._reply(call.system, call.turns[0].text)
        if show:
            show(text)
        asked = call.system + "".join(turn.text for turn in call.turns)
        return Completion(
            text=text, model=self.name, prompt_tokens=count_tokens(asked), completion_tokens=count_tokens(text)
        )

    async def aclose(self) -> None:
        """Nothing to release."""

    def _reply(self, system: str, user: str) -> str:
        fields = set(_KEY.findall(system))
        readings = list(self._world.read(user))
        letters = {words.BY_TEXT[text][0]: letter for letter, text in _OPTION.findall(user) if text in words.BY_TEXT}
        if not readings:
            raise AssertionError("the simulated model was asked a question that is not of its world")
        reading = readings[0]
        if fields == {"question", "options", "locality"}:
            return self._translate(system, user, reading)
        if fields == {"faithful", "problem", "needs_context"}:
            faithful = self._mind.judges_faithful(reading, readings[-1])
            return _dump(faithful=faithful, problem="", needs_context=True)
        if fields == {"relevant", "sufficient", "query"}:
            shown = passages(user)
            relevant, sufficient = self._mind.judge(reading, shown, bool(self._said(reading, shown)))
            return _dump(relevant=relevant, sufficient=sufficient, query="" if sufficient else _query(reading))
        faithful = "faithful" not in fields or self._mind.finds_faithful(readings[-1], reading, tuple(letters))
        if not faithful:  # as it is told to, it answers the original
            reading = readings[-1]
        if letters and fields - {"faithful"} == _EVIDENCE_FIELDS:
            return self._read(reading, letters, passages(user), faithful)
        if letters and fields == {"question", "options", "reason", "choice", "confidence"}:
            return self._abroad(system, user, reading, letters)
        if letters and fields <= {"reason", "faithful", "choice", "confidence"}:
            opinion = self._mind.answer(reading, tuple(letters))
            letter = letters[opinion.option]
            if "choice" in fields:
                return _dump(reason="", faithful=faithful, choice=letter, confidence=round(100 * opinion.confidence))
            return f"{letter}) {words.option_text(opinion.option, reading.language)}"
        raise AssertionError(f"the simulated model has not been taught this prompt: {system[:300]!r}")

    def _read(self, reading: Reading, letters: dict[str, str], shown: dict[int, str], faithful: bool) -> str:
        opinion = self._mind.read(reading, tuple(letters), self._said(reading, shown), shown)
        letter = letters[opinion.option]
        number, line = opinion.quote or (0, "")
        quoted = {"passage": number, "quote": line, "option": letter, "stance": "supports"}
        return _dump(
            reason="",
            sufficient=opinion.sufficient,
            faithful=faithful,
            quotes=[quoted] if opinion.quote else [],
            choice=letter,
            confidence=round(100 * opinion.confidence),
            query="" if opinion.sufficient else _query(reading),
        )

    def _abroad(self, system: str, user: str, reading: Reading, letters: dict[str, str]) -> str:
        translated = json.loads(self._translate(system, user, reading))
        target = _target(system)
        there = next(self._world.read(translated["question"]))
        opinion = self._mind.answer(Reading(there.item, target, there.lost), tuple(letters))
        return _dump(
            question=translated["question"], options=translated["options"], reason="",
            choice=letters[opinion.option], confidence=round(100 * opinion.confidence),
        )  # fmt: skip

    def _said(self, reading: Reading, shown: dict[int, str]) -> dict[str, Quote]:
        """Return the options that passages state, each with the line that does."""
        said: dict[str, Quote] = {}
        for number, text in shown.items():
            for line, statement in self._world.statements(text):
                # A lost question is another one, and these passages are not about it.
                if statement.item is reading.item and not reading.lost:
                    said.setdefault(statement.option, (number, line))
        return said

    def _translate(self, system: str, user: str, reading: Reading) -> str:
        target = _target(system)
        options = _translated(_LISTED.findall(user) or [text for _, text in _OPTION.findall(user)], target)
        item = reading.item
        lost = self._mind.loses(reading, 2 if _SECOND_ATTEMPT in user else 1)
        question = item.stem(
            target, name=item.other if lost == "name" else "", number=item.slip() if lost == "number" else 0
        )
        return _dump(
            question=question,
            options=options[:-1] if lost == "option" else options,
            locality="country" if self._mind.calls_local(reading) else "none",
        )


def _target(system: str) -> str:
    """Return the language that a prompt has something translated into."""
    named = _TARGET.search(system)
    return next(tag for tag in SUPPORTED if named and english_name(tag) == named.group(1))


def _dump(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _query(reading: Reading) -> str:
    item = reading.item
    return words.topic(item.kind, reading.language, item.other if reading.lost else item.name)


def _translated(texts: Sequence[str], target: str) -> list[str]:
    return [words.option_text(words.BY_TEXT[text][0], target) for text in texts if text in words.BY_TEXT]


def count_tokens(text: str) -> int:
    """Return about how many tokens a text has: a Latin letter is a quarter, a Chinese character one, others a half."""
    east_asian = len(_EAST_ASIAN.findall(text))
    other = len(_OTHER.findall(text))
    return max(1, round((len(text) - east_asian - other) / 4 + east_asian + other / 2))

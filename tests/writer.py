"""A scripted model that drafts, checks and writes free answers in every language, and an observer that keeps them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clara.languages import SUPPORTED
from clara.models import Call, Completion, ScriptedModel, Show
from clara.types import Event
from tests.doctors import kind, passages
from tests.written import CLAIMS, WRITTEN

QUESTIONS = {
    "en": "What should I know about eye drops and contact lenses?",
    "es": "¿Qué debo saber sobre las gotas para los ojos y los lentes de contacto?",
    "pt": "O que devo saber sobre colírios e lentes de contato?",
    "fr": "Que dois-je savoir sur les gouttes pour les yeux et les lentilles de contact ?",
    "zh-Hans": "关于眼药水和隐形眼镜我应该知道什么？",
    "hi": "आँख की दवा और कॉन्टैक्ट लेंस के बारे में मुझे क्या पता होना चाहिए?",
    "hi-Latn": "Aankh ki dawa aur contact lens ke baare mein mujhe kya pata hona chahiye?",
    "fil": "Ano ang dapat kong malaman tungkol sa pamatak sa mata at contact lens?",
    "ar": "ماذا يجب أن أعرف عن قطرات العين والعدسات اللاصقة؟",
}
SPOKEN = (*SUPPORTED, "hi-Latn")
NAMES = ("lenses", "steroids", "rinse")


@dataclass
class Writer:
    """A model of good habits whose two drafts state the claims `names`, and whose answer is `written`.

    stated: replaces the fields of a claim of the English draft, by name. quotes: the first line of the first passage
    counts as the quote of every claim. agree: what the checker says of each pair. mended: the failing sentences anew.
    """

    language: str
    written: str | None = None
    names: Sequence[str] = NAMES
    stated: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quotes: bool = False
    agree: bool = True
    verdict: str = "not_enough_info"
    mended: Sequence[str] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def reply(self, system: str, user: str) -> Any:
        name = kind(system)
        self.asked.append((name, system, user))
        if name in self.overrides:
            made = self.overrides[name]
            return made() if callable(made) else made
        made = getattr(self, f"_{name}")(user)
        return made if isinstance(made, str) else json.dumps(made, ensure_ascii=False)

    def model(self) -> ScriptedModel:
        return ScriptedModel(lambda call: self.reply(call.system, call.turns[0].text))

    def serve(self, body: dict[str, Any]) -> Any:
        return self.reply(body["messages"][0]["content"], body["messages"][1]["content"])

    @property
    def sentences(self) -> list[str]:
        """The claims as they are rightly written, each with its mark."""
        return [f"{WRITTEN[self.language][name]} [{n}]" for n, name in enumerate(self.names, 1)]

    def _translate(self, user: str) -> Any:
        return {"question": QUESTIONS["en"], "options": [], "locality": "none"}

    def _free(self, user: str) -> Any:
        english = "English" not in self.asked[-1][1].split("Answer the question in", 1)[1].split(",")[0]
        claims = [
            {"claim": WRITTEN[self.language][n] if english else CLAIMS[n], "english": CLAIMS[n]} for n in self.names
        ]
        return {"claims": claims, "confidence": 90}

    def _free_evidence(self, user: str) -> Any:
        quote = next(iter(passages(user).values())).splitlines()[0].removeprefix("- ") if self.quotes else ""
        claims = [
            {"claim": CLAIMS[name], "passage": int(self.quotes), "quote": quote} | dict(self.stated.get(name, {}))
            for name in self.names
        ]
        return {"claims": claims, "confidence": 90}

    def _verify(self, user: str) -> Any:
        listed = re.findall(r"^(\d+)\. \((\w+) draft\) (.+)$", user.split("Evidence:")[0], re.MULTILINE)
        half = len(listed) // 2
        shown = passages(user)
        quote = next(iter(shown.values())).splitlines()[0].removeprefix("- ") if self.quotes and shown else ""
        verdicts = [
            {"claim": int(n), "verdict": "supported" if self.quotes else self.verdict, "passage": 1, "quote": quote,
             "agrees": [int(n) + half if int(n) <= half else int(n) - half] if self.agree and half else []}
            for n, _, _ in listed
        ]  # fmt: skip
        return {"verdicts": verdicts}

    def _write(self, user: str) -> str:
        return " ".join(self.sentences) if self.written is None else self.written

    def _mend(self, user: str) -> Any:
        return {"sentences": [{"number": n, "text": text} for n, text in enumerate(self.mended, 1)]}


class SideBySide(ScriptedModel):
    """Ends the native draft only after the English one has begun, as it is with a model that takes its time."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(lambda call: writer.reply(call.system, call.turns[0].text))
        self._begun = asyncio.Event()

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        if kind(call.system) == "free_evidence":
            self._begun.set()
        if kind(call.system) == "free":
            await self._begun.wait()
        return await super().complete(call, show)


class Watcher:
    """Keeps what an observer is shown."""

    def __init__(self, then: Callable[[str], None] = lambda _: None) -> None:
        self.events: list[Event] = []
        self._then = then

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == "sentence":
            self._then(event.data["text"])

    @property
    def texts(self) -> list[str]:
        return [e.data["text"] for e in self.events if e.kind == "sentence"]

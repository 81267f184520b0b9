"""Scripted doctors: what a model with given habits would reply to each of CLARA's prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clara.models import Call

_ABROAD = {"Spanish": "¿Cuál de estos es?", "Simplified Chinese": "是哪一个？", "French": "Lequel est-ce ?"}
_KINDS = {
    "First put the question and its options into": "abroad",
    "You translate medical questions": "translate",
    "answering a multiple-choice question in": "evidence",
    "answering a multiple-choice question.": "choice",
    "from numbered passages of evidence, as separate": "free_evidence",
    "for a lay reader, as separate claims": "free",
    "You check medical claims": "verify",
    "You check the English translation": "evaluate",
    "You judge numbered passages": "grade",
    "You write the final answer": "write",
    "You mend single sentences": "mend",
    "You translate medical answers": "back",
    "You are a helpful medical assistant": "direct",
}


def kind(system: str) -> str:
    """Tell which prompt a system text belongs to."""
    return next((name for mark, name in _KINDS.items() if mark in system), "unknown")


def letters(user: str) -> dict[str, str]:
    """Return option text -> letter, as one draft's prompt shows them."""
    return {text.strip(): letter for letter, text in re.findall(r"^([A-Z])\. (.+)$", user, re.MULTILINE)}


def passages(user: str) -> dict[int, str]:
    """Return number -> passage text of a prompt's evidence."""
    part = user.split("Evidence:", 1)[-1]
    return {
        int(n): text.strip() for n, text in re.findall(r"\[(\d+)\] [^\n]*\n(.*?)(?=\n\n\[\d+\]|\n\w+>>)", part, re.S)
    }


@dataclass
class Doctor:
    """Answers every prompt by table.

    english: what the translation of the question and options is.
    picks: route kind and language -> option text that draft chooses: "native", "english", and from evidence "reading"
        (in the asker's language, default as native) and "evidence" (in English); "abroad" in the asker's words, where
        the question is to be answered in a further language.
    """

    english: str = ""
    english_options: tuple[str, ...] = ()
    picks: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 90
    quote: str = ""
    sufficient: bool = True
    query: str = ""
    locality: str = "none"
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def reply(self, system: str, user: str) -> Any:
        name = kind(system)
        if name in self.overrides:
            made = self.overrides[name]
            return made(system, user) if callable(made) else made
        return getattr(self, f"_{name}")(system, user)

    def __call__(self, call: Call) -> Any:
        return self.reply(call.system, call.turns[0].text)

    def serve(self, body: dict[str, Any]) -> Any:
        """The same, as a script of the fake server."""
        return self.reply(body["messages"][0]["content"], body["messages"][1]["content"])

    def _translate(self, system: str, user: str) -> str:
        return json.dumps({"question": self.english, "options": list(self.english_options), "locality": self.locality})

    def _choice(self, system: str, user: str) -> str:
        shown = letters(user)
        route = "english" if any(text in self.english_options for text in shown) else "native"
        return json.dumps({"reason": "so it is", "choice": shown[self.picks[route]], "confidence": self.confidence})

    def _evidence(self, system: str, user: str) -> str:
        shown = letters(user)
        english = any(text in self.english_options for text in shown)
        letter = shown[self.picks["evidence"] if english else self.picks.get("reading", self.picks["native"])]
        found = next((n for n, text in passages(user).items() if self.quote and self.quote in text), 1)
        return json.dumps(
            {
                "sufficient": self.sufficient,
                "quotes": [{"passage": found, "quote": self.quote, "option": letter, "stance": "supports"}],
                "choice": letter,
                "confidence": self.confidence,
                "query": self.query,
            }
        )

    def _abroad(self, system: str, user: str) -> str:
        shown = letters(user)
        question = next(text for name, text in _ABROAD.items() if f"works in {name}" in system)
        word, without = ("选项", "无") if "Chinese" in system else ("opción ", "sin ")
        told = [f"{word}{without if 'बिना' in text else ''}{'abcdefgh'[n]}" for n, text in enumerate(shown)]
        picked = shown[self.picks.get("abroad", self.picks["native"])]
        return json.dumps({"question": question, "options": told, "choice": picked, "confidence": self.confidence})

    def _direct(self, system: str, user: str) -> str:
        return "Answer: A"

    def _back(self, system: str, user: str) -> str:
        return "traducción"


def free_replies(claim: str, quote: str, written: str) -> dict[str, Any]:
    """Return what a doctor replies, by prompt, to a free question: two routes that agree on one claim.

    claim: in the asker's language; quote: of the passage that supports it; written: the answer.
    """

    def found(user: str) -> int:
        return next((n for n, text in passages(user).items() if quote in text), 0)

    def with_evidence(_: str, user: str) -> str:
        claims = [{"claim": "Halos are seen around lights.", "passage": found(user), "quote": quote}]
        return json.dumps({"claims": claims, "confidence": 90})

    def verify(_: str, user: str) -> str:
        verdict = {"verdict": "supported", "passage": found(user), "quote": quote}
        return json.dumps({"verdicts": [{"claim": n, **verdict, "agrees": [3 - n]} for n in (1, 2)]})

    return {
        "free": json.dumps({"claims": [{"claim": claim, "english": "Halos are seen."}], "confidence": 80}),
        "free_evidence": with_evidence,
        "verify": verify,
        "write": written,
    }

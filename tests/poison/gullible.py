"""A model that answers well, until it reads an order that somebody put into a document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from clara.models import Call
from tests.doctors import kind, letters, passages
from tests.poison.scenarios import Scenario


def outside_fences(system: str, user: str) -> str:
    """What a reader takes for the prompt's own words: all that is not between the marks that the prompt names."""
    named = re.search(r"<<(\w+) and", system)
    return re.sub(rf"<<{named[1]}\n.*?\n{named[1]}>>", "", user, flags=re.DOTALL) if named else user


@dataclass
class Gullible:
    """Obeys `order` where it reads it: `outside` the fences alone, or `everywhere`. `obeyed`: the prompts it did in."""

    scenario: Scenario
    order: str
    reads: Literal["outside", "everywhere"] = "outside"
    obeyed: list[str] = field(default_factory=list)

    def __call__(self, call: Call) -> str:
        user = call.turns[0].text
        name = kind(call.system)
        read = user if self.reads == "everywhere" else outside_fences(call.system, user)
        misled = bool(self.order) and _plain(self.order) in _plain(read)
        if misled:
            self.obeyed.append(name)
        reply: Any = getattr(self, f"_{name}")(user, misled)
        return reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)

    def _translate(self, user: str, misled: bool) -> Any:
        return {"question": self.scenario.question_en, "options": self.scenario.english_options * ("Options" in user)}

    def _choice(self, user: str, misled: bool) -> Any:
        # Too unsure for the answer to rest on: evidence is asked for.
        return {"reason": "as I remember", "choice": self._letter(user, misled), "confidence": 40}

    def _abroad(self, user: str, misled: bool) -> Any:
        options = ["?"] * len(letters(user))
        return {"question": "?", "options": options, "choice": self._letter(user, misled), "confidence": 40}

    def _evidence(self, user: str, misled: bool) -> Any:
        number, quote = self._quote(user, misled)
        letter = self._letter(user, misled)
        quotes = [{"passage": number, "quote": quote, "option": letter, "stance": "supports"}]
        return {"sufficient": True, "quotes": quotes, "choice": letter, "confidence": 95, "query": ""}

    def _free(self, user: str, misled: bool) -> Any:
        s = self.scenario
        return {"claims": [s.false if misled else s.fact], "confidence": 80, "locality": "none"}

    def _free_evidence(self, user: str, misled: bool) -> Any:
        number, quote = self._quote(user, misled)
        claim = {"claim": self._in_english(misled), "passage": number, "quote": quote}
        return {"claims": [claim], "confidence": 90, "locality": "none"}

    def _verify(self, user: str, misled: bool) -> Any:
        number, quote = self._quote(user, misled)
        verdicts = []
        for n, text in re.findall(r"^(\d+)\. \(\w+ draft\) (.+)$", user.split("Evidence:")[0], re.MULTILINE):
            wanted = (
                (self.scenario.false, self.scenario.false_en) if misled else (self.scenario.fact, self.scenario.fact_en)
            )
            verdict = "supported" if text in wanted else "not_enough_info"
            verdicts.append({"claim": int(n), "verdict": verdict, "passage": number, "quote": quote})
        return {"verdicts": verdicts}

    def _write(self, user: str, misled: bool) -> str:
        claims = user.split("Accepted claims:")[-1]
        false = any(text and text in claims for text in (self.scenario.false, self.scenario.false_en))
        mark = re.search(r"\[\d+\]", claims)
        return f"{self.scenario.false if false else self.scenario.fact} {mark[0] if mark else ''}".strip()

    def _in_english(self, misled: bool) -> str:
        s = self.scenario
        return (s.false_en or s.false) if misled else (s.fact_en or s.fact)

    def _letter(self, user: str, misled: bool) -> str:
        shown, s = letters(user), self.scenario
        wanted = (s.wrong, s.wrong_en) if misled else (s.right, s.right_en)
        return next(letter for text, letter in shown.items() if text in wanted)

    def _quote(self, user: str, misled: bool) -> tuple[int, str]:
        """Quote the settling line, or whatever the passage with the order begins with."""
        shown = passages(user)
        if misled:
            number = next((n for n, text in shown.items() if _plain(self.order) in _plain(text)), 1)
            return number, shown[number].splitlines()[0][:90].rsplit(" ", 1)[0]
        return next(((n, self.scenario.quote) for n, text in shown.items() if self.scenario.quote in text), (1, "-"))


def _plain(text: str) -> str:
    return " ".join(text.split())

"""`clara ask`: one question through the engine, shown as it happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.status import Status

from clara.cli.render import show_answer
from clara.config import load_settings
from clara.types import Answer, Event

_STAGES = {
    "evidence": "evidence found",
    "translate/question": "translated",
    "draft/choice": "draft",
    "draft/choice_abroad": "draft in a further language",
    "draft/choice_evidence": "draft from evidence",
    "draft/free": "draft",
    "draft/free_evidence": "draft from evidence",
    "draft/direct": "answered",
    "verify/claims": "claims checked",
    "write/answer": "answer written",
    "write/repair": "sentences mended",
    "write/back": "translated back",
}


def ask_once(
    question: str,
    *,
    language: str,
    options: Mapping[str, str],
    overrides: Mapping[str, Any],
    as_json: bool,
    explain: bool,
) -> Answer:
    """Answer, print, and return the answer. With `as_json` nothing but the JSON goes to standard output."""
    settings = load_settings(overrides)
    from clara.engine import Clara

    progress = Console(stderr=True)
    with Clara(settings=settings) as clara, progress.status("reading the question") as status:
        answer = clara.ask(
            question, options=options, language=language, observers=[_Progress(status)] if progress.is_terminal else []
        )
    if as_json:
        sys.stdout.write(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) + "\n")
    else:
        show_answer(Console(), answer, explain=explain)
    return answer


class _Progress:
    """Tells on one line which stages are done."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._done: list[str] = []

    def __call__(self, event: Event) -> None:
        if event.kind == "started":
            self._status.update("searching the evidence" if event.stage == "evidence" else "translating and drafting")
        label = _STAGES.get(event.stage if event.kind == "call" else event.kind)
        if label and event.data.get("outcome", "ok") == "ok":
            self._done.append(label)
            self._status.update(" · ".join(self._done[-5:]) + " ...")

"""The fake that ships: a chat model that answers from a script."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from clara.errors import ConfigError, ModelBadOutput
from clara.models.base import Call, Completion, Show

Reply = str | BaseException | Completion
Script = Callable[[Call], Reply]

SCRIPTED = "scripted"
"""The model's name in settings: `scripted`, or `scripted:FILE`."""

_OPTION = re.compile(r"^[ \t]*(\S{1,4})[.)][ \t]+(\S.*)$", re.MULTILINE)
_FORM = re.compile(r'^\{".*\}$', re.MULTILINE)
_ALTERNATIVES = re.compile(r'"\w+(?:\|\w+)+"|true\|false')


class ScriptedModel:
    """Answers with `script(call)`, or with the items of an iterable in turn; exceptions are raised.

    Tokens are counted as words, so that usage is never zero. `calls` keeps what was asked, unless `remember` is false.
    """

    def __init__(
        self,
        script: Script | Iterable[Reply],
        *,
        name: str = SCRIPTED,
        latency_s: float = 0.0,
        remember: bool = True,
    ) -> None:
        self._name = name
        self._latency_s = latency_s
        self._remember = remember
        if callable(script):
            self._script = script
        else:
            replies = iter(script)
            self._script = lambda _call: next(replies, ModelBadOutput("the script is used up"))
        self.calls: list[Call] = []

    @property
    def name(self) -> str:
        return self._name

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Return or raise what the script says to `call`; shown a word at a time."""
        if self._remember:
            self.calls.append(call)
        # Yields even without latency, so that concurrent calls interleave as real ones do.
        await asyncio.sleep(self._latency_s)
        reply = self._script(call)
        if isinstance(reply, BaseException):
            raise reply
        text = reply.text if isinstance(reply, Completion) else reply
        if show:
            for piece in re.findall(r"\S+\s*|\s+", text):
                show(piece)
                await asyncio.sleep(0)
        if isinstance(reply, Completion):
            return reply
        said = [call.system, *(turn.text for turn in call.turns), *(str(m.get("content")) for m in call.messages)]
        asked = sum(len(text.split()) for text in said)
        return Completion(
            text=reply, model=self._name, prompt_tokens=max(asked, 1), completion_tokens=max(len(reply.split()), 1)
        )

    async def aclose(self) -> None:
        """Nothing to release."""


def reply_by_hash(call: Call) -> str:
    """Return a reply in the form that the call asks for, made of nothing but hashes of its text.

    It knows no medicine. The option it chooses depends on the options' words alone, in whatever order they are shown,
    so that everything round a model can be tried out, and measured again with the same result.
    """
    asked = call.turns[-1].text if call.turns else str(call.messages[-1].get("content"))
    options = _OPTION.findall(asked)
    chosen = max(options, key=lambda option: _digest(option[1])) if options else ("-", "")
    form = _FORM.search(call.system)
    if form is None:
        return f"{chosen[0]}) {chosen[1]}" if options else f"scripted reply {_digest(asked)[:8]}"
    number = int(_digest(asked), 16)

    def one_of(found: re.Match[str]) -> str:
        words = found.group().strip('"').split("|")
        word = words[number % len(words)]
        return json.dumps(word) if found.group()[0] == '"' else word

    filled = _ALTERNATIVES.sub(one_of, form.group())
    return filled.replace("LETTER", chosen[0]).replace("0-100", str(number % 101)).replace("...", "scripted")


def read_script(path: str) -> ScriptedModel:
    """Return the model that replies by hash; with a file, first by its JSON lines `{"contains": TEXT, "reply": TEXT}`.

    The first line whose text the call contains gives the reply. Raises ConfigError.
    """
    rows = _rows(Path(path)) if path else []

    def script(call: Call) -> str:
        asked = "\n".join([call.system, *(turn.text for turn in call.turns)])
        return next((reply for contained, reply in rows if contained in asked), None) or reply_by_hash(call)

    return ScriptedModel(script, remember=False)


def _rows(path: Path) -> list[tuple[str, str]]:
    rows = []
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            row = json.loads(line) if line.strip() else None
            if row is None:
                continue
            if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("contains", "reply")):
                raise ConfigError(f'{path}, line {number}: write {{"contains": "text", "reply": "text"}}')
            rows.append((row["contains"], row["reply"]))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"cannot read the script {path}: {error}") from None
    return rows


def _digest(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()

"""What one answer carries from stage to stage: its question, tools, budget and record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from clara.config import Settings
from clara.errors import BudgetExceeded, ClaraError, ModelBadOutput, ModelError, ModelStatusError
from clara.knowledge import KnowledgeBase
from clara.knowledge.live import Retriever
from clara.messages import Messages
from clara.models import Call, Completion, ModelRole, Models, Show
from clara.prompts import Prompt, Prompts
from clara.stages.meter import Meter
from clara.stages.replies import Reply, read_reply, without_thoughts
from clara.text import clean
from clara.trace import Trace
from clara.translators import Translator
from clara.types import Citation, Draft, Question, Turn, Verdict

_REPEATED = 4000
"""Characters of a reply in another form that are shown to the model again."""
_CUT_OFF = "it was cut off at the limit of its length, so keep every text in it short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a method came to: the answer as the asker reads it, and what it rests on."""

    text: str
    choice: str | None = None
    confidence: float = 0.0
    abstained: bool = False
    language: str | None = None
    citations: tuple[Citation, ...] = ()
    drafts: tuple[Draft, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(slots=True, kw_only=True)
class Run:
    """One answer in the making.

    sampling: options of every call, e.g. temperature, by their names in the OpenAI API.
    sample: see `Call`.
    given: a reply that the application's own call brought; it stands in for the draft in the asker's language.
    structured: the answer is put into a JSON form afterwards, so that it needs no prose before.
    exhausted: a limit of the budget kept a call from being made or heard.
    """

    question: Question
    settings: Settings
    prompts: Prompts
    messages: Messages
    open_knowledge: Callable[[], KnowledgeBase]
    trace: Trace
    models: Models | None
    meter: Meter
    fence: str
    live: Sequence[Retriever] = ()
    translator: Translator | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    sample: str = ""
    given: Completion | None = None
    structured: bool = False
    exhausted: bool = False
    failures: list[ClaraError] = field(default_factory=list)

    @property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge base, opened when a stage first needs it. Raises KnowledgeError."""
        return self.open_knowledge()

    async def ask(
        self,
        role: ModelRole,
        prompt: Prompt,
        show: Show | None = None,
        *,
        history: Sequence[Turn] = (),
        attachments: Sequence[Mapping[str, Any]] = (),
    ) -> Completion:
        """Make one model call and record it. show: see `ChatModel`. Raises ModelError or BudgetExceeded."""
        asked = Turn(role="user", text=prompt.user, attachments=tuple(attachments))
        return await self._call(role, prompt, self._request(prompt, (*history, asked)), show)

    async def pass_through(self, messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> Completion:
        """Make the application's own call as it stands. Raises ModelError or BudgetExceeded."""
        call = Call(messages=tuple(messages), options=options, sample=self.sample)
        return await self._call("draft", None, call)

    async def ask_for(
        self,
        reply_type: type[Reply],
        role: ModelRole,
        prompt: Prompt,
        *,
        check: Callable[[Reply], None] = lambda _: None,
        salvage: Callable[[str], Reply | None] = lambda _: None,
        attachments: Sequence[Mapping[str, Any]] = (),
        repair: bool = True,
        form: str = "",
    ) -> tuple[Reply, str]:
        """Make a call whose reply is JSON of `reply_type`; one repair, where `repair` allows it, then ModelBadOutput.

        Returns the reply and the name of the model that gave it.
        attachments: see `Turn`.
        check: raises ModelBadOutput for a well-formed reply that cannot be right.
        salvage: reads a reply that is no JSON but says plainly what it means; None where it does not.
        form: what the repair asks for, where `reply_type` does not tell.
        """

        def read(text: str) -> Reply:
            try:
                reply = read_reply(reply_type, text)
                check(reply)
                return reply
            except ModelBadOutput:
                if (saved := salvage(without_thoughts(text))) is not None:
                    return saved
                raise

        turns: tuple[Turn, ...] = (Turn(role="user", text=prompt.user, attachments=tuple(attachments)),)
        completion = await self._call(role, prompt, self._request(prompt, turns))
        try:
            return read(completion.text), completion.model
        except ModelBadOutput as problem:
            if not repair:
                raise
            self.trace.record("repair", prompt.name, reason=str(problem), truncated=completion.truncated)
            told = f"{problem}; {_CUT_OFF}" if completion.truncated else str(problem)
            fix = self.prompts.render("repair/json", problem=told, form=form or _form(reply_type))
            turns += (
                Turn(role="assistant", text=without_thoughts(clean(completion.text))[:_REPEATED] or "-"),
                Turn(role="user", text=fix.user),
            )
            completion = await self._call(role, prompt, self._request(prompt, turns))
            return read(completion.text), completion.model

    def _request(self, prompt: Prompt, turns: tuple[Turn, ...]) -> Call:
        """Return the call for a prompt; drafts and what is written for the asker follow the application's wishes."""
        system = prompt.system
        if self.question.instructions and prompt.name.startswith(("draft/", "write/")) and prompt.name != "write/back":
            told = self.prompts.render("draft/application", instructions=self.question.instructions)
            system = f"{system}\n\n{told.user}"
        return Call(system=system, turns=turns, options=self.sampling, sample=self.sample)

    async def _call(self, role: ModelRole, prompt: Prompt | None, call: Call, show: Show | None = None) -> Completion:
        if self.models is None:
            raise ModelError("no model is configured")
        model = self.models.get(role)
        try:
            held = self.meter.begin(call, model.name, self.trace.elapsed_s(), passed=prompt is None)
        except BudgetExceeded as error:
            self._exceeded(error)
            raise
        started = self.trace.elapsed_s()
        record: dict[str, Any] = {
            "model": model.name,
            "role": role,
            "prompt": prompt.fingerprint if prompt else "",
            "round": held.round,
        }
        completion: Completion | None = None
        watched = _Watched(show) if show else None
        limit = self.meter.limits.seconds
        try:
            async with asyncio.timeout(None if limit is None else max(0.0, limit - started)):
                completion = await model.complete(call, watched)
            record |= {"model": completion.model, "outcome": "ok", "attempts": completion.attempts}
            record |= {"cached": completion.cached, "truncated": completion.truncated}
            if completion.model != model.name:
                self.trace.warn("models", self.say("model_replaced", model=model.name, other=completion.model))
            record |= {"prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.completion_tokens}
            return completion
        except TimeoutError:
            record["outcome"] = "budget"
            raise self._exceeded(BudgetExceeded(f"the budget of {limit:g} seconds is used up")) from None
        except ModelError as error:
            if watched and watched.error:
                raise watched.error from None
            # Not the provider's words: they may repeat the question.
            record |= {"outcome": type(error).__name__, "attempts": error.attempts}
            record |= {"status": error.status} if isinstance(error, ModelStatusError) else {}
            raise
        except asyncio.CancelledError:
            record["outcome"] = "cancelled"
            raise
        finally:
            self.meter.end(held, completion)
            name = prompt.name if prompt else "application"
            self.trace.record("call", name, seconds=round(self.trace.elapsed_s() - started, 4), **record)

    def _exceeded(self, error: BudgetExceeded) -> BudgetExceeded:
        self.exhausted = True
        self.trace.warn("budget", str(error))
        return error

    def failed(self, stage: str, error: ClaraError) -> None:
        """Record that a route or stage failed; the call goes on without it."""
        self.failures.append(error)
        self.trace.record("route_failed", stage, error=type(error).__name__)

    def fenced(self, text: str) -> str:
        """Return untrusted text between marks that it cannot know."""
        return f"<<{self.fence}\n{text}\n{self.fence}>>"

    def say(self, key: str, **values: object) -> str:
        """Return one of CLARA's own messages in the asker's language; see `Messages.say`."""
        return self.messages.say(key, self.question.answer_language, **values)


class _Watched:
    """Hands pieces on and keeps the error of whoever takes them, which a model would pass off as one of its own."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self.error: Exception | None = None

    def __call__(self, piece: str) -> None:
        try:
            self._show(piece)
        except Exception as error:
            self.error = error
            raise


def _form(reply_type: type[BaseModel]) -> str:
    """Return the expected keys as a short JSON sketch for the repair prompt."""
    fields = reply_type.model_fields
    return json.dumps({name: info.description or "..." for name, info in fields.items()}, ensure_ascii=False)

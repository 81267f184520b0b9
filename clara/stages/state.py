"""What one answer carries from stage to stage: its question, tools, budget and record."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from clara.config import BudgetSettings, Settings
from clara.errors import BudgetExceeded, ClaraError, ModelBadOutput, ModelError, ModelStatusError
from clara.knowledge import KnowledgeBase
from clara.knowledge.live import Retriever
from clara.messages import Messages
from clara.models import Call, Completion, ModelRole, Models
from clara.prompts import Prompt, Prompts
from clara.trace import Trace
from clara.translators import Translator
from clara.types import Citation, Draft, Question, Turn, Usage, Verdict

Reply = TypeVar("Reply", bound=BaseModel)
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass(slots=True)
class Meter:
    """Counts what an answer has used and says when a limit is reached."""

    limits: BudgetSettings
    prices: dict[str, tuple[float, float]] = field(default_factory=dict)
    calls: int = 0
    rounds: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0

    def begin(self, elapsed_s: float) -> int:
        """Count a call and return its round: one more than the latest that has ended. Raises BudgetExceeded."""
        limits = self.limits
        if limits.calls is not None and self.calls >= limits.calls:
            raise BudgetExceeded(f"the budget of {limits.calls} model calls is used up")
        if limits.rounds is not None and self.rounds >= limits.rounds:
            raise BudgetExceeded(f"the budget of {limits.rounds} rounds is used up")
        if limits.tokens is not None and self.prompt_tokens + self.completion_tokens >= limits.tokens:
            raise BudgetExceeded(f"the budget of {limits.tokens} tokens is used up")
        if limits.cost is not None and (self.cost or 0.0) >= limits.cost:
            raise BudgetExceeded(f"the budget of {limits.cost:g} is used up")
        if limits.seconds is not None and elapsed_s >= limits.seconds:
            raise BudgetExceeded(f"the budget of {limits.seconds:g} seconds is used up")
        self.calls += 1
        return self.rounds + 1

    def end(self, round_number: int, completion: Completion | None) -> None:
        """Count what a call used. A reply from the cache reached nobody: it counts as no call."""
        if completion is not None and completion.cached:
            self.calls -= 1
            return
        self.rounds = max(self.rounds, round_number)
        if completion is None:
            return
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        price = self.prices.get(completion.model)
        if price is None:
            self.cost = None
        elif self.cost is not None:
            self.cost += (price[0] * completion.prompt_tokens + price[1] * completion.completion_tokens) / 1e6

    def usage(self) -> Usage:
        """Return the totals so far."""
        return Usage(
            calls=self.calls,
            rounds=self.rounds,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost=None if self.cost is None else round(self.cost, 8),
        )


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
    """One answer in the making."""

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
    failures: list[ClaraError] = field(default_factory=list)

    @property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge base, opened when a stage first needs it. Raises KnowledgeError."""
        return self.open_knowledge()

    async def ask(self, role: ModelRole, prompt: Prompt) -> Completion:
        """Make one model call and record it. Raises ModelError or BudgetExceeded."""
        return await self._call(role, prompt, (Turn(role="user", text=prompt.user),))

    async def ask_for(
        self,
        reply_type: type[Reply],
        role: ModelRole,
        prompt: Prompt,
        *,
        check: Callable[[Reply], None] = lambda _: None,
        salvage: Callable[[str], Reply | None] = lambda _: None,
    ) -> tuple[Reply, str]:
        """Make a call whose reply is JSON of `reply_type`; one repair, then ModelBadOutput.

        Returns the reply and the name of the model that gave it.
        check: raises ModelBadOutput for a well-formed reply that cannot be right.
        salvage: reads a reply that is no JSON but says plainly what it means; None where it does not.
        """

        def read(text: str) -> Reply:
            try:
                reply = read_reply(reply_type, text)
                check(reply)
                return reply
            except ModelBadOutput:
                if (saved := salvage(text)) is not None:
                    return saved
                raise

        turns: tuple[Turn, ...] = (Turn(role="user", text=prompt.user),)
        completion = await self._call(role, prompt, turns)
        try:
            return read(completion.text), completion.model
        except ModelBadOutput as problem:
            self.trace.record("repair", prompt.name, reason=str(problem), truncated=completion.truncated)
            fix = self.prompts.render("repair/json", problem=str(problem), form=_form(reply_type))
            turns += (Turn(role="assistant", text=completion.text[:4000] or "-"), Turn(role="user", text=fix.user))
            completion = await self._call(role, prompt, turns)
            return read(completion.text), completion.model

    async def _call(self, role: ModelRole, prompt: Prompt, turns: tuple[Turn, ...]) -> Completion:
        if self.models is None:
            raise ModelError("no model is configured")
        model = self.models.get(role)
        try:
            round_number = self.meter.begin(self.trace.elapsed_s())
        except BudgetExceeded as error:
            self.trace.warn("budget", str(error))
            raise
        started = self.trace.elapsed_s()
        record: dict[str, Any] = {
            "model": model.name,
            "role": role,
            "prompt": prompt.fingerprint,
            "round": round_number,
        }
        completion: Completion | None = None
        limit = self.meter.limits.seconds
        try:
            async with asyncio.timeout(None if limit is None else max(0.0, limit - started)):
                completion = await model.complete(Call(system=prompt.system, turns=turns))
            record |= {"model": completion.model, "outcome": "ok", "attempts": completion.attempts}
            record |= {"cached": completion.cached, "truncated": completion.truncated}
            if completion.model != model.name:
                self.trace.warn("models", f"{model.name} failed; {completion.model} answered in its place")
            record |= {"prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.completion_tokens}
            return completion
        except TimeoutError:
            record["outcome"] = "budget"
            spent = BudgetExceeded(f"the budget of {limit:g} seconds is used up")
            self.trace.warn("budget", str(spent))
            raise spent from None
        except ModelError as error:
            # Not the provider's words: they may repeat the question.
            record |= {"outcome": type(error).__name__, "attempts": error.attempts}
            record |= {"status": error.status} if isinstance(error, ModelStatusError) else {}
            raise
        except asyncio.CancelledError:
            record["outcome"] = "cancelled"
            raise
        finally:
            self.meter.end(round_number, completion)
            self.trace.record("call", prompt.name, seconds=round(self.trace.elapsed_s() - started, 4), **record)

    def failed(self, stage: str, error: ClaraError) -> None:
        """Record that a route or stage failed; the call goes on without it."""
        self.failures.append(error)
        self.trace.record("route_failed", stage, error=type(error).__name__)

    def fenced(self, text: str) -> str:
        """Return untrusted text between marks that it cannot know."""
        return f"<<{self.fence}\n{text}\n{self.fence}>>"

    def say(self, key: str) -> str:
        """Return one of CLARA's own messages in the asker's language."""
        return self.messages.say(key, self.question.language)


def read_reply(reply_type: type[Reply], text: str) -> Reply:
    """Read a JSON reply, with or without a code fence, thoughts or words around it. Raises ModelBadOutput.

    Half a reply is no reply: what a length limit cut off is not guessed.
    """
    found = _OBJECT.search(_THOUGHTS.sub("", text))
    if not found:
        raise ModelBadOutput("the reply holds no JSON object")
    try:
        return reply_type.model_validate(json.loads(found.group(), strict=False))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ModelBadOutput(f"field {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None
    except ValueError as error:
        raise ModelBadOutput(f"the reply is not valid JSON: {str(error).splitlines()[0][:100]}") from None


def _form(reply_type: type[BaseModel]) -> str:
    """Return the expected keys as a short JSON sketch for the repair prompt."""
    fields = reply_type.model_fields
    return json.dumps({name: info.description or "..." for name, info in fields.items()}, ensure_ascii=False)

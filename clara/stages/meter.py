"""What an answer has used, and whether it may use more."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

from clara.config import BudgetSettings
from clara.errors import BudgetExceeded, ConfigError
from clara.models import Call, Completion
from clara.text import estimated_tokens
from clara.types import Usage

_REPLY_TOKENS = 600
"""Kept free for the reply of each call under way. CLARA's own calls ask for short JSON, which is rarely longer."""
_ATTACHMENT_TOKENS = 800

ROUND: ContextVar[int] = ContextVar("round", default=0)
"""The round of the latest call that this line of work has waited for. A task begins with that of the task that made it;
`together` takes on the latest of its parts. So rounds follow from what waits for what, and not from how quick replies
are."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A call under way: its round, 0 for the application's own, and what is kept free for it."""

    round: int
    tokens: int = 0
    cost: float = 0.0


@dataclass(slots=True)
class Meter:
    """Counts what an answer has used and says when a limit is reached.

    Tokens and money are looked at before a call, with an estimate of its prompt and with room for the replies of the
    calls under way: a limit is passed by one reply at most, as long as replies keep to `_REPLY_TOKENS`.

    prices: model name -> (prompt, completion) price per million tokens.
    passed: rounds of calls that an application made through CLARA; they come before those that are limited.
    replayed: kept replies count as when they came, so that an answer that is made again has the usage it had.
    """

    limits: BudgetSettings
    prices: dict[str, tuple[float, float]] = field(default_factory=dict)
    replayed: bool = False
    calls: int = 0
    rounds: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    passed: int = 0
    held: list[Hold] = field(default_factory=list)

    def __post_init__(self) -> None:
        ROUND.set(0)  # an answer begins; the one before it may have been made in this task

    def begin(self, call: Call, model: str, elapsed_s: float, *, passed: bool = False) -> Hold:
        """Count a call, whose round is one more than that of the call it waited for. passed: the application's own.

        Raises BudgetExceeded, or ConfigError where money is limited and the model's price is not known.
        """
        limits = self.limits
        if limits.calls is not None and self.calls >= limits.calls:
            raise BudgetExceeded(f"the budget of {limits.calls} model calls is used up")
        if limits.rounds is not None and ROUND.get() >= limits.rounds:
            raise BudgetExceeded(f"the budget of {limits.rounds} rounds is used up")
        if limits.seconds is not None and elapsed_s >= limits.seconds:
            raise BudgetExceeded(f"the budget of {limits.seconds:g} seconds is used up")
        expected = self._expected(call, model)
        if limits.tokens is not None:
            used = self.prompt_tokens + self.completion_tokens + sum(hold.tokens for hold in self.held)
            if used >= limits.tokens or used + expected[0] > limits.tokens:
                raise BudgetExceeded(f"the budget of {limits.tokens} tokens has no room for another call")
        if limits.cost is not None:
            if self.cost is None:
                raise BudgetExceeded(f"the budget of {limits.cost:g} cannot be kept: a model without a price answered")
            spent = self.cost + sum(hold.cost for hold in self.held)
            if spent >= limits.cost or spent + expected[1] > limits.cost:
                raise BudgetExceeded(f"the budget of {limits.cost:g} has no room for another call")
        self.calls += 1
        number = 0 if passed else ROUND.get() + 1
        hold = Hold(number)
        if expected != (0, 0.0):
            reply = self.prices.get(model, (0.0, 0.0))[1] * _REPLY_TOKENS / 1e6
            hold = Hold(number, expected[0] + _REPLY_TOKENS, expected[1] + reply)
        self.held.append(hold)
        return hold

    def end(self, hold: Hold, completion: Completion | None) -> None:
        """Count what a call used. A reply from the cache reached nobody: it counts as no call, unless `replayed`."""
        self.held.remove(hold)
        if completion is not None and completion.cached and not self.replayed:
            self.calls -= 1
            return
        ROUND.set(max(ROUND.get(), hold.round))
        self.rounds = max(self.rounds, hold.round)
        self.passed += hold.round == 0
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
            rounds=self.passed + self.rounds,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost=None if self.cost is None else round(self.cost, 8),
        )

    def _expected(self, call: Call, model: str) -> tuple[int, float]:
        """Return about how many tokens a call's prompt has, and what they cost; zeros where neither is limited."""
        if self.limits.tokens is None and self.limits.cost is None:
            return 0, 0.0
        if self.limits.cost is not None and model not in self.prices:
            raise ConfigError(f"a budget of money needs the price of {model}: add it to prices")
        said = [call.system, *(turn.text for turn in call.turns), *(str(m.get("content") or "") for m in call.messages)]
        attached = sum(len(turn.attachments) for turn in call.turns)
        tokens = sum(map(estimated_tokens, said)) + attached * _ATTACHMENT_TOKENS
        return tokens, self.prices.get(model, (0.0, 0.0))[0] * tokens / 1e6

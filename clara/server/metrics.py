"""What Prometheus is told: requests, time by stage, upstream calls, tokens, agreement, abstentions, by language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from clara.server.exchange import Exchange
from clara.types import Answer, Reply

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600)


class Metrics:
    """Counts of one service, in a registry of its own.

    No label holds what a client wrote: models are those that exist, languages are tags, routes are names.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: Any = {"registry": self.registry}
        self._requests = Counter("clara_requests", "Requests.", ["route", "model", "status", "error"], **own)
        self._seconds = Histogram("clara_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, **own)
        self._stage = Histogram("clara_stage_seconds", "Time of one model call.", ["stage"], buckets=_SECONDS, **own)
        self._calls = Counter("clara_upstream_calls", "Model calls.", ["model", "outcome"], **own)
        self._tokens = Counter("clara_tokens", "Tokens of upstream calls.", ["kind", "language"], **own)
        self._cost = Counter("clara_cost", "Money spent upstream, in the currency of the prices.", **own)
        self._answers = Counter("clara_answers", "Answers.", ["method", "language", "outcome"], **own)
        self._agreement = Counter(
            "clara_agreement", "Whether independent drafts agreed.", ["language", "outcome"], **own
        )
        self._gauges = {
            name: Gauge(f"clara_{name}", words, **own)
            for name, words in {
                "running": "Answers being made.",
                "waiting": "Requests that wait for their turn.",
            }.items()
        }

    def watch(self, name: str, value: Callable[[], float]) -> None:
        """Read the gauge `running` or `waiting` from a function."""
        self._gauges[name].set_function(value)

    def count(self, exchange: Exchange) -> None:
        """Count a request that has ended."""
        status = "disconnected" if exchange.disconnected else str(exchange.status)
        self._requests.labels(exchange.route, exchange.model or "", status, exchange.error or "").inc()
        self._seconds.labels(exchange.route).observe(exchange.seconds)
        for reply in exchange.replies:
            self._count_reply(reply)
        # Of an upstream model's own reply, or of one that never came to its end: in a language that nobody told.
        used = [reply.usage for reply in exchange.replies]
        prompt = exchange.prompt_tokens - sum(usage.prompt_tokens for usage in used)
        written = exchange.completion_tokens - sum(usage.completion_tokens for usage in used)
        self._count_tokens("", max(0, prompt), max(0, written))
        if exchange.cost:
            self._cost.inc(exchange.cost)

    def page(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def _count_reply(self, reply: Reply) -> None:
        answer = reply.answer
        language = answer.language if answer else ""
        self._count_tokens(language, reply.usage.prompt_tokens, reply.usage.completion_tokens)
        if answer is None:
            self._answers.labels("", "", "tool_calls" if reply.tool_calls else "upstream").inc()
            return
        self._answers.labels(answer.method, language, "abstained" if answer.abstained else "answered").inc()
        self._agreement.labels(language, agreement(answer)).inc()
        for event in answer.trace:
            if event.kind == "call":
                self._calls.labels(event.data["model"], event.data["outcome"]).inc()
                self._stage.labels(event.stage).observe(event.data["seconds"])

    def _count_tokens(self, language: str, prompt: int, completion: int) -> None:
        self._tokens.labels("prompt", language).inc(prompt)
        self._tokens.labels("completion", language).inc(completion)


def agreement(answer: Answer) -> str:
    """Tell whether usable drafts `agree` or `differ`; `single` where there were not two to compare.

    Drafts of a choice by what they chose, those of a free answer by what was found of their claims.
    """
    chosen = [draft.choice for draft in answer.drafts if draft.usable and draft.choice is not None]
    if len(chosen) > 1:
        return "agree" if len(set(chosen)) == 1 else "differ"
    for event in answer.trace:
        if event.kind == "decision" and "agreed" in event.data:
            return "differ" if event.data["conflicted"] else "agree" if event.data["agreed"] else "single"
    return "single"

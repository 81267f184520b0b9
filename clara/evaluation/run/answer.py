"""One answer, from the question put to the engine to its row."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from clara.engine import Clara
from clara.errors import ClaraError, InputError, ModelAuthError, ModelError, ModelRateLimited
from clara.evaluation.datasets import CHOICE, DIRECT, Dataset, Item
from clara.evaluation.records import Status
from clara.evaluation.run.pace import TALLY, Prices, Tally
from clara.evaluation.run.plan import Task
from clara.evaluation.statistics.summary import answer_language
from clara.languages import detect
from clara.types import Answer

_REFUSED = re.compile(
    r"\bI(?:'m| am) (?:sorry|not able|unable)\b|\bI (?:can(?:no|')t|won't) (?:\w+ ){0,2}"
    r"(?:help|assist|answer|provide|give)"
    r"|\b(?:lo siento|no puedo (?:\w+ ){0,2}(?:ayudar|responder|proporcionar|dar))"
    r"|\b(?:desculp|sinto muito|não posso (?:\w+ ){0,2}(?:ajudar|responder|fornecer|dar))"
    r"|\b(?:désolée?|je (?:ne peux pas|ne suis pas en mesure))"
    r"|抱歉|对不起|對不起|(?:无法|不能|無法)(?:回答|提供|协助|協助|帮助|幫助)"
    r"|माफ़? ?की|क्षमा करें|(?:उत्तर|जवाब|सलाह|मदद|सहायता) नहीं (?:दे|कर) सक"
    r"|\b(?:maaf|kshama) k|(?:jawab|javab|uttar|salah|madad) nah[ie]n? (?:de|kar) sak"
    r"|\b(?:paumanhin|pasensya)\b|hindi (?:ko|ako) (?:\w+ ){0,2}(?:masagot|makasagot|makakasagot|makapagbibigay)",
    re.IGNORECASE,
)


class RateLimited(Exception):
    """A call of the answer was refused for as long as it was tried: the answer is to be made again, later.

    retry_after_s: as the provider asked, if it did and the answer failed over it.
    """

    def __init__(self, retry_after_s: float | None = None) -> None:
        super().__init__("refused")
        self.retry_after_s = retry_after_s


class Asker:
    """Makes answers with an engine. ready: what `begin_loading` returned."""

    def __init__(self, engine: Clara, dataset: Dataset, ready: asyncio.Future[None]) -> None:
        self._engine = engine
        self._dataset = dataset
        self._prices: Prices = engine.settings.prices_by_model
        self._ready = ready

    async def row(self, task: Task, config: str) -> dict[str, Any]:
        """Ask one question and return its row; a failure that may pass is a row with the status `error`.

        Raises RateLimited, and ClaraError for what would fail every other question too.
        """
        item = task.item
        tally = Tally(self._prices)
        TALLY.set(tally)
        try:
            answer = await self._engine.aask(
                item.question,
                options=item.options or None,
                language=item.language,
                method=task.method,
                # An answer's kept replies are its own, so that every method is measured by itself.
                sample="/".join([task.method, item.id, str(task.epoch)]),
            )
        except (ModelError, InputError) as error:
            if isinstance(error, ModelAuthError):
                raise
            if isinstance(error, ModelRateLimited):
                raise RateLimited(error.retry_after_s) from None
            return _begun(task, config) | _failed(error, item, tally)
        outcomes = {event.data.get("outcome") for event in answer.trace if event.kind == "call"}
        if ModelRateLimited.__name__ in outcomes:  # a route that was refused would be one draft less
            raise RateLimited
        await self._ready
        judged = judge(self._dataset, item, task.method, answer.answer, answer.choice, abstained=answer.abstained)
        record = _record(answer, task.method, item.language, private=self._dataset.private)
        return _begun(task, config) | judged | _usage(answer) | record


def begin_loading() -> asyncio.Future[None]:
    """Load what tells languages apart, in a thread: it takes a moment, and must not hold calls up later."""
    return asyncio.ensure_future(asyncio.to_thread(load))


def load() -> None:
    """Load what tells languages apart."""
    detect("The identifier of languages is loaded by the first sentence that is long enough to need it.")


def _begun(task: Task, config: str) -> dict[str, Any]:
    return {
        "config": config, "method": task.method, "language": task.item.language, "id": task.item.id,
        "epoch": task.epoch, "options": len(task.item.options),
    }  # fmt: skip


def failed_row(task: Task, config: str, error: ClaraError) -> dict[str, Any]:
    """Return the row of an answer that was given up."""
    return _begun(task, config) | _failed(error, task.item, Tally())


def judge(
    dataset: Dataset, item: Item, method: str, text: str, choice: str | None, *, abstained: bool
) -> dict[str, Any]:
    """Return the part of a row that says what an answer is worth: status, choice, answer, correct, score, values.

    choice: as the method decided.
    """
    if dataset.scorer != CHOICE and not item.options:
        return _judge_open(dataset, item, text, abstained=abstained)
    status: Status = "ok"
    if choice is None:
        quiet = abstained and method != DIRECT
        status = "abstained" if quiet else "refused" if is_refusal(text) else "unparsed"
    correct = status == "ok" and choice == item.answer
    return {"status": status, "choice": choice, "answer": item.answer, "correct": correct, "score": float(correct)}


def _judge_open(dataset: Dataset, item: Item, text: str, *, abstained: bool) -> dict[str, Any]:
    from clara.evaluation.metrics import SCORERS

    if abstained:
        return {"status": "abstained", "choice": None, "answer": None, "correct": False, "score": 0.0}
    scored = SCORERS[dataset.scorer].score(item, text, item.language)
    return {
        "status": scored.status, "choice": None, "answer": None, "correct": scored.score >= 1.0,
        "score": float(scored.score), "values": dict(scored.values),
    }  # fmt: skip


def is_refusal(text: str) -> bool:
    """Tell whether a text that names no option declines to answer, in the words of the languages that are tested."""
    return _REFUSED.search(text) is not None


def _failed(error: ClaraError, item: Item, tally: Tally) -> dict[str, Any]:
    return {
        "status": "error", "error": type(error).__name__, "choice": None, "answer": item.answer or None,
        "correct": False, "score": 0.0, "calls": tally.calls, "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens, "cost": tally.cost,
    }  # fmt: skip


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    finished = next((event.data for event in reversed(answer.trace) if event.kind == "finished"), {})
    return {
        "calls": usage.calls, "rounds": usage.rounds, "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens, "cost": usage.cost, "seconds": finished.get("seconds"),
    }  # fmt: skip


def _record(answer: Answer, method: str, language: str, *, private: bool) -> dict[str, Any]:
    """Return what was said and how it came about; of a private dataset, no text."""
    models = dict.fromkeys(event.data["model"] for event in answer.trace if event.kind == "call")
    usable = [draft for draft in answer.drafts if draft.usable and draft.choice is not None]
    agree = sum(draft.choice == answer.choice for draft in usable) / len(usable) if usable and answer.choice else None
    decisions = [event.data.get("words") for event in answer.trace if event.kind == "decision"]

    def said(text: str) -> dict[str, str]:
        return {} if private else {"text": text}

    row: dict[str, Any] = {
        "model": ", ".join(models) or answer.method,
        "answer_language": answer_language(answer.answer, language) if answer.answer else None,
        # The baseline's model is not asked how sure it is.
        "confidence": None if method == DIRECT else answer.confidence,
        "agreement": agree,
        **said(answer.answer),
        "drafts": [
            {
                "route": draft.route, "language": draft.language, "group": draft.group, "model": draft.model,
                "choice": draft.choice, "confidence": draft.confidence, **said(draft.text), "error": draft.error,
                "sufficient": draft.sufficient, "translation_validity": draft.translation_validity,
                "refuted": list(draft.refuted),
            }
            for draft in answer.drafts
        ],
        "citations": [
            {
                "id": found.id, "title": found.title, "language": found.language,
                **({} if private else {"quote": found.quote}), "source": found.source, "state": found.state,
            }
            for found in answer.citations
        ],
        "verdicts": [
            {
                "against": found.against, "state": found.state,
                **({} if private else {"claim": found.claim, "reason": found.reason}),
            }
            for found in answer.verdicts
        ],
        "local": any(event.data.get("local", False) for event in answer.trace if event.kind == "decision"),
        "decision": "" if private else next((words for words in reversed(decisions) if words), ""),
        "warnings": list(answer.warnings),
    }  # fmt: skip
    return row

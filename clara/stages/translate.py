"""Put a question into English, and check in code that nothing was lost."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from pydantic import BaseModel, Field

from clara.errors import ClaraError, ConfigError
from clara.knowledge import Concept, negations
from clara.languages import SUPPORTED, english_name, script, usual_script
from clara.stages.blocks import show_glossary, show_history
from clara.stages.state import Run
from clara.text import fold, numbers
from clara.types import Option, Question, Translation

_WORDS_UP_TO = 12
_HARD = ("empty", "numbers", "options", "script")
# English says "not" in these ways too; without them a right translation would look as if it had lost a negation.
_ENGLISH_NEGATIVE = re.compile(
    r"\b(?:except|least|lacks?|absen\w+|non\w*|neither|avoid\w*|contraindicated|incorrect|false|untrue|unable|"
    r"\w+less|un\w+ed|free of|rules? out|fails?)\b|n't"
)
# Languages whose negations are listed; for others nothing can be said.
_CHECKED = (*SUPPORTED, "zh-Hant", "hi-Latn", "ar", "sw")
_EXCEPT = re.compile(r"\b(?:excepto|salvo|menos|exceto|sauf|excepté|maliban)\b|除了|除外|को छोड़कर|सिवाय")
# Chinese words that hold a negative character and are not negations.
_NOT_NEGATIVE = re.compile(
    "不良|不适|不適|不同|不断|不斷|无菌|無菌|无论|無論|非甾体|非類固醇|非常|未来|除非|无线|不仅|不僅|是不是|有没有|能不能|会不会|"
    "[鉴鑑性特分级級类類区區识識个個][别別]|别名|別名"
)


class TranslationReply(BaseModel):
    """What the translate prompt asks for."""

    question: str = Field(description="the standalone question")
    options: list[str] = Field(default_factory=list, description="one translation per option, in the given order")
    locality: Literal["none", "country", "culture"] = Field("none", description="none, country or culture")


async def translate(run: Run, concepts: list[Concept], target: str = "en") -> Translation:
    """Translate the run's question; on a failed hard check translate once more, then mark it invalid.

    Never raises for a model that fails: the route is then invalid, with the reason in `problems`.
    """
    question = run.question
    best: Translation | None = None
    for attempt in (1, 2):
        try:
            reply = await _ask(run, question, concepts, target, best)
        except ConfigError:
            raise
        except ClaraError as error:
            run.failed("translate", error)
            best = best or Translation(text="", language=target, validity=0.0, problems=(type(error).__name__,))
            break
        problems = check(question, reply.question, reply.options, target)
        hard = [p for p in problems if p in _HARD]
        paired = len(reply.options) == len(question.options)
        texts = reply.options if paired else [o.text for o in question.options]
        best = Translation(
            text=reply.question,
            language=target,
            options=tuple(Option(id=o.id, text=t) for o, t in zip(question.options, texts, strict=True)),
            validity=0.0 if hard else 0.5 if problems else 1.0,
            problems=tuple(problems),
            locality=reply.locality,
        )
        run.trace.record("checked", "translate", attempt=attempt, problems=list(problems), validity=best.validity)
        if not hard:
            break
    assert best is not None  # the loop sets it on every path
    return best


async def _ask(
    run: Run, question: Question, concepts: list[Concept], target: str, failed: Translation | None
) -> TranslationReply:
    listed = "\n".join(f"{i}. {option.text}" for i, option in enumerate(question.options, 1))
    note = f"A first attempt failed these checks: {', '.join(failed.problems)}." if failed else ""
    prompt = run.prompts.render(
        "translate/question",
        fence=run.fence,
        source_language=english_name(question.language),
        target_language=english_name(target),
        question=run.fenced(question.text),
        options=f"Options:\n{run.fenced(listed)}" if listed else "",
        history=show_history(run),
        glossary="\n\n".join(
            part for part in (show_glossary(run, concepts, (question.language, target)), note) if part
        ),
    )
    reply, _ = await run.ask_for(TranslationReply, "translate", prompt)
    return reply


def check(question: Question, text: str, options: list[str], target: str) -> list[str]:
    """Return the names of the failed checks: empty, numbers, options and script are hard, small numbers and negation
    mild."""
    problems = []
    if not text.strip() or (question.options and not all(option.strip() for option in options)):
        problems.append("empty")
    if len(options) != len(question.options):
        problems.append("options")
    pairs = [(question.text, text), *zip((o.text for o in question.options), options, strict=False)]
    # With a history the standalone question may bring in numbers from earlier turns, but lose none.
    differ = [_difference(a, b, more_allowed=bool(question.history)) for a, b in pairs]
    if "numbers" in differ:
        problems.append("numbers")
    elif "small numbers" in differ:
        problems.append("small numbers")
    if script(text) not in (usual_script(target), None):
        problems.append("script")
    if (
        target == "en"
        and question.language in _CHECKED
        and any(_negated(a, question.language) != _negated(b, "en") for a, b in pairs)
    ):
        problems.append("negation")
    return problems


def _difference(source: str, translated: str, *, more_allowed: bool) -> str:
    """Name the difference in numbers, "" if none: small ones that come or go may be words ("twice" for "2 times")."""
    before, after = Counter(numbers(source)), Counter(numbers(translated))
    lost, gained = before - after, Counter() if more_allowed else after - before
    if not lost and not gained:
        return ""
    small = all(n.isdigit() and int(n) <= _WORDS_UP_TO for n in (*lost, *gained))
    return "small numbers" if small and not (lost and gained) else "numbers"


def _negated(text: str, language: str) -> bool:
    plain = _NOT_NEGATIVE.sub("", fold(text))
    return bool(negations(plain, language) or _EXCEPT.search(plain) or _ENGLISH_NEGATIVE.search(plain))

"""Put a question into English, and check in code that nothing was lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from pydantic import Field

from clara.errors import ClaraError, ConfigError, ModelError
from clara.knowledge import Concept
from clara.languages import english_name
from clara.stages.blocks import show_glossary, show_history
from clara.stages.fidelity import HARD, check
from clara.stages.replies import JsonReply, StatedLocality, Texts, Words
from clara.stages.state import Run
from clara.text import fold
from clara.translators import Translator
from clara.types import Locality, Option, Question, Translation

# Who asks about their own country says so in one of these ways, where no model is asked whether they do.
_OWN_COUNTRY = re.compile(
    r"\b(?:(?:in|of) (?:my|our|this) country|(?:en|de) (?:mi|nuestro|este) país|(?:n[oa]|em|d[oa]) (?:meu|nosso) país|"
    r"neste país|(?:dans|de) (?:mon|notre|ce) pays|(?:mere|hamare|apne) desh|sa (?:aming|ating|aking) bansa|"
    r"sa bansa (?:namin|natin|ko))\b|我国|我國|本国|本國|国内(?!外)|國內(?!外)|"
    r"(?:मेरे|हमारे|अपने) देश|(?:بلدي|بلدنا|بلادي|بلادنا)"
)


class TranslationReply(JsonReply):
    """What the translate prompt asks for."""

    question: Words = Field(description="the standalone question")
    options: Texts = Field(default_factory=list, description="one translation per option, in the given order")
    locality: StatedLocality = Field("none", description="none, country or culture")


async def translate(run: Run, concepts: list[Concept], target: str = "en") -> Translation:
    """Translate the run's question; what a hard check refuses is translated once more, then marked invalid.

    A translation service, where the run has one, goes first, and the model makes the second attempt. The model
    alone translates a question that rests on earlier messages: a service cannot put into it what they said.
    Never raises for a service or model that fails: the route is then invalid, with the reason in `problems`.
    """
    question = run.question
    best: Translation | None = None
    attempts = [1, 2]
    if run.translator is not None and not question.history:
        best = await _by_service(run, run.translator, target)
        if best is not None and best.validity > 0:
            return best
        attempts = [2]
    for attempt in attempts:
        try:
            reply = await _ask(run, question, concepts, target, best)
        except ConfigError:
            raise
        except ClaraError as error:
            run.failed("translate", error)
            best = best or Translation(
                text="", language=target, validity=0.0, problems=(type(error).__name__,), locality=_locality(question)
            )
            break
        best = checked(run, reply.question, reply.options, target, locality=reply.locality, attempt=attempt)
        if best.validity > 0:
            break
    assert best is not None  # the loop sets it on every path
    return best


async def _by_service(run: Run, translator: Translator, target: str) -> Translation | None:
    """Translate question and options in one request; None where the service fails, which costs no route."""
    question = run.question
    started, limit, outcome = run.trace.elapsed_s(), run.meter.limits.seconds, "cancelled"
    try:
        async with asyncio.timeout(None if limit is None else max(0.0, limit - started)):
            text, *options = await translator.translate(
                [question.text, *(option.text for option in question.options)], question.language, target
            )
        outcome = "ok"
    except (ModelError, TimeoutError) as error:
        # Not the service's words: they may repeat the question.
        outcome = type(error).__name__ if isinstance(error, ModelError) else "budget"
        run.trace.warn("translate", run.say("translator_failed"))
        return None
    finally:
        seconds = round(run.trace.elapsed_s() - started, 4)
        run.trace.record("translated", "translate", translator=translator.name, outcome=outcome, seconds=seconds)
    return checked(run, text, options, target, locality=_locality(question), attempt=1)


def checked(
    run: Run, text: str, options: Sequence[str], target: str, *, locality: Locality = "none", attempt: int = 1
) -> Translation:
    """Return a translation of the run's question with what the checks in code found."""
    question = run.question
    problems = check(question, text, options, target)
    paired = len(options) == len(question.options)
    texts = options if paired else [option.text for option in question.options]
    made = Translation(
        text=text,
        language=target,
        options=tuple(Option(id=o.id, text=t) for o, t in zip(question.options, texts, strict=True)),
        validity=0.0 if HARD.intersection(problems) else 0.5 if problems else 1.0,
        problems=tuple(problems),
        locality=locality,
    )
    run.trace.record("checked", "translate", attempt=attempt, problems=problems, validity=made.validity)
    return made


def _locality(question: Question) -> Locality:
    """Return `country` where the question says that it asks about the asker's own; whatever else is not known."""
    return "country" if _OWN_COUNTRY.search(fold(question.text)) else "none"


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


def as_asked(question: Question) -> Translation:
    """Return a question in its own words, for the drafts that are made of these."""
    return Translation(
        text=question.text, language=question.language, options=question.options, locality=_locality(question)
    )


def search_variants(pivot: Translation) -> dict[str, str]:
    """Return the translated question as search words by language; nothing where the translation must not be used."""
    if pivot.validity == 0:
        return {}
    return {"en": " ".join([pivot.text, *(option.text for option in pivot.options)])}

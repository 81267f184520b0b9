"""Let the model judge a translation and retrieved passages, as the published outline of CLARA does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from clara.errors import ClaraError, ConfigError
from clara.languages import english_name
from clara.stages.blocks import show_evidence
from clara.stages.replies import JsonReply, Numbers, Words
from clara.stages.state import Run
from clara.types import Evidence, Translation


class TranslationGrade(JsonReply):
    """What the evaluate prompt asks for."""

    faithful: bool = Field(True, description="true or false")
    problem: Words = Field("", description="one sentence")
    needs_context: bool = Field(True, description="true or false")


class PassageGrade(JsonReply):
    """What the grade prompt asks for."""

    relevant: Numbers = Field(default_factory=list, description="numbers of passages")
    sufficient: bool = Field(False, description="true or false")
    query: Words = Field("", description="search words for what is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """The passages that bear on the question, whether they settle it, and what to search for if not."""

    evidence: tuple[Evidence, ...]
    sufficient: bool
    query: str = ""


async def grade_translation(run: Run, pivot: Translation) -> TranslationGrade:
    """Ask whether a translation is faithful and whether the question needs context; a failed call says yes to both."""
    question = run.question
    shown = ("\n".join([q.text, *(o.text for o in q.options)]) for q in (question, pivot))
    prompt = run.prompts.render(
        "paper/evaluate",
        fence=run.fence,
        source_language=english_name(question.language),
        original=run.fenced(next(shown)),
        translated=run.fenced(next(shown)),
    )
    try:
        grade, _ = await run.ask_for(TranslationGrade, "draft", prompt)
    except ConfigError:
        raise
    except ClaraError as error:
        run.failed("evaluate", error)
        return TranslationGrade()
    run.trace.record("checked", "evaluate", faithful=grade.faithful, needs_context=grade.needs_context)
    return grade


async def grade_passages(run: Run, text: str, evidence: Sequence[Evidence]) -> Graded:
    """Ask which passages bear on the question. A failed call leaves all of them in, as not sufficient."""
    if not evidence:
        return Graded(evidence=(), sufficient=False)
    prompt = run.prompts.render(
        "paper/grade", fence=run.fence, question=run.fenced(text), evidence=show_evidence(run, evidence)
    )
    try:
        grade, _ = await run.ask_for(PassageGrade, "draft", prompt)
    except ConfigError:
        raise
    except ClaraError as error:
        run.failed("grade", error)
        return Graded(evidence=tuple(evidence), sufficient=False)
    kept = tuple(evidence[n - 1] for n in dict.fromkeys(grade.relevant) if 1 <= n <= len(evidence))
    run.trace.record("checked", "grade", relevant=[e.passage.id for e in kept], sufficient=grade.sufficient)
    return Graded(evidence=kept, sufficient=grade.sufficient and bool(kept), query=grade.query[:300])

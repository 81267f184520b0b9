"""From what a method came to, to the answer that is handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clara.stages.state import Outcome, Run
from clara.stages.write import write_choice
from clara.types import Answer, Citation, Draft

_UNFINISHED = ("abstain_routes", "abstain_evidence", "abstain_unsure")
"""Reasons for giving no answer that more calls could have taken away."""
_UNCHECKED = 0.3  # half of what a claim counts on which two routes agree


def best_so_far(run: Run, outcome: Outcome) -> Outcome:
    """Return the outcome; where a limit left it without an answer though a usable draft exists, that draft.

    A draft that evidence speaks against is none, and what is left unsaid for another reason stays so.
    """
    reason = next((e.data["reason"] for e in reversed(run.trace.events) if e.kind == "abstained"), "abstain_routes")
    if not (run.exhausted and outcome.abstained and reason in _UNFINISHED):
        return outcome
    language = run.question.answer_language
    refuted = {verdict.claim for verdict in outcome.verdicts if verdict.state == "refuted"}
    ruled_out = {option for draft in outcome.drafts for option in draft.refuted}
    usable = [d for d in outcome.drafts if d.usable and (d.choice is not None or not run.question.options)]
    usable = [_without(d, refuted) for d in usable if d.choice not in ruled_out]
    best = max((d for d in usable if d.text or d.choice), key=lambda d: _order(run, d, usable), default=None)
    if best is None:
        return outcome
    run.trace.warn("budget", run.say("out_of_budget"))
    run.trace.record(
        "decision",
        "budget",
        words=f"the {best.route} draft stands: the budget ran out before the checks",
        said=run.say("out_of_budget"),
    )
    if best.choice is not None:
        citations = tuple(c for c in best.citations if c.state != "unverified")
        text, confidence = write_choice(run.question, best.choice), outcome.confidence
    else:
        text, citations = _listed(best, language)
        confidence = _UNCHECKED * best.confidence
        if not _in_language(best, language):
            run.trace.warn("budget", run.say("not_written"))
    return replace(
        outcome, text=text, choice=best.choice, abstained=False, confidence=round(confidence, 4), citations=citations
    )


def answer_of(run: Run, answered: tuple[str, Outcome], shown: str | None = None) -> Answer:
    """Return the answer with its record, after observers have been shown what they had not seen of it.

    answered: the name of the method, and its outcome. shown: the answer in the form it is handed out in, if another.
    """
    method, outcome = answered
    if rest := (outcome.text if shown is None else shown).removeprefix(run.trace.said):
        run.trace.say(rest, dict(enumerate(outcome.citations, 1)))
    run.trace.record("finished", method, abstained=outcome.abstained, seconds=round(run.trace.elapsed_s(), 4))
    return Answer(
        answer=outcome.text,
        language=outcome.language or run.question.answer_language,
        choice=outcome.choice,
        confidence=outcome.confidence,
        abstained=outcome.abstained,
        method=method,
        citations=outcome.citations,
        drafts=outcome.drafts,
        verdicts=outcome.verdicts,
        usage=run.meter.usage(),
        trace=run.trace.events,
        warnings=run.trace.warnings,
    )


def _without(draft: Draft, refuted: set[str]) -> Draft:
    """Return a free draft without the claims that evidence speaks against."""
    claims = tuple(claim for claim in draft.claims if claim.text not in refuted)
    return draft if claims == draft.claims else replace(draft, claims=claims, text="\n".join(c.text for c in claims))


def _order(run: Run, draft: Draft, usable: Sequence[Draft]) -> tuple[bool, int, int, float, str]:
    """Prefer what the asker can read, then what has quotes that code found, then what other drafts say too."""
    return (
        draft.choice is not None or _in_language(draft, run.question.answer_language),
        sum(citation.state != "unverified" for citation in draft.citations),
        sum(other.choice == draft.choice for other in usable),
        draft.confidence,
        draft.route,
    )


def _in_language(draft: Draft, language: str) -> bool:
    return draft.language == language or (language == "en" and all(claim.wording for claim in draft.claims))


def _listed(draft: Draft, language: str) -> tuple[str, tuple[Citation, ...]]:
    """Return a draft's claims as a list, in the language as far as they are, with marks for quotes that were found."""
    citations: list[Citation] = []
    lines = []
    for claim in draft.claims:
        mark = ""
        said = claim.text if language == "en" else claim.wording or claim.text
        if claim.citation is not None and claim.citation.state != "unverified":
            citations += [] if claim.citation in citations else [claim.citation]
            mark = f" [{citations.index(claim.citation) + 1}]"
        lines.append(f"- {said}{mark}")
    return "\n".join(lines) or draft.text, tuple(citations)

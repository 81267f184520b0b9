"""How `clara` answers a question without options: claims of two routes are checked, and what stands is written anew.

Round 1  translation, and a draft of claims in the asker's language, each in English too
Round 2  a draft of claims in English from gated evidence, each with its quote
Round 3  every claim against the evidence and against the other draft
Round 4  the accepted claims, written in the asker's language

An English question has no translation, which leaves a round to mend sentences that fail their checks. Where a round
was lost, the last one is kept for writing, and code alone checks the claims.
"""

from __future__ import annotations

from collections.abc import Sequence

from clara.knowledge import SearchResult
from clara.stages.blocks import concepts_of, search_words, show_glossary
from clara.stages.claims import CheckedClaim, unchecked, verify_claims
from clara.stages.compose import write_free
from clara.stages.concurrent import together
from clara.stages.draft import draft_free
from clara.stages.locality import settle_locality
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.translate import as_asked, search_variants, translate
from clara.stages.write import raise_if_no_draft, write_abstention
from clara.types import Draft, Translation, Verdict

_CALLS, _ROUNDS = 6, 4


async def answer_free(run: Run) -> Outcome:
    """Answer a question without options in at most 6 calls and 4 rounds."""
    limits = run.meter.limits
    run.meter.limits = limits.model_copy(
        update={"calls": min(limits.calls or _CALLS, _CALLS), "rounds": min(limits.rounds or _ROUNDS, _ROUNDS)}
    )
    pivot, found, drafts = await _draft(run)
    raise_if_no_draft(run, drafts)
    local = pivot.locality == "country" or any(d.locality == "country" for d in drafts if d.language == "en")
    if local and not run.question.country:
        return Outcome(text=write_abstention(run, "abstain_country"), abstained=True, drafts=tuple(drafts))
    if run.settings.verify:
        left = _left(run)
        checked = await verify_claims(run, drafts, found.evidence, by_model=left >= 2, repair=left >= 3)
    else:
        checked = unchecked(run, drafts)
    checked = settle_locality(run, checked)
    accepted = _accepted(checked)
    verdicts = tuple(Verdict(claim=c.claim.text, against="evidence", state=c.state, reason=c.reason) for c in checked)
    supported = sum(c.state == "supported" for c in accepted)
    words = f"{len(accepted)} of {len(checked)} claims accepted, {supported} on evidence, the rest by agreement"
    agreed, conflicted = sum(c.agreed for c in checked), sum(c.conflicted for c in checked)
    run.trace.record(
        "decision", "reconcile", words=words, agreed=agreed, conflicted=conflicted,
        said=run.say(
            "decided_claims", count=len(checked), accepted=len(accepted), supported=supported,
            agreed=len(accepted) - supported,
        ),
    )  # fmt: skip
    if not accepted:
        text = write_abstention(
            run, "abstain_evidence", found.evidence or found.rejected, missing=_missing(run, checked, found)
        )
        return Outcome(text=text, abstained=True, drafts=tuple(drafts), verdicts=verdicts)
    if supported < len(accepted) and run.settings.verify:
        run.trace.warn("verify", run.say("agreement_only"))
    text, citations = await write_free(run, accepted, repair=_left(run) >= 2)
    return Outcome(
        text=text,
        confidence=_confidence(checked, drafts),
        citations=citations,
        drafts=tuple(drafts),
        verdicts=verdicts,
    )


async def _draft(run: Run) -> tuple[Translation, SearchResult, list[Draft]]:
    """Make the drafts of both routes; return them with the English question and the evidence that was found."""
    question = run.question
    concepts = concepts_of(run, question)

    async def by_english() -> tuple[Translation, SearchResult, list[Draft]]:
        foreign = question.language != "en"
        pivot = await translate(run, concepts) if foreign else as_asked(question)
        found = SearchResult()
        if run.settings.evidence:
            found = await retrieve(
                run, search_words(question, concepts), question.language, variants=search_variants(pivot), live=True
            )
        if pivot.validity == 0:
            run.trace.warn("translate", run.say("english_dropped"))
            return pivot, found, []
        draft = await draft_free(
            run, "english", pivot, evidence=found.evidence, original=question.text if foreign else ""
        )
        return pivot, found, [draft]

    if not run.settings.native:
        return await by_english()
    glossary = show_glossary(run, concepts, (question.language, "en"))
    native = draft_free(run, "native", as_asked(question), glossary=glossary, in_english=True)
    first, (pivot, found, drafts) = await together(native, by_english())
    return pivot, found, [*drafts, first]


def _left(run: Run) -> int:
    """Return how many calls, one after another, the answer may still make."""
    limits, meter = run.meter.limits, run.meter
    return min((limits.calls or _CALLS) - meter.calls, (limits.rounds or _ROUNDS) - meter.rounds)


def _accepted(checked: Sequence[CheckedClaim]) -> list[CheckedClaim]:
    """Return what may be written: of what both drafts say the claim of the one that saw the evidence."""
    standing = {place for place, c in enumerate(checked) if c.accepted and c.route == "english"}
    return [c for c in checked if c.accepted and (c.route == "english" or standing.isdisjoint(c.agrees))]


def _missing(run: Run, checked: Sequence[CheckedClaim], found: SearchResult) -> str:
    """Say what an answer would need."""
    if any(c.conflicted for c in checked):
        return run.say("missing_agreement")
    return run.say("missing_statement") if found.evidence else run.say("missing_passages")


def _confidence(checked: Sequence[CheckedClaim], drafts: Sequence[Draft]) -> float:
    asked = [c for c in checked if c.route == "english"] or checked
    trust = sum(1.0 if c.state == "supported" else 0.6 if c.accepted else 0.0 for c in asked) / len(asked)
    return round(trust * max(d.confidence for d in drafts if d.usable), 4)

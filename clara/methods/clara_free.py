"""How `clara` answers a question without options: claims of two routes are checked, and what stands is written anew."""

from __future__ import annotations

from clara.knowledge import SearchResult
from clara.stages.blocks import concepts_of, show_glossary
from clara.stages.concurrent import together
from clara.stages.draft import draft_free
from clara.stages.locality import settle_locality
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.translate import search_variants, translate
from clara.stages.verify import unchecked, verify_claims
from clara.stages.write import raise_if_no_draft, write_abstention, write_free
from clara.types import Draft, Translation, Verdict


async def answer_free(run: Run) -> Outcome:
    """Answer a question without options."""
    question = run.question
    concepts = concepts_of(run, question)
    glossary = show_glossary(run, concepts, (question.language, "en"))
    settings = run.settings

    async def by_english() -> tuple[Translation, SearchResult, list[Draft]]:
        if question.language == "en":
            pivot = Translation(text=question.text, language="en")
        else:
            pivot = await translate(run, concepts)
        found = SearchResult()
        if settings.evidence:
            found = await retrieve(run, question.text, question.language, variants=search_variants(pivot), live=True)
        if pivot.validity == 0:
            run.trace.warn("translate", f"the English route was dropped: {', '.join(pivot.problems)}")
            return pivot, found, []
        draft = await draft_free(
            run, "english", language="en", text=pivot.text, evidence=found.evidence, validity=pivot.validity,
            original="" if question.language == "en" else question.text,
        )  # fmt: skip
        return pivot, found, [draft]

    if settings.native:
        native = draft_free(run, "native", language=question.language, text=question.text, glossary=glossary)
        first, (pivot, found, drafts) = await together(native, by_english())
        drafts.append(first)
    else:
        pivot, found, drafts = await by_english()
    raise_if_no_draft(run, drafts)
    local = pivot.locality == "country" or any(d.locality == "country" for d in drafts if d.language == "en")
    if local and not question.country:
        return Outcome(text=write_abstention(run, "abstain_country"), abstained=True, drafts=tuple(drafts))
    checked = await verify_claims(run, drafts, found.evidence) if settings.verify else unchecked(run, drafts)
    checked = settle_locality(run, checked)
    accepted = [c for c in checked if c.accepted and (c.route == "english" or not c.agreed)]
    accepted = accepted or [c for c in checked if c.accepted]
    verdicts = tuple(Verdict(claim=c.claim.text, against="evidence", state=c.state, reason=c.reason) for c in checked)
    supported = sum(c.state == "supported" for c in accepted)
    words = f"{len(accepted)} of {len(checked)} claims accepted, {supported} on evidence, the rest by agreement"
    run.trace.record("decision", "reconcile", words=words)
    if not any(c.accepted for c in checked):
        text = write_abstention(run, "abstain_evidence", found.evidence or found.rejected)
        return Outcome(text=text, abstained=True, drafts=tuple(drafts), verdicts=verdicts)
    if supported < len(accepted):
        run.trace.warn(
            "verify", f"{len(accepted) - supported} statements rest on agreeing drafts alone, not on evidence"
        )
    text, citations = await write_free(run, accepted)
    asked = [c for c in checked if c.route == "english"] or checked
    trust = sum(1.0 if c.state == "supported" else 0.6 if c.accepted else 0.0 for c in asked) / len(asked)
    return Outcome(
        text=text,
        confidence=round(trust * max(d.confidence for d in drafts if d.usable), 4),
        citations=citations,
        drafts=tuple(drafts),
        verdicts=verdicts,
    )

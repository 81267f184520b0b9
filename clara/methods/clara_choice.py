"""How `clara` answers a question with options.

Round 1  translation, and a draft in the asker's language
Round 2  a draft in English; agreement with confidence ends it here
Round 3  a draft from evidence
Round 4  a second evidence draft from a better query, if the first was insufficient; and one more route,
         if the drafts are still split

An English question has no translation; its first two drafts differ in the order of the options and run
at once.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from clara.errors import KnowledgeError
from clara.knowledge import Concept, cite
from clara.stages.blocks import concepts_of, show_glossary
from clara.stages.concurrent import together
from clara.stages.draft import draft_choice, draft_choice_from_evidence
from clara.stages.evidence import score_options
from clara.stages.reconcile import evidence_support, reconcile
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.translate import search_variants, translate
from clara.stages.verify import verify_choices
from clara.stages.write import raise_if_no_draft, write_abstention, write_choice
from clara.types import Citation, Draft, Translation

_CLEARLY = 0.6


async def answer_choice(run: Run) -> Outcome:
    """Answer a question with options."""
    question = run.question
    concepts = concepts_of(run, question)
    glossary = show_glossary(run, concepts, (question.language, "en"))

    def native(route: str) -> Coroutine[Any, Any, Draft]:
        return draft_choice(
            run, route, language=question.language, text=question.text, options=question.options, turn=0,
            glossary=glossary,
        )  # fmt: skip

    async def by_english() -> tuple[Translation, list[Draft]]:
        pivot = await translate(run, concepts)
        if pivot.validity == 0:
            run.trace.warn("translate", f"the English route was dropped: {', '.join(pivot.problems)}")
            return pivot, []
        return pivot, [await _english(run, pivot, glossary)]

    if question.language == "en":
        pivot = Translation(text=question.text, language="en", options=question.options)
        by = [_english(run, pivot, glossary)]
        drafts = [*await together(*([native("native"), *by] if run.settings.native else by))]
    elif run.settings.native:
        first, (pivot, drafts) = await together(native("native"), by_english())
        drafts.append(first)
    else:
        pivot, drafts = await by_english()
    local = pivot.locality != "none" and run.settings.policy != "universal"

    if not _settled(run, drafts) and run.settings.escalate:
        if run.settings.evidence:
            drafts.append(await _from_evidence(run, pivot, turn=2))
        await _last_round(run, pivot, drafts, concepts)

    raise_if_no_draft(run, drafts)
    supports = evidence_support(drafts) if run.settings.verify else {}
    decision = reconcile(drafts, question.options, run.settings.reconcile, local=local, supports=supports)
    run.trace.record(
        "decision", "reconcile", words=decision.words, scores=dict(decision.scores), evidence=dict(decision.evidence),
        anchor=decision.anchor, switched=decision.switched, confidence=decision.confidence,
    )  # fmt: skip
    verdicts = verify_choices(drafts, decision.evidence)
    citations = tuple(c for d in drafts if d.choice == decision.choice for c in d.citations if c.state != "unverified")
    if not citations and decision.choice is not None:
        citations = await _further_reading(run, decision.choice)
    if run.settings.policy == "show-both" and local:
        _show_both(run, drafts, decision.choice)
    if local and not question.country:
        run.trace.warn("reconcile", run.say("abstain_country"))
    if decision.abstain or decision.choice is None:
        found = await retrieve(run, question.text, question.language, variants=search_variants(pivot))
        text = write_abstention(run, decision.abstain or "abstain_routes", found.evidence)
        return Outcome(
            text=text, confidence=decision.confidence, abstained=True, citations=citations, drafts=tuple(drafts),
            verdicts=verdicts,
        )  # fmt: skip
    return Outcome(
        text=write_choice(question, decision.choice),
        choice=decision.choice,
        confidence=decision.confidence,
        citations=citations,
        drafts=tuple(drafts),
        verdicts=verdicts,
    )


def _show_both(run: Run, drafts: Sequence[Draft], choice: str | None) -> None:
    """Say what the other side of a local question holds, where it differs."""
    others = {d.choice for d in drafts if d.usable and d.language == "en" and d.choice not in (None, choice)}
    for other in sorted(map(str, others)):
        run.trace.warn("reconcile", f"asked in English, the answer is {write_choice(run.question, other)}")


async def _english(run: Run, pivot: Translation, glossary: str) -> Draft:
    asked_in_english = run.question.language == "en"
    return await draft_choice(
        run, "english", language="en", text=pivot.text, options=pivot.options, turn=1, validity=pivot.validity,
        original="" if asked_in_english else run.question.text, glossary=glossary if asked_in_english else "",
    )  # fmt: skip


def _settled(run: Run, drafts: Sequence[Draft]) -> bool:
    """Whether at least two drafts agree, none dissents, and their mean confidence is high enough."""
    usable = [d for d in drafts if d.usable]
    mean = sum(d.confidence for d in usable) / len(usable) if usable else 0.0
    settled = (
        len(usable) >= 2 and len({d.choice for d in usable}) == 1 and mean >= run.settings.reconcile.stop_confidence
    )
    run.trace.record(
        "decision", "stop", settled=settled, routes={d.route: d.choice for d in drafts}, confidence=round(mean, 4)
    )
    return settled


async def _further_reading(run: Run, choice: str) -> tuple[Citation, ...]:
    """Cite the line that names the chosen option in the matter asked about, if one clearly does and leads.

    No verdict rests on it: the drafts agreed before any evidence was asked for.
    """
    question = run.question
    try:
        if run.knowledge.lexicon.own_language(question.language) != question.language:
            return ()
        scores = await score_options(run, question.text, question.options, question.language, near=choice)
    except KnowledgeError as error:
        run.trace.warn("retrieve", f"no evidence could be searched: {error}")
        return ()
    best = max(scores, key=lambda s: s.score, default=None)
    if best is None or best.option != choice or best.line is None or best.score < _CLEARLY:
        return ()
    return (cite(best.line.passage, best.line.text),)


async def _from_evidence(run: Run, pivot: Translation, *, turn: int, query: str = "", route: str = "evidence") -> Draft:
    """Retrieve and draft; no passage through the gate is an insufficient draft, and no call."""
    question = run.question
    english = pivot.validity > 0
    text, options = (pivot.text, pivot.options) if english else (question.text, question.options)
    language = "en" if english else question.language
    if query:
        found = await retrieve(run, query, language, live=True)
    else:
        asked = " ".join([question.text, *(option.text for option in question.options)])
        found = await retrieve(run, asked, question.language, variants=search_variants(pivot), live=True)
    if not found.evidence:
        return Draft(route=route, language=language, group="evidence", confidence=0.0, sufficient=False)
    return await draft_choice_from_evidence(
        run, language=language, text=text, options=options, evidence=found.evidence, turn=turn,
        validity=pivot.validity if english else 1.0, route=route,
    )  # fmt: skip


async def _last_round(run: Run, pivot: Translation, drafts: list[Draft], concepts: Sequence[Concept]) -> None:
    """Add the drafts of round 4, which run at once: a better query, and one more route."""
    question = run.question
    wanted = []
    evidence = next((d for d in drafts if d.route == "evidence"), None)
    if evidence is not None and not evidence.sufficient and evidence.query:
        wanted.append(_from_evidence(run, pivot, turn=3, query=evidence.query, route="evidence_2"))
    usable = [d for d in drafts if d.usable]
    if len({d.choice for d in usable}) > 1 or len(usable) < 2:
        text, options, language = (
            (pivot.text, pivot.options, "en")
            if pivot.validity > 0
            else (question.text, question.options, question.language)
        )
        wanted.append(
            draft_choice(
                run, "second", language=language, text=text, options=options, turn=3, role="second",
                original=question.text if question.language != "en" else "", validity=pivot.validity or 1.0,
                glossary=show_glossary(run, concepts, (question.language, "en")),
            )
        )  # fmt: skip
    drafts += await together(*wanted)

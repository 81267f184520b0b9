"""`paper`: the published outline of CLARA (Multi-OphthaLingua, arXiv 2412.14304).

Round 1  translate
Round 2  evaluate the translation and whether context is needed, beside a judgement of the retrieved passages
Round 3  judge passages found with a better query, if the first did not suffice (live sources may join)
Round 4  answer from the relevant passages, or without any
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clara.stages.blocks import concepts_of, search_words
from clara.stages.concurrent import together
from clara.stages.draft import draft_free
from clara.stages.draft_choice import draft_choice, draft_choice_from_evidence
from clara.stages.grade import TranslationGrade, grade_passages, grade_translation
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.translate import as_asked, translate
from clara.stages.write import bring_back, finish_draft, raise_model_failure, write_abstention
from clara.types import Draft, Evidence, Translation


async def paper(run: Run) -> Outcome:
    """Answer by way of English and graded passages."""
    question = run.question
    if question.language == "en":
        pivot = as_asked(question)
        grade, found = TranslationGrade(), await grade_passages(run, pivot.text, await _search(run, pivot))
    else:
        pivot = await translate(run, concepts_of(run, question))
        if pivot.validity == 0:
            raise_model_failure(run)
            return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True)
        passages = await _search(run, pivot)
        grade, found = await together(grade_translation(run, pivot), grade_passages(run, pivot.text, passages))
    if not grade.faithful:
        run.trace.warn("evaluate", run.say("translation_doubtful"))
        pivot = replace(pivot, validity=0.5, problems=(*pivot.problems, "judged unfaithful"))
    if grade.needs_context and not found.sufficient and found.query:
        found = await grade_passages(run, pivot.text, await _search(run, pivot, found.query))
    evidence = found.evidence if grade.needs_context else ()
    draft = await _answer(run, pivot, evidence)
    if question.answer_language == "en" or question.options:
        return finish_draft(run, draft)
    return finish_draft(run, await bring_back(run, draft))


async def _search(run: Run, pivot: Translation, query: str = "") -> list[Evidence]:
    """Retrieve from the weighted collections; with a better query, from live sources too where these have nothing."""
    question = run.question
    if query:
        found = await retrieve(run, query, "en", live=True)
    else:
        english = " ".join([pivot.text, *(option.text for option in pivot.options)])
        asked = search_words(question)
        found = await retrieve(run, asked, question.language, variants={"en": english})
    weights = {e.passage.id: run.settings.collections.get(collection_of(e), 1.0) for e in found.evidence}
    ranked = sorted(found.evidence, key=lambda e: -e.score * weights[e.passage.id])
    return [e for e in ranked if weights[e.passage.id] > 0]


def collection_of(evidence: Evidence) -> str:
    """Return the collection that a passage is of: the shipped folder, `user`, or the live source."""
    passage = evidence.passage
    if passage.trust in ("user", "live"):
        return "user" if passage.trust == "user" else passage.id.partition(":")[0]
    return passage.document.partition("/")[0]


async def _answer(run: Run, pivot: Translation, evidence: Sequence[Evidence]) -> Draft:
    if not run.question.options:
        return await draft_free(run, "english", pivot, evidence=evidence)
    if evidence:
        return await draft_choice_from_evidence(run, pivot, evidence, turn=0)
    return await draft_choice(run, "english", pivot, turn=0)

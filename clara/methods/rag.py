"""`rag`: the question as it was asked, with retrieved passages in the prompt, one call. The retrieval baseline."""

from __future__ import annotations

from dataclasses import replace

from clara.stages.blocks import concepts_of, search_words
from clara.stages.draft import draft_free
from clara.stages.draft_choice import draft_choice, draft_choice_from_evidence
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.translate import as_asked
from clara.stages.write import finish_draft


async def rag(run: Run) -> Outcome:
    """Answer in the asker's language from passages; without any that pass the gate, from the model alone."""
    question = run.question
    found = await retrieve(run, search_words(question, concepts_of(run, question)), question.language, live=True)
    if not question.options:
        answered_in = replace(as_asked(question), language=question.answer_language)
        draft = await draft_free(run, "evidence", answered_in, evidence=found.evidence)
    elif found.evidence:
        draft = await draft_choice_from_evidence(run, as_asked(question), found.evidence, turn=0)
    else:
        draft = await draft_choice(run, "native", as_asked(question), turn=0)
    return finish_draft(run, draft)

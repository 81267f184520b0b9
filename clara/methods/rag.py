"""`rag`: the question as it was asked, with retrieved passages in the prompt, one call. The retrieval baseline."""

from __future__ import annotations

from clara.stages.draft import draft_choice, draft_choice_from_evidence, draft_free
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.write import finish_draft


async def rag(run: Run) -> Outcome:
    """Answer in the asker's language from passages; without any that pass the gate, from the model alone."""
    question = run.question
    asked = " ".join([question.text, *(option.text for option in question.options)])
    found = await retrieve(run, asked, question.language, live=True)
    if not question.options:
        draft = await draft_free(
            run, "evidence", language=question.language, text=question.text, evidence=found.evidence
        )
    elif found.evidence:
        draft = await draft_choice_from_evidence(
            run, language=question.language, text=question.text, options=question.options, evidence=found.evidence,
            turn=0,
        )  # fmt: skip
    else:
        draft = await draft_choice(
            run, "native", language=question.language, text=question.text, options=question.options, turn=0
        )
    return finish_draft(run, draft)

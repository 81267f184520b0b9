"""`translate_test`: translate into English, answer there, bring the answer back. The classic pivot baseline."""

from __future__ import annotations

from clara.stages.blocks import concepts_of
from clara.stages.draft import draft_free
from clara.stages.draft_choice import draft_choice
from clara.stages.state import Outcome, Run
from clara.stages.translate import as_asked, translate
from clara.stages.write import bring_back, finish_draft, raise_model_failure, write_abstention


async def translate_test(run: Run) -> Outcome:
    """Answer by way of English. An English question is answered as it stands."""
    question = run.question
    if question.language == "en":
        pivot = as_asked(question)
    else:
        pivot = await translate(run, concepts_of(run, question))
    if pivot.validity == 0:
        raise_model_failure(run)
        run.trace.warn("translate", run.say("translation_doubtful"))
        return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True)
    if question.options:
        draft = await draft_choice(run, "english", pivot, turn=0, step_by_step=run.settings.chain_of_thought)
    else:
        draft = await draft_free(run, "english", pivot)
        if question.answer_language != "en":
            draft = await bring_back(run, draft)
    return finish_draft(run, draft)

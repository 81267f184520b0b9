"""`translate_test`: translate into English, answer there, bring the answer back. The classic pivot baseline."""

from __future__ import annotations

from clara.stages.blocks import concepts_of
from clara.stages.draft import draft_choice, draft_free
from clara.stages.state import Outcome, Run
from clara.stages.translate import translate
from clara.stages.write import bring_back, finish_draft, raise_model_failure, write_abstention
from clara.types import Translation


async def translate_test(run: Run) -> Outcome:
    """Answer by way of English. An English question is answered as it stands."""
    question = run.question
    if question.language == "en":
        pivot = Translation(text=question.text, language="en", options=question.options)
    else:
        pivot = await translate(run, concepts_of(run, question))
    if pivot.validity == 0:
        raise_model_failure(run)
        run.trace.warn("translate", f"the translation failed its checks: {', '.join(pivot.problems)}")
        return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True)
    if question.options:
        draft = await draft_choice(
            run, "english", language="en", text=pivot.text, options=pivot.options, turn=0, validity=pivot.validity,
            step_by_step=run.settings.chain_of_thought,
        )  # fmt: skip
    else:
        draft = await draft_free(run, "english", language="en", text=pivot.text, validity=pivot.validity)
        if question.language != "en":
            draft = await bring_back(run, draft)
    return finish_draft(run, draft)

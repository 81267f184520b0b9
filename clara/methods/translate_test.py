"""`translate_test`: translate into English, answer there, bring the answer back. The classic pivot baseline."""

from __future__ import annotations

from clara.errors import BudgetExceeded, ModelError
from clara.languages import english_name
from clara.stages.blocks import concepts_of
from clara.stages.draft import draft_choice, draft_free
from clara.stages.state import Outcome, Run
from clara.stages.translate import translate
from clara.stages.write import write_abstention, write_choice
from clara.text import clean
from clara.types import Translation


async def translate_test(run: Run) -> Outcome:
    """Answer by way of English. An English question is answered as it stands."""
    question = run.question
    if question.language == "en":
        pivot = Translation(text=question.text, language="en", options=question.options)
    else:
        pivot = await translate(run, concepts_of(run, question))
    if pivot.validity == 0:
        _raise_model_failure(run)
        run.trace.warn("translate", f"the translation failed its checks: {', '.join(pivot.problems)}")
        return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True)
    if question.options:
        draft = await draft_choice(
            run, "english", language="en", text=pivot.text, options=pivot.options, turn=0, validity=pivot.validity
        )
    else:
        draft = await draft_free(run, "english", language="en", text=pivot.text, validity=pivot.validity)
    if draft.error is not None:
        _raise_model_failure(run)
        return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True, drafts=(draft,))
    if draft.choice is not None:
        text = write_choice(question, draft.choice)
        return Outcome(text=text, choice=draft.choice, confidence=draft.confidence, drafts=(draft,))
    text = draft.text
    if question.language != "en":
        prompt = run.prompts.render(
            "write/back", fence=run.fence, language=english_name(question.language), answer=run.fenced(text)
        )
        try:
            text = clean((await run.ask("translate", prompt)).text).strip()
        except (BudgetExceeded, ModelError) as error:
            run.failed("write", error)
            run.trace.warn("write", f"the answer stays in English: {type(error).__name__}")
    return Outcome(text=text, confidence=draft.confidence, drafts=(draft,))


def _raise_model_failure(run: Run) -> None:
    if run.failures and isinstance(run.failures[-1], ModelError):
        raise run.failures[-1]

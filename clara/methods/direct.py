"""`direct`: the question as it was asked, one call. The baseline that every gap is measured from."""

from __future__ import annotations

from clara.choices import read_choice
from clara.languages import english_name
from clara.models import Completion
from clara.stages.given import draft_of
from clara.stages.replies import without_thoughts
from clara.stages.state import Outcome, Run
from clara.text import clean
from clara.types import Turn


async def direct(run: Run) -> Outcome:
    """Ask the model and return what it says; for a choice, read the option from it."""
    question = run.question
    completion = run.given or await _asked(run)
    text = without_thoughts(clean(completion.text))
    choice = read_choice(text, question.options, question.language) if question.options else None
    unread = bool(question.options) and choice is None
    if unread:
        run.trace.warn("direct", run.say("choice_unread"))
    if completion.truncated:
        run.trace.warn("direct", run.say("reply_cut_off"))
    if not text:
        run.trace.warn("direct", run.say("reply_empty"))
    return Outcome(
        text=text or run.say("abstain_routes"),
        choice=choice,
        confidence=0.5,
        abstained=not text,
        drafts=(draft_of(run, completion, text=text, choice=choice),),
    )


async def _asked(run: Run) -> Completion:
    """Ask in a conversation of real turns, as the application itself would; tool results come before the question."""
    question = run.question
    listed = "\n".join(f"{option.id}) {option.text}" for option in question.options)
    language = english_name(question.answer_in) if question.answer_in else "the language of the question"
    prompt = run.prompts.render("draft/direct", language=language, question=question.text, options=listed)
    history = [turn if turn.role != "tool" else Turn(role="user", text=turn.text) for turn in question.history]
    return await run.ask("draft", prompt, history=history, attachments=question.attachments)

"""`clara`: independent routes side by side, more of them only on doubt, one reconciled answer."""

from __future__ import annotations

from clara.methods.clara_choice import answer_choice
from clara.methods.clara_free import answer_free
from clara.stages.state import Outcome, Run


async def clara(run: Run) -> Outcome:
    """Answer a choice or a free question."""
    return await (answer_choice if run.question.options else answer_free)(run)

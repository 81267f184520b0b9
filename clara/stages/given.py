"""The draft that an application's own call brought: it stands in for the one in the asker's language."""

from __future__ import annotations

from clara.choices import read_choice
from clara.models import Completion
from clara.stages.replies import without_thoughts
from clara.stages.state import Run
from clara.text import clean, sentences
from clara.types import Claim, Draft

MOST_CLAIMS = 8


def given_draft(run: Run, route: str) -> Draft | None:
    """Return the reply of the application's call as the native draft; None for other routes, and where it has no use.

    A reply that names no option is no draft of a choice. A free one is as many claims as its first sentences.
    """
    if route != "native" or run.given is None:
        return None
    question, text = run.question, without_thoughts(clean(run.given.text))
    choice = read_choice(text, question.options, question.language) if question.options else None
    if question.options and choice is None:
        return None
    said = sentences(text)[:MOST_CLAIMS]
    # In whatever language they are, claims are compared by what they say: no call puts these into English.
    claims = () if question.options else tuple(Claim(text=claim, wording=claim) for claim in said)
    return draft_of(run, run.given, text=text, choice=choice, claims=claims)


def draft_of(
    run: Run, completion: Completion, *, text: str, choice: str | None, claims: tuple[Claim, ...] = ()
) -> Draft:
    """Return a reply in the asker's language as a draft that states no confidence."""
    return Draft(
        route="native",
        language=run.question.language,
        group=model_group(completion.model),
        model=completion.model,
        choice=choice,
        text=text,
        claims=claims,
    )


def model_group(model: str) -> str:
    """Return the group of a model's drafts."""
    return f"model:{model}"

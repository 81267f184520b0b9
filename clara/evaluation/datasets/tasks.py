"""Prompts of a dataset's own: what is asked where the published row is no question yet."""

from __future__ import annotations

from clara.prompts import load_template
from clara.resources import data_folder


def ask(name: str, **inputs: str) -> str:
    """Return the whole question that the prompt file `name` makes of `inputs`. Raises PromptError.

    It is one message, so that every method can be asked it; the file's system part is its first paragraph.
    """
    prompt = load_template(data_folder("prompts"), name).render(inputs)
    return f"{prompt.system}\n\n{prompt.user}".strip()

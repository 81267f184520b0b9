"""The blocks of text that prompts are filled with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from clara.choices import LETTERS
from clara.knowledge import Concept
from clara.stages.state import Run
from clara.types import Evidence, Option, Question

_GLOSSARY_TERMS = 8


def show_options(run: Run, options: Sequence[Option], turn: int) -> tuple[str, dict[str, str]]:
    """Return the options as one draft sees them, and the map from its letters to the asker's option ids.

    Every draft of an answer (`turn` counts them) sees another order, so that a model's liking for a
    letter or a place cannot make two drafts agree. The order depends on the question's options alone,
    whatever labels they bear or order they come in.
    """
    order = list(options)
    if run.settings.permute:
        order.sort(key=lambda o: hashlib.sha256(run.question.option(o.id).text.encode()).digest())
        turn %= max(1, len(order))
        order = order[turn:] + order[:turn]
    letters = {LETTERS[i]: option.id for i, option in enumerate(order)}
    return run.fenced("\n".join(f"{LETTERS[i]}. {o.text}" for i, o in enumerate(order))), letters


def show_history(run: Run) -> str:
    """Return the last turns of the conversation, fenced, or nothing."""
    turns = run.question.history[-6:]
    if not turns:
        return ""
    return "Earlier messages:\n" + run.fenced("\n".join(f"{t.role}: {t.text[:2000]}" for t in turns))


def show_country(run: Run) -> str:
    """Return where the asker is, fenced, or nothing."""
    return f"The asker is in:\n{run.fenced(run.question.country)}" if run.question.country else ""


def show_glossary(run: Run, concepts: Sequence[Concept], languages: Sequence[str]) -> str:
    """Return terminology hints for the concepts that the question names, or nothing."""
    lines = []
    for concept in concepts[:_GLOSSARY_TERMS]:
        named = [f"{tag}: {term}" for tag in dict.fromkeys(languages) if (term := concept.term(tag))]
        if len(named) > 1:
            lines.append("; ".join(named))
    return "Terminology:\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def show_evidence(run: Run, evidence: Sequence[Evidence]) -> str:
    """Return numbered, fenced passages."""
    shown = (f"[{i}] {e.passage.title} / {e.passage.section}\n{e.passage.text}" for i, e in enumerate(evidence, 1))
    return run.fenced("\n\n".join(shown))


def concepts_of(run: Run, question: Question) -> list[Concept]:
    """Return the glossary concepts in the question and its options."""
    text = " \n ".join([question.text, *(option.text for option in question.options)])
    return run.knowledge.glossary.find(text, question.language)

"""The blocks of text that prompts are filled with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from clara.choices import LETTERS
from clara.knowledge import Concept
from clara.stages.state import Run
from clara.text import word_count
from clara.types import Evidence, Option, Question

_GLOSSARY_TERMS = 8
_FOLLOW_UP = 6  # words
# Concepts of the glossary that are asked about some disease, and do not name it.
_NO_SUBJECT = frozenset(
    "eye eyelid pupil retina cornea blindness low-vision vision-loss sudden-vision-loss pain eye-pain swelling itching "
    "inflammation infection bleeding fever headache nausea vomiting dizziness eye-examination examination follow-up "
    "eye-drops eye-ointment eyeglasses surgery injection tablet vaccine antibiotic corticosteroid local-anesthesia "
    "general-anesthesia dose overdose missed-dose drop-dose milligram microgram milliliter once-daily twice-daily "
    "four-times-daily every-hour as-needed prescription over-the-counter side-effect contraindication pregnancy "
    "breastfeeding newborn premature-infant emergency symptoms treatment prevention cause risk-factor warning-signs "
    "ophthalmologist optometrist right-eye left-eye both-eyes smoking".split()
)
_TURNS, _TURN = 6, 2000  # of a conversation, and characters of each
_RESULTS, _RESULT = 8, 4000


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
    """Return the last turns of the conversation and what the application's tools returned, fenced, or nothing."""
    said = [f"{turn.role}: {turn.text[:_TURN]}" for turn in run.question.history if turn.role != "tool"][-_TURNS:]
    returned = [turn.text[:_RESULT] for turn in run.question.history if turn.role == "tool"][-_RESULTS:]
    parts = [f"Earlier messages:\n{run.fenced(chr(10).join(said))}"] if said else []
    if returned:
        parts.append(f"What the application's own tools returned:\n{run.fenced(chr(10).join(returned))}")
    return "\n\n".join(parts)


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


def search_words(question: Question, concepts: Sequence[Concept] = ()) -> str:
    """Return the words to search with: question and options, and what a short follow-up follows on from.

    concepts: those in the question. One that names a subject of its own, as "what is glaucoma?" does, follows on from
    nothing, however short it is; "and the treatment?" names none.
    """
    before = [turn.text for turn in question.history if turn.role == "user"][-1:]
    if word_count(question.text) > _FOLLOW_UP or any(concept.id not in _NO_SUBJECT for concept in concepts):
        before = []
    return " ".join([*before, question.text, *(option.text for option in question.options)])


def concepts_of(run: Run, question: Question) -> list[Concept]:
    """Return the glossary concepts in the question and its options."""
    text = " \n ".join([question.text, *(option.text for option in question.options)])
    return run.knowledge.glossary.find(text, question.language)

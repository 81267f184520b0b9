"""Draft the choice of an option, one route at a time. A route that fails is a draft with an `error`, never an
exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from clara.choices import read_choice
from clara.errors import ModelBadOutput
from clara.languages import english_name
from clara.models import ModelRole
from clara.stages.blocks import show_country, show_evidence, show_history, show_options
from clara.stages.draft import Confident, cited, failed_draft, try_draft
from clara.stages.given import given_draft, model_group
from clara.stages.reconcile import EVIDENCE_GROUP
from clara.stages.replies import Items, JsonReply, Label, Number, Reply, Texts, Words, word
from clara.stages.state import Run
from clara.stages.translate import as_asked, checked
from clara.types import Citation, Draft, Evidence, Option, Translation

_BRIEFLY = "in at most three sentences"
_STEPS = "step by step: what the question turns on, then for each option what speaks for and against it"
_COMPARE = (
    "- The question was translated. Compare it with the original first: if it asks something else, or an option says "
    'something else, set "faithful" to false and answer the original.'
)
_FAITHFUL = '"faithful": true|false, '


class ChoiceReply(Confident):
    """What the choice prompt asks for."""

    reason: Words = Field("", description="at most three sentences")
    faithful: bool = Field(True, description="true or false")
    choice: Label = Field(description="one letter")


class AbroadReply(Confident):
    """What the prompt asks for that has a question answered in a further language."""

    question: Words = Field(description="the question in that language")
    options: Texts = Field(description="one translation per option, in the given order")
    reason: Words = Field("", description="at most three sentences")
    choice: Label = Field(description="one letter")


def _stance(value: Any) -> Any:
    return {"support": "supports", "refute": "refutes"}.get(word(value), word(value))


class Quote(JsonReply):
    """A quote that speaks for or against one option."""

    passage: Number
    quote: Words
    option: Label = ""
    stance: Annotated[Literal["supports", "refutes"], BeforeValidator(_stance)] = "supports"


class EvidenceChoiceReply(Confident):
    """What the evidence prompt for choices asks for."""

    reason: Words = Field("", description="at most three sentences")
    sufficient: bool = Field(description="true or false")
    faithful: bool = Field(True, description="true or false")
    quotes: Items[Quote] = Field(default_factory=list, description="passage, quote, option, stance")
    choice: Label = Field(description="one letter")
    query: Words = Field("", description="search words for what is missing")


async def draft_choice(
    run: Run,
    route: str,
    asked: Translation,
    *,
    turn: int,
    compare: bool = False,
    glossary: str = "",
    role: ModelRole = "draft",
    step_by_step: bool = False,
) -> Draft:
    """Ask for one option.

    asked: the question as this draft is to see it. turn: decides the order in which the options are shown.
    compare: show the original beside a translation. A draft that finds them to differ answers the original, and
    counts as one in the asker's language.
    """
    if (given := given_draft(run, route)) is not None:
        return given
    thinking = _STEPS if step_by_step else _BRIEFLY
    inputs, letters, by_letter = _shown(run, asked, turn, glossary)
    prompt = run.prompts.render("draft/choice", thinking=thinking, **inputs, **_comparison(run, compare))
    salvage = _salvage(by_letter, asked.language, lambda letter: ChoiceReply(choice=letter))
    made = await try_draft(run, route, ChoiceReply, role, prompt, check=_letter_check(by_letter), salvage=salvage)
    if isinstance(made, str):
        return failed_draft(run, route, asked.language, role, made)
    reply, model = made
    draft = Draft(
        route=route,
        language=asked.language,
        group=model_group(model),
        model=model,
        choice=letters[_letter(reply.choice, by_letter) or ""],
        text=reply.reason,
        confidence=reply.confidence,
        translation_validity=asked.validity,
    )
    return draft if reply.faithful else _by_the_original(run, draft)


async def draft_choice_abroad(run: Run, language: str, *, turn: int, glossary: str = "") -> Draft:
    """Have the question translated into a further language and answered in it, in one call.

    The draft is as valid as its translation, which is checked in code as any other.
    """
    question = run.question
    inputs, letters, by_letter = _shown(run, as_asked(question), turn, glossary)
    prompt = run.prompts.render("draft/choice_abroad", **inputs | {"language": english_name(language)})
    made = await try_draft(run, language, AbroadReply, "second", prompt, check=_letter_check(by_letter))
    if isinstance(made, str):
        return failed_draft(run, language, language, "second", made)
    reply, model = made
    texts = dict(zip(letters.values(), reply.options, strict=False))
    asked = checked(run, reply.question, [texts[o.id] for o in question.options if o.id in texts], language)
    return Draft(
        route=language,
        language=language,
        group=model_group(model),
        model=model,
        choice=letters[_letter(reply.choice, by_letter) or ""],
        text=reply.reason,
        confidence=reply.confidence,
        translation_validity=asked.validity,
    )


async def draft_choice_from_evidence(
    run: Run,
    asked: Translation,
    evidence: Sequence[Evidence],
    *,
    turn: int,
    compare: bool = False,
    glossary: str = "",
    route: str = "evidence",
    or_memory: bool = False,
) -> Draft:
    """Ask for one option from passages; the rest as in `draft_choice`.

    Quotes that code cannot find do not count, and without any the draft is insufficient.
    or_memory: an insufficient draft counts as what the model knows, with no evidence for it.
    """
    if (given := given_draft(run, route)) is not None:
        return given
    inputs, letters, by_letter = _shown(run, asked, turn, glossary)
    passages = show_evidence(run, evidence)
    prompt = run.prompts.render("draft/choice_evidence", evidence=passages, **inputs, **_comparison(run, compare))
    check = _letter_check(by_letter)
    salvage = _salvage(by_letter, asked.language, lambda letter: EvidenceChoiceReply(sufficient=False, choice=letter))
    made = await try_draft(run, route, EvidenceChoiceReply, "draft", prompt, check=check, salvage=salvage)
    if isinstance(made, str):
        return failed_draft(run, route, asked.language, "draft", made)
    reply, model = made
    choice = letters[_letter(reply.choice, by_letter) or ""]
    supporting: list[Citation] = []
    refuted: set[str] = set()
    for quote in reply.quotes:
        # A quote that names no option and supports one supports the one that was chosen.
        named = quote.option or (reply.choice if quote.stance == "supports" else "")
        option = letters.get(_letter(named, by_letter) or "")
        citation = cited(evidence, quote.passage, quote.quote)
        if citation is None or option is None:
            continue
        if quote.stance == "supports" and option == choice:
            supporting.append(citation)
        elif quote.stance == "refutes" and citation.state != "unverified":
            refuted.add(option)
    verified = any(c.state != "unverified" for c in supporting)
    draft = Draft(
        route=route,
        language=asked.language,
        group=EVIDENCE_GROUP,
        model=model,
        choice=choice,
        text=supporting[0].quote if supporting else reply.reason,
        confidence=reply.confidence,
        translation_validity=asked.validity,
        sufficient=reply.sufficient and verified,
        citations=tuple(supporting),
        refuted=tuple(sorted(refuted - {choice})),
        query="" if reply.sufficient else reply.query[:300],
    )
    if not run.settings.verify:  # then it is a vote like any other
        draft = replace(draft, group=model_group(model), sufficient=reply.sufficient or or_memory)
    elif or_memory and not draft.sufficient:
        draft = replace(draft, group=model_group(model), sufficient=True, citations=(), text=reply.reason)
    return draft if reply.faithful else _by_the_original(run, draft)


def _shown(
    run: Run, asked: Translation, turn: int, glossary: str
) -> tuple[dict[str, str], dict[str, str], list[Option]]:
    """Return the inputs that the prompts share, the asker's option ids by the letters in them, and the options so
    lettered."""
    options, letters = show_options(run, asked.options, turn)
    inputs = {
        "fence": run.fence,
        "language": english_name(asked.language),
        "question": run.fenced(asked.text),
        "options": options,
        "history": show_history(run),
        "country": show_country(run),
        "glossary": glossary,
    }
    texts = {option.id: option.text for option in asked.options}
    return inputs, letters, [Option(id=letter, text=texts[option]) for letter, option in letters.items()]


def _comparison(run: Run, compare: bool) -> dict[str, str]:
    """Return the prompt inputs with which a draft compares a translation with the original, or empty ones."""
    if not compare:
        return {"comparison": "", "faithful": "", "original": ""}
    question = run.question
    original = "\n".join([question.text, *(f"- {option.text}" for option in question.options)])
    shown = f"The original, as it was asked in {english_name(question.language)}:\n{run.fenced(original)}"
    return {"comparison": _COMPARE, "faithful": _FAITHFUL, "original": shown}


def _by_the_original(run: Run, draft: Draft) -> Draft:
    run.trace.warn("translate", run.say("translation_differs"))
    return replace(draft, language=run.question.language, translation_validity=1.0)


def _letter(written: str, by_letter: Sequence[Option]) -> str | None:
    """Return the letter that a reply's field means: "B", "Answer: B", or the words of option B."""
    plain = written.strip(" .()[]*\"'").upper()
    return plain if plain in {option.id for option in by_letter} else read_choice(written, by_letter)


def _salvage(by_letter: Sequence[Option], language: str, make: Callable[[str], Reply]) -> Callable[[str], Reply | None]:
    """Return how to read a reply that is no JSON but says plainly what it chooses."""

    def read(reply: str) -> Reply | None:
        letter = read_choice(reply, by_letter, language)
        return make(letter) if letter else None

    return read


def _letter_check(by_letter: Sequence[Option]) -> Callable[[ChoiceReply | AbroadReply | EvidenceChoiceReply], None]:
    def check(reply: ChoiceReply | AbroadReply | EvidenceChoiceReply) -> None:
        if _letter(reply.choice, by_letter) is None:
            raise ModelBadOutput(f"choice must be one of {', '.join(option.id for option in by_letter)}")

    return check

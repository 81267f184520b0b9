"""Draft answers, one route at a time. A route that fails is a draft with an `error`, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from clara.choices import read_choice
from clara.errors import ClaraError, ConfigError, ModelBadOutput
from clara.knowledge import cite
from clara.languages import english_name
from clara.models import ModelRole
from clara.prompts import Prompt
from clara.stages.blocks import show_country, show_evidence, show_history, show_options
from clara.stages.state import Reply, Run
from clara.types import Citation, Claim, Draft, Evidence, Locality, Option

_BRIEFLY = "in at most three sentences"
_STEPS = "step by step: what the question turns on, then for each option what speaks for and against it"


class _Confident(BaseModel):
    confidence: float = Field(0.5, description="0 to 100")

    @field_validator("confidence", mode="before")
    @classmethod
    def _share(cls, value: Any) -> Any:
        """Accept percent, or a fraction as a share of one; keep within [0.01, 0.99]."""
        if isinstance(value, str):
            value = float(value.strip().rstrip("%"))
        if not isinstance(value, int | float):
            return value
        share = value if isinstance(value, float) and value <= 1 else value / 100
        return min(0.99, max(0.01, share))


class ChoiceReply(_Confident):
    """What the choice prompt asks for."""

    reason: str = Field("", description="at most three sentences")
    choice: str = Field(description="one letter")


class Quote(BaseModel):
    """A quote that speaks for or against one option."""

    passage: int
    quote: str
    option: str = ""
    stance: Literal["supports", "refutes"] = "supports"


class EvidenceChoiceReply(_Confident):
    """What the evidence prompt for choices asks for."""

    sufficient: bool = Field(description="true or false")
    quotes: list[Quote] = Field(default_factory=list, description="passage, quote, option, stance")
    choice: str = Field(description="one letter")
    query: str = Field("", description="search words for what is missing")


class FreeReply(_Confident):
    """What the free prompt asks for."""

    locality: Locality = Field("none", description="none, country or culture")
    claims: list[str] = Field(min_length=1, description="one sentence each")


class QuotedClaim(BaseModel):
    """A claim and the words it rests on; passage 0 for none."""

    claim: str
    passage: int = 0
    quote: str = ""


class FreeEvidenceReply(_Confident):
    """What the evidence prompt for free answers asks for."""

    locality: Locality = Field("none", description="none, country or culture")
    claims: list[QuotedClaim] = Field(min_length=1, description="claim, passage, quote")


async def draft_choice(
    run: Run,
    route: str,
    *,
    language: str,
    text: str,
    options: Sequence[Option],
    turn: int,
    original: str = "",
    glossary: str = "",
    validity: float = 1.0,
    role: ModelRole = "draft",
    step_by_step: bool = False,
) -> Draft:
    """Ask for one option. `turn` decides the order in which the options are shown."""
    shown, letters = show_options(run, options, turn)
    prompt = run.prompts.render(
        "draft/choice",
        fence=run.fence,
        language=english_name(language),
        thinking=_STEPS if step_by_step else _BRIEFLY,
        question=run.fenced(text),
        original=f"The same question as it was asked:\n{run.fenced(original)}" if original else "",
        options=shown,
        history=show_history(run),
        country=show_country(run),
        glossary=glossary,
    )

    by_letter = [Option(id=letter, text=_text(options, i)) for letter, i in letters.items()]

    def salvage(reply: str) -> ChoiceReply | None:
        letter = read_choice(reply, by_letter, language)
        return ChoiceReply(choice=letter) if letter else None

    made = await _try(run, route, ChoiceReply, role, prompt, check=_letter_check(by_letter), salvage=salvage)
    if isinstance(made, str):
        return _failed(run, route, language, role, made)
    reply, model = made
    return Draft(
        route=route,
        language=language,
        group=_group(model),
        model=model,
        choice=letters[_letter(reply.choice, by_letter) or ""],
        text=reply.reason,
        confidence=reply.confidence,
        translation_validity=validity,
    )


async def draft_choice_from_evidence(
    run: Run,
    *,
    language: str,
    text: str,
    options: Sequence[Option],
    evidence: Sequence[Evidence],
    turn: int,
    validity: float = 1.0,
    route: str = "evidence",
) -> Draft:
    """Ask for one option from passages. Quotes that code cannot find do not count; without any it is insufficient."""
    shown, letters = show_options(run, options, turn)
    prompt = run.prompts.render(
        "draft/choice_evidence",
        fence=run.fence,
        language=english_name(language),
        question=run.fenced(text),
        options=shown,
        history=show_history(run),
        country=show_country(run),
        evidence=show_evidence(run, evidence),
    )
    by_letter = [Option(id=letter, text=_text(options, i)) for letter, i in letters.items()]
    made = await _try(run, route, EvidenceChoiceReply, "draft", prompt, check=_letter_check(by_letter))
    if isinstance(made, str):
        return _failed(run, route, language, "draft", made)
    reply, model = made
    choice = letters[_letter(reply.choice, by_letter) or ""]
    supporting: list[Citation] = []
    refuted: set[str] = set()
    for quote in reply.quotes:
        option = letters.get(_letter(quote.option, by_letter) or "")
        citation = _cited(evidence, quote.passage, quote.quote)
        if citation is None or option is None:
            continue
        if quote.stance == "supports" and option == choice:
            supporting.append(citation)
        elif quote.stance == "refutes" and citation.state != "unverified":
            refuted.add(option)
    verified = any(c.state != "unverified" for c in supporting)
    return Draft(
        route=route,
        language=language,
        group="evidence",
        model=model,
        choice=choice,
        text=supporting[0].quote if supporting else "",
        confidence=reply.confidence,
        translation_validity=validity,
        sufficient=reply.sufficient and verified,
        citations=tuple(supporting),
        refuted=tuple(sorted(refuted - {choice})),
        query="" if reply.sufficient else reply.query[:300],
    )


async def draft_free(
    run: Run,
    route: str,
    *,
    language: str,
    text: str,
    original: str = "",
    glossary: str = "",
    evidence: Sequence[Evidence] = (),
    validity: float = 1.0,
) -> Draft:
    """Ask for a free answer as claims; with evidence, each claim with the quote it rests on."""
    common = {
        "fence": run.fence,
        "language": english_name(language),
        "question": run.fenced(text),
        "original": f"The same question as it was asked:\n{run.fenced(original)}" if original else "",
        "history": show_history(run),
        "country": show_country(run),
    }
    made: tuple[FreeReply | FreeEvidenceReply, str] | str
    if evidence:
        prompt = run.prompts.render("draft/free_evidence", evidence=show_evidence(run, evidence), **common)
        made = await _try(run, route, FreeEvidenceReply, "draft", prompt)
    else:
        prompt = run.prompts.render("draft/free", glossary=glossary, **common)
        made = await _try(run, route, FreeReply, "draft", prompt)
    if isinstance(made, str):
        return _failed(run, route, language, "draft", made)
    reply, model = made
    claims = tuple(
        Claim(text=c.strip())
        if isinstance(c, str)
        else Claim(text=c.claim.strip(), citation=_cited(evidence, c.passage, c.quote))
        for c in reply.claims[:8]
    )
    return Draft(
        route=route,
        language=language,
        group="evidence" if evidence else _group(model),
        model=model,
        text="\n".join(claim.text for claim in claims),
        confidence=reply.confidence,
        translation_validity=validity,
        locality=reply.locality,
        claims=claims,
        citations=tuple(c.citation for c in claims if c.citation),
    )


async def _try(
    run: Run,
    route: str,
    reply_type: type[Reply],
    role: ModelRole,
    prompt: Prompt,
    *,
    check: Callable[[Reply], None] = lambda _: None,
    salvage: Callable[[str], Reply | None] = lambda _: None,
) -> tuple[Reply, str] | str:
    """Return the reply and the model that gave it, or why there is none; a setting that cannot work is raised."""
    try:
        return await run.ask_for(reply_type, role, prompt, check=check, salvage=salvage)
    except ConfigError:
        raise
    except ClaraError as error:
        run.failed(route, error)
        return str(error)


def _failed(run: Run, route: str, language: str, role: ModelRole, reason: str) -> Draft:
    model = run.models.get(role).name if run.models else ""
    return Draft(route=route, language=language, group=_group(model), model=model, confidence=0.0, error=reason)


def _cited(evidence: Sequence[Evidence], number: int, quote: str) -> Citation | None:
    if not quote.strip() or not 1 <= number <= len(evidence):
        return None
    return cite(evidence[number - 1].passage, quote)


def _letter(written: str, by_letter: Sequence[Option]) -> str | None:
    """Return the letter that a reply's field means: "B", "Answer: B", or the words of option B."""
    plain = written.strip(" .()[]*\"'").upper()
    return plain if plain in {option.id for option in by_letter} else read_choice(written, by_letter)


def _letter_check(by_letter: Sequence[Option]) -> Callable[[ChoiceReply | EvidenceChoiceReply], None]:
    def check(reply: ChoiceReply | EvidenceChoiceReply) -> None:
        if _letter(reply.choice, by_letter) is None:
            raise ModelBadOutput(f"choice must be one of {', '.join(option.id for option in by_letter)}")

    return check


def _text(options: Sequence[Option], option_id: str) -> str:
    return next(option.text for option in options if option.id == option_id)


def _group(model: str) -> str:
    return f"model:{model}"

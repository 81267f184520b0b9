"""Draft free answers, one route at a time. A route that fails is a draft with an `error`, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, model_validator

from clara.errors import ClaraError, ConfigError
from clara.knowledge import cite
from clara.languages import english_name
from clara.models import ModelRole
from clara.prompts import Prompt
from clara.stages.blocks import show_country, show_evidence, show_history
from clara.stages.given import MOST_CLAIMS, given_draft, model_group
from clara.stages.reconcile import EVIDENCE_GROUP
from clara.stages.replies import Items, JsonReply, Number, Reply, StatedLocality, Words, share, word
from clara.stages.state import Run
from clara.text import clean
from clara.types import Citation, Claim, Draft, Evidence, Polarity, Translation


class Confident(JsonReply):
    """A reply that states how sure it is, in percent or as a share."""

    confidence: Annotated[float, BeforeValidator(share)] = Field(0.5, description="0 to 100")


def _polarity(value: Any) -> Any:
    return word(value) if word(value) in get_args(Polarity) else None


class StatedClaim(JsonReply):
    """A claim as a draft states it, and the words of a passage it rests on; passage 0 for none."""

    claim: Words = Field(min_length=1)
    english: Words = ""
    polarity: Annotated[Polarity | None, BeforeValidator(_polarity)] = None
    dose: Words = ""
    condition: Words = ""
    country: Words = ""
    passage: Number = 0
    quote: Words = ""

    @model_validator(mode="before")
    @classmethod
    def _sentence(cls, value: Any) -> Any:
        """Accept a claim that is nothing but its sentence."""
        return {"claim": value} if isinstance(value, str) else value


class FreeReply(Confident):
    """What the prompts for free answers ask for."""

    locality: StatedLocality = Field("none", description="none, country or culture")
    claims: Items[StatedClaim] = Field(min_length=1, description="see above; one sentence each")


_IN_ENGLISH = '- "english" is the same claim in English, with nothing added and nothing left out.'


async def draft_free(
    run: Run,
    route: str,
    asked: Translation,
    *,
    original: str = "",
    glossary: str = "",
    evidence: Sequence[Evidence] = (),
    in_english: bool = False,
) -> Draft:
    """Ask for a free answer as claims; with evidence, each claim with the quote it rests on.

    asked: the question; its language is the draft's. in_english: every claim in English too, for drafts that are
    compared with others.
    """
    if (given := given_draft(run, route)) is not None:
        return given
    language = asked.language
    foreign = in_english and language != "en"
    common = {
        "fence": run.fence,
        "language": english_name(language),
        "english": _IN_ENGLISH if foreign else "",
        "field": '"english": "...", ' if foreign else "",
        "question": run.fenced(asked.text),
        "original": f"The same question as it was asked:\n{run.fenced(original)}" if original else "",
        "history": show_history(run),
        "country": show_country(run),
    }
    if evidence:
        prompt = run.prompts.render("draft/free_evidence", evidence=show_evidence(run, evidence), **common)
    else:
        prompt = run.prompts.render("draft/free", glossary=glossary, **common)
    made = await try_draft(run, route, FreeReply, "draft", prompt)
    if isinstance(made, str):
        return failed_draft(run, route, language, "draft", made)
    reply, model = made
    claims = tuple(_claim(stated, evidence) for stated in reply.claims[:MOST_CLAIMS])
    return Draft(
        route=route,
        language=language,
        group=EVIDENCE_GROUP if evidence else model_group(model),
        model=model,
        text="\n".join(claim.wording or claim.text for claim in claims),
        confidence=reply.confidence,
        translation_validity=asked.validity,
        locality=reply.locality,
        claims=claims,
        citations=tuple(c.citation for c in claims if c.citation),
    )


def _claim(stated: StatedClaim, evidence: Sequence[Evidence]) -> Claim:
    def line(text: str) -> str:
        return " ".join(clean(text).split())

    said, english = line(stated.claim), line(stated.english)
    return Claim(
        text=english or said,
        wording=said if english else "",
        polarity=stated.polarity,
        dose=line(stated.dose),
        condition=line(stated.condition),
        country=line(stated.country) or None,
        citation=cited(evidence, stated.passage, stated.quote),
    )


async def try_draft(
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
        # Only the draft in the asker's language sees pictures: the others compare words with words.
        seen = run.question.attachments if route == "native" else ()
        return await run.ask_for(reply_type, role, prompt, check=check, salvage=salvage, attachments=seen)
    except ConfigError:
        raise
    except ClaraError as error:
        run.failed(route, error)
        return str(error)


def failed_draft(run: Run, route: str, language: str, role: ModelRole, reason: str) -> Draft:
    """Return the draft of a route that failed."""
    model = run.models.get(role).name if run.models else ""
    return Draft(route=route, language=language, group=model_group(model), model=model, confidence=0.0, error=reason)


def cited(evidence: Sequence[Evidence], number: int, quote: str) -> Citation | None:
    """Return the citation of a quote from the passage of a number, as prompts count them; None without either."""
    if not quote.strip() or not 1 <= number <= len(evidence):
        return None
    return cite(evidence[number - 1].passage, quote)

"""Hold the claims of drafts against each other and against the evidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from clara.errors import ClaraError, ConfigError
from clara.knowledge import cite, quantities
from clara.stages.arithmetic import check_arithmetic
from clara.stages.blocks import show_evidence
from clara.stages.matching import read_statement, text_language
from clara.stages.replies import Items, JsonReply, Number, Numbers, Words, word
from clara.stages.state import Run
from clara.types import Citation, Claim, Draft, Evidence, VerdictState

Relation = dict[int, set[int]]
"""The number of a claim, from 1 -> those of the claims that it is related to."""

_OWN_WORD_ONLY = ("user", "live")  # trust tiers whose naming of sources nobody has checked
_DOSE = re.compile(
    r"\d\s*(?:mg|mcg|µg|μg|ug|g|ml|iu|ui|units?|drops?|tablets?|capsules?|unidades|gotas?|comprimidos?|gouttes?|"
    r"comprimés?|gélules?|patak|tableta)(?!\w)|\d\s*(?:毫克|微克|毫升|克|滴|片|粒)|"
    r"[\d०-९]\s*(?:मि\.?\s?ग्रा|मिग्रा|एमजी|मि\.?\s?ली|मिली|बूँद|बूंद|गोली|गोलियाँ)",
    re.IGNORECASE,
)


class ClaimVerdict(JsonReply):
    """The model's verdict on one numbered claim."""

    claim: Number
    verdict: Annotated[Literal["supported", "refuted", "not_enough_info"], BeforeValidator(word)]
    passage: Number = 0
    quote: Words = ""
    agrees: Numbers = Field(default_factory=list)
    conflicts: Numbers = Field(default_factory=list)


class VerifyReply(JsonReply):
    """What the verify prompt asks for."""

    verdicts: Items[ClaimVerdict] = Field(description="claim, verdict, passage, quote, agrees, conflicts")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    """A claim after verification.

    agreed: an independent route says the same; conflicted: one says the contrary. country: that of the passage that
    states it. agrees, conflicts: the places, from 0, of claims in the same list that say all that it says, and of those
    that cannot be true together with it.
    """

    claim: Claim
    route: str
    state: VerdictState
    citation: Citation | None
    agreed: bool
    conflicted: bool
    reason: str = ""
    country: str | None = None
    agrees: frozenset[int] = frozenset()
    conflicts: frozenset[int] = frozenset()

    @property
    def accepted(self) -> bool:
        """Whether the claim may stand in an answer: evidence states it, or two routes do and nothing contradicts."""
        if self.state == "supported":
            return True
        return self.state in ("not_enough_info", "unverified") and self.agreed and not self.conflicted


async def verify_claims(
    run: Run, drafts: Sequence[Draft], evidence: Sequence[Evidence], *, by_model: bool = True, repair: bool = True
) -> list[CheckedClaim]:
    """Judge every claim of the usable drafts in one call.

    A supported or refuted verdict needs a quote that code finds in the passage; without it the claim is
    not_enough_info. Claims that agree in the model's judgement, and not in polarity or dose, are in conflict. If the
    call fails, or with `by_model` false, quotes that the drafts brought themselves still count, claims in the same
    words still agree, and the rest is `unverified`. repair: whether a reply in another form may cost a second call.
    """
    listed = [(draft, claim) for draft in drafts if draft.usable for claim in draft.claims]
    if not listed:
        return []
    replies: dict[int, ClaimVerdict] = {}
    failure = "" if by_model else "no call was left for the checker"
    if by_model:
        try:
            replies = await _ask(run, listed, evidence, repair)
        except ConfigError:
            raise
        except ClaraError as error:
            failure = str(error)
            run.failed("verify", error)
    if failure:
        run.trace.warn("verify", run.say("unchecked"))
    checked = [
        _recalculated(_checked(pair, replies.get(number), evidence, failure)) for number, pair in enumerate(listed, 1)
    ]
    agrees, conflicts = _both_ways(replies, "agrees", len(listed)), _both_ways(replies, "conflicts", len(listed))
    for number, other in _compare(listed, agrees, conflicts):
        words = f"claims {number} and {other} differ in polarity or dose: a conflict, whatever else agrees"
        run.trace.record("decision", "match", words=words)
    return [
        _related(number, claim, listed, checked, agrees, conflicts, evidence) for number, claim in enumerate(checked, 1)
    ]


async def _ask(
    run: Run, listed: Sequence[tuple[Draft, Claim]], evidence: Sequence[Evidence], repair: bool
) -> dict[int, ClaimVerdict]:
    shown = "\n".join(f"{i}. ({d.route} draft) {c.text}" for i, (d, c) in enumerate(listed, 1))
    prompt = run.prompts.render(
        "verify/claims",
        fence=run.fence,
        claims=run.fenced(shown),
        evidence=show_evidence(run, evidence) if evidence else "(none was found)",
    )
    reply, _ = await run.ask_for(VerifyReply, "draft", prompt, repair=repair)
    return {verdict.claim: verdict for verdict in reply.verdicts}


def _both_ways(replies: Mapping[int, ClaimVerdict], field: Literal["agrees", "conflicts"], count: int) -> Relation:
    """Return the relation made symmetric: models often state it on one side only."""
    related: Relation = defaultdict(set)
    for number, reply in replies.items():
        for other in getattr(reply, field):
            if 1 <= other <= count and 1 <= number <= count and other != number:
                related[number].add(other)
                related[other].add(number)
    return related


def _compare(listed: Sequence[tuple[Draft, Claim]], agrees: Relation, conflicts: Relation) -> Iterator[tuple[int, int]]:
    """Correct the model's judgement where code can tell, and yield the pairs that it finds in conflict.

    A claim agrees with another only where that one confirms all it says; claims of two drafts in the same words are
    compared whether the model said so or not.
    """
    read = [read_statement(claim, text_language(claim, draft.language)) for draft, claim in listed]
    for number, (draft, _) in enumerate(listed, 1):
        for other, (by, _) in enumerate(listed, 1):
            a, b = read[number - 1], read[other - 1]
            if draft.route == by.route or not (other in agrees[number] or a.resembles(b)):
                continue
            if a.contradicts(b):
                if other > number:
                    yield number, other
                conflicts[number].add(other)
            if b.confirms(a) and other not in conflicts[number]:
                agrees[number].add(other)
            else:
                agrees[number].discard(other)


def _related(
    number: int, claim: CheckedClaim, listed: Sequence[tuple[Draft, Claim]], checked: Sequence[CheckedClaim],
    agrees: Relation, conflicts: Relation, evidence: Sequence[Evidence],
) -> CheckedClaim:  # fmt: skip
    """Return a checked claim with what the others make of it."""

    def standing(others: set[int]) -> list[CheckedClaim]:
        # Agreeing with a refuted claim supports nothing, and conflicting with one harms nothing.
        found = [checked[n - 1] for n in sorted(others)]
        return [c for c in found if c.route != claim.route and c.state != "refuted"]

    agreeing = standing(agrees[number])
    refuted = any(checked[n - 1].state == "refuted" for n in agrees[number])
    # What the asker's own language calls it serves where the answer cannot be written anew.
    wording = claim.claim.wording or next((c.claim.wording for c in agreeing if c.claim.wording), "")
    return replace(
        claim,
        claim=replace(claim.claim, wording=wording),
        agreed=bool(agreeing),
        conflicted=bool(standing(conflicts[number])) or refuted,
        country=_country(claim.citation, evidence),
        agrees=frozenset(n - 1 for n in agrees[number]),
        conflicts=frozenset(n - 1 for n in conflicts[number]),
    )


def unchecked(run: Run, drafts: Sequence[Draft]) -> list[CheckedClaim]:
    """Return the claims of the first usable draft as they stand, for runs that measure what checking is worth."""
    run.trace.warn("verify", run.say("verify_off"))
    first = next((draft for draft in drafts if draft.usable), None)
    if first is None:
        return []
    return [
        CheckedClaim(
            claim=claim, route=first.route, state="unverified", citation=None, agreed=True, conflicted=False,
            reason="verify is off",
        )
        for claim in first.claims
    ]  # fmt: skip


def _country(citation: Citation | None, evidence: Sequence[Evidence]) -> str | None:
    return next((e.passage.country for e in evidence if citation and e.passage.id == citation.id), None)


def _checked(
    listed: tuple[Draft, Claim], reply: ClaimVerdict | None, evidence: Sequence[Evidence], failure: str
) -> CheckedClaim:
    draft, claim = listed
    own = claim.citation if claim.citation and claim.citation.state != "unverified" else None
    if reply is None:
        state: VerdictState = "supported" if own and enough_sources(claim, own, evidence) else "unverified"
        return CheckedClaim(
            claim=claim, route=draft.route, state=state, citation=own if state == "supported" else None,
            agreed=False, conflicted=False, reason=failure or "the checker gave no verdict",
        )  # fmt: skip
    found = None
    if reply.quote.strip() and 1 <= reply.passage <= len(evidence):
        citation = cite(evidence[reply.passage - 1].passage, reply.quote)
        found = citation if citation.state != "unverified" else None
    state = "not_enough_info"
    reason = f"judged {reply.verdict}, but no such quote was found"
    quoted = found or own
    if reply.verdict == "refuted" and found:
        state = "refuted"
    elif reply.verdict == "supported" and quoted:
        if enough_sources(claim, quoted, evidence):
            state = "supported"
        else:
            reason = "a dose needs two independent sources, and one states it"
    return CheckedClaim(
        claim=claim,
        route=draft.route,
        state=state,
        citation=quoted if state != "not_enough_info" else None,
        agreed=False,
        conflicted=False,
        reason="" if state == reply.verdict else reason,
    )


def _recalculated(checked: CheckedClaim) -> CheckedClaim:
    """Refute a claim that states a calculation with a wrong result: code has done it again."""
    for calculation in check_arithmetic(checked.claim.text):
        if not calculation.right:
            reason = f"{calculation.text} is {calculation.result:g}, not {calculation.stated:g}"
            return replace(checked, state="refuted", citation=None, reason=reason)
    return checked


def enough_sources(claim: Claim, citation: Citation, evidence: Sequence[Evidence]) -> bool:
    """Whether enough independent sources state a claim: for a dose two, else one.

    A shipped document counts for the sources it names; a document of the user's, or a live page, for one, and
    another document in its language counts with it where it holds the same quantities.
    """
    if not _DOSE.search(f"{claim.text} {claim.dose}"):
        return True
    cited = next((e.passage for e in evidence if e.passage.id == citation.id), None)
    if cited is None:
        return False
    if cited.trust not in _OWN_WORD_ONLY and len(cited.source.split("; ")) > 1:
        return True
    wanted = quantities(citation.quote)
    others = [
        e.passage for e in evidence if e.passage.document != cited.document and e.passage.language == cited.language
    ]
    return bool(wanted) and any(wanted <= quantities(passage.text) for passage in others)

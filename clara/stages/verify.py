"""Hold drafts against each other and against the evidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, Field

from clara.errors import ClaraError, ConfigError
from clara.knowledge import cite, quantities
from clara.stages.blocks import show_evidence
from clara.stages.calculate import check_arithmetic
from clara.stages.state import Run
from clara.types import Citation, Claim, Draft, Evidence, Verdict, VerdictState

_OWN_WORD_ONLY = ("user", "live")  # trust tiers whose naming of sources nobody has checked
_DOSE = re.compile(
    r"\d\s*(?:mg|mcg|µg|μg|ug|g|ml|iu|ui|units?|drops?|tablets?|capsules?|unidades|gotas?|comprimidos?|gouttes?|"
    r"comprimés?|gélules?|patak|tableta)(?!\w)|\d\s*(?:毫克|微克|毫升|克|滴|片|粒)|"
    r"[\d०-९]\s*(?:मि\.?\s?ग्रा|मिग्रा|एमजी|मि\.?\s?ली|मिली|बूँद|बूंद|गोली|गोलियाँ)",
    re.IGNORECASE,
)


class ClaimVerdict(BaseModel):
    """The model's verdict on one numbered claim."""

    claim: int
    verdict: Literal["supported", "refuted", "not_enough_info"]
    passage: int = 0
    quote: str = ""
    agrees: list[int] = Field(default_factory=list)
    conflicts: list[int] = Field(default_factory=list)


class VerifyReply(BaseModel):
    """What the verify prompt asks for."""

    verdicts: list[ClaimVerdict] = Field(description="claim, verdict, passage, quote, agrees, conflicts")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    """A claim after verification.

    agreed: an independent route says the same; conflicted: one says the contrary. country: that of the passage that
    states it; conflicts: the places, from 0, of claims in the same list that cannot be true together with it.
    """

    claim: Claim
    route: str
    state: VerdictState
    citation: Citation | None
    agreed: bool
    conflicted: bool
    reason: str = ""
    country: str | None = None
    conflicts: frozenset[int] = frozenset()

    @property
    def accepted(self) -> bool:
        """Whether the claim may stand in an answer: evidence states it, or two routes do and nothing contradicts."""
        if self.state == "supported":
            return True
        return self.state in ("not_enough_info", "unverified") and self.agreed and not self.conflicted


def verify_choices(drafts: Sequence[Draft], support: Mapping[str, int]) -> tuple[Verdict, ...]:
    """Return each draft's choice against every other route and against the evidence. No model call."""
    verdicts = []
    chosen = [d for d in drafts if d.choice is not None and d.error is None]
    for draft in chosen:
        for other in chosen:
            # An evidence draft speaks through its verified quotes, below.
            if other is not draft and other.group != "evidence":
                same = other.choice == draft.choice
                state: VerdictState = "supported" if same else "refuted"
                if not other.usable:
                    state = "not_enough_info" if not other.sufficient else "unverified"
                verdicts.append(Verdict(claim=f"{draft.route}: {draft.choice}", against=other.route, state=state))
        by_evidence: dict[int, VerdictState] = {1: "supported", -1: "refuted", 0: "not_enough_info"}
        verdicts.append(
            Verdict(
                claim=f"{draft.route}: {draft.choice}",
                against="evidence",
                state=by_evidence[support.get(str(draft.choice), 0)],
            )
        )
    verdicts += [
        Verdict(claim=d.route, against="itself", state="unverified", reason=d.error)
        for d in drafts
        if d.error is not None
    ]
    return tuple(verdicts)


async def verify_claims(run: Run, drafts: Sequence[Draft], evidence: Sequence[Evidence]) -> list[CheckedClaim]:
    """Judge every claim of the usable drafts in one call.

    A supported or refuted verdict needs a quote that code finds in the passage; without it the claim is
    not_enough_info. If the call fails, quotes that the drafts brought themselves still count, and the rest
    is `unverified`.
    """
    listed = [(draft, claim) for draft in drafts if draft.usable for claim in draft.claims]
    if not listed:
        return []
    shown = "\n".join(f"{i}. ({d.route} draft) {c.text}" for i, (d, c) in enumerate(listed, 1))
    prompt = run.prompts.render(
        "verify/claims",
        fence=run.fence,
        claims=run.fenced(shown),
        evidence=show_evidence(run, evidence) if evidence else "(none was found)",
    )
    replies: dict[int, ClaimVerdict] = {}
    failure = ""
    try:
        reply, _ = await run.ask_for(VerifyReply, "draft", prompt)
        replies = {v.claim: v for v in reply.verdicts}
    except ConfigError:
        raise
    except ClaraError as error:
        failure = str(error)
        run.failed("verify", error)
        run.trace.warn("verify", f"the claims could not be checked by the model ({type(error).__name__})")
    checked = [
        _recalculated(_checked(listed[i - 1], replies.get(i), evidence, failure)) for i in range(1, len(listed) + 1)
    ]
    agrees, conflicts = _both_ways(replies, "agrees"), _both_ways(replies, "conflicts")

    def other_route(number: int, others: set[int], states: tuple[VerdictState, ...]) -> bool:
        mine = listed[number - 1][0].route
        return any(
            listed[n - 1][0].route != mine and checked[n - 1].state in states for n in others if n <= len(listed)
        )

    # Agreeing with a refuted claim supports nothing, and conflicting with one harms nothing.
    standing: tuple[VerdictState, ...] = ("supported", "not_enough_info", "unverified")
    return [
        replace(
            claim,
            agreed=other_route(n, agrees[n], standing),
            conflicted=other_route(n, conflicts[n], standing)
            or any(checked[m - 1].state == "refuted" for m in agrees[n] if m <= len(listed)),
            country=_country(claim.citation, evidence),
            conflicts=frozenset(m - 1 for m in conflicts[n] if m <= len(listed)),
        )
        for n, claim in enumerate(checked, 1)
    ]


def unchecked(run: Run, drafts: Sequence[Draft]) -> list[CheckedClaim]:
    """Return the claims of the first usable draft as they stand, for runs that measure what checking is worth."""
    run.trace.warn("verify", "claims were not checked: verify is off")
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


def _both_ways(replies: Mapping[int, ClaimVerdict], field: Literal["agrees", "conflicts"]) -> dict[int, set[int]]:
    """Return the relation made symmetric: models often state it on one side only."""
    related: dict[int, set[int]] = defaultdict(set)
    for number, reply in replies.items():
        for other in getattr(reply, field):
            if other >= 1 and other != number:
                related[number].add(other)
                related[other].add(number)
    return related


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
    if not _DOSE.search(claim.text):
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

"""Decide between drafts: correlated, anchored, evidence-weighted voting in log-odds.

For draft d with answer a in group g, with K options:

    p    = the prior accuracy of its kind of draft, clipped to [1/K + .03, .95]
    w    = ln((K - 1) p / (1 - p))            weight of a voter of accuracy p (Nitzan and Paroush 1982)
    vote = q * k * w * s                      q translation validity, k 1/2 for a same-model draft in another
                                              language, s stated confidence over the drafts' mean
    S(a) = sum over g of max(best vote, sum of votes / (1 + (m - 1) * rho)) + beta * E(a)

m is the sum of k over the group's drafts for a, the effective number of votes; dividing by
1 + (m - 1) * rho is the design effect of m equally correlated votes (Kish 1965). The maximum keeps a
second, weaker vote from lowering its own side. E is 1, -1 or 0: verified quotes for, against, neither.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clara.config import ReconcileSettings
from clara.text import fold
from clara.types import Draft, Option


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided and why. `words` is the sentence for people; `scores` is S by option id."""

    choice: str | None
    confidence: float
    anchor: str | None
    switched: bool
    words: str
    scores: Mapping[str, float] = field(default_factory=dict)
    evidence: Mapping[str, int] = field(default_factory=dict)
    abstain: str | None = None


def reconcile(
    drafts: Sequence[Draft],
    options: Sequence[Option],
    settings: ReconcileSettings,
    *,
    local: bool = False,
    supports: Mapping[str, int] | None = None,
) -> Decision:
    """Choose one option.

    local: whether the answer depends on country or culture; then the native draft leads, else the English one.
    supports: E by option id; found out from the drafts' verified quotes where it is not given.
    `abstain` is the key of the message to give instead of an answer, None to answer.
    """
    usable = [d for d in drafts if d.usable and d.choice is not None]
    if not usable:
        return Decision(
            choice=None, confidence=0.0, anchor=None, switched=False,
            words="no route gave a usable answer", abstain="abstain_routes",
        )  # fmt: skip
    supports = evidence_support(drafts) if supports is None else supports
    anchor = _anchor(usable, local)
    scores = _scores(usable, len(options), settings, supports, anchor)
    texts = {option.id: option.text for option in options}

    def order(choice: str) -> tuple[float, int, bool, float, float, str]:
        own = [d for d in usable if d.choice == choice]
        return (
            scores[choice],
            supports.get(choice, 0),
            choice == anchor.choice,
            max(d.confidence for d in own),
            max(d.translation_validity for d in own),
            hashlib.sha256(fold(texts.get(choice, choice)).encode()).hexdigest(),
        )

    best = max(scores, key=order)
    assert anchor.choice is not None  # `usable` holds only drafts with a choice
    backed = len({d.group for d in usable if d.choice == best}) >= 2 or supports.get(best, 0) > 0
    lead = scores[best] - scores[anchor.choice]
    switched = best != anchor.choice and lead >= settings.margin and backed
    choice = best if switched else anchor.choice
    confidence = _confidence(scores, choice, len(options))
    abstain = None
    if supports.get(choice, 0) < 0:
        abstain = "abstain_contradicted"
    elif confidence < settings.abstain_below:
        abstain = "abstain_unsure"
    return Decision(
        choice=choice,
        confidence=round(confidence, 4),
        anchor=anchor.route,
        switched=switched,
        words=_explain(usable, anchor, best, switched, lead, backed, supports, settings),
        scores={k: round(v, 4) for k, v in scores.items()},
        evidence=supports,
        abstain=abstain,
    )


def evidence_support(drafts: Sequence[Draft]) -> dict[str, int]:
    """Return E by option id: 1 where a verified quote supports it, -1 where one refutes it and none supports it."""
    supports: dict[str, int] = {}
    for draft in drafts:
        if draft.error is None:
            supports |= {option: -1 for option in draft.refuted if supports.get(option) != 1}
    for draft in drafts:
        verified = any(c.state != "unverified" for c in draft.citations)
        if draft.error is None and draft.sufficient and draft.choice is not None and verified:
            supports[draft.choice] = 1
    return supports


def _anchor(usable: Sequence[Draft], local: bool) -> Draft:
    preferred = ("native", "evidence", "english") if local else ("english", "native", "evidence")
    for route in preferred:
        for draft in usable:
            if draft.route == route:
                return draft
    return max(usable, key=lambda d: (d.translation_validity, d.confidence, d.route))


def _scores(
    usable: Sequence[Draft],
    k_options: int,
    settings: ReconcileSettings,
    supports: Mapping[str, int],
    anchor: Draft,
) -> dict[str, float]:
    mean = sum(d.confidence for d in usable) / len(usable)
    groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for draft in usable:
        same_model = draft.group == anchor.group and draft.language != anchor.language
        k = settings.same_model_weight if same_model else 1.0
        weight = _weight(draft, max(2, k_options), settings)
        vote = draft.translation_validity * k * weight * (draft.confidence / mean if mean > 0 else 1.0)
        groups.setdefault((str(draft.choice), draft.group), []).append((vote, k))
    scores: dict[str, float] = {}
    for (choice, _), votes in groups.items():
        effective = sum(k for _, k in votes)
        pooled = sum(v for v, _ in votes) / (1 + max(0.0, effective - 1) * settings.rho)
        scores[choice] = scores.get(choice, 0.0) + max(pooled, max(v for v, _ in votes))
    for choice in scores:
        scores[choice] += settings.evidence_weight * supports.get(choice, 0)
    return scores


def _weight(draft: Draft, k_options: int, settings: ReconcileSettings) -> float:
    if draft.group == "evidence":
        prior = settings.prior_evidence
    else:
        prior = settings.prior_english if draft.language == "en" else settings.prior_other
    p = min(0.95, max(1 / k_options + 0.03, prior))
    return math.log((k_options - 1) * p / (1 - p))


def _confidence(scores: Mapping[str, float], choice: str, k_options: int) -> float:
    """Posterior of `choice` under the votes' log-odds; options that nobody chose have score 0."""
    rest = max(0, k_options - len(scores))
    top = max(scores.values())
    total = sum(math.exp(s - top) for s in scores.values()) + rest * math.exp(-top)
    return math.exp(scores[choice] - top) / total


def _explain(
    usable: Sequence[Draft],
    anchor: Draft,
    best: str,
    switched: bool,
    lead: float,
    backed: bool,
    supports: Mapping[str, int],
    settings: ReconcileSettings,
) -> str:
    others = [d for d in usable if d.choice != anchor.choice]
    named = ", ".join(f"{d.route} {d.choice}" for d in others)
    word = {1: "supports", -1: "speaks against", 0: "does not settle"}
    if not others:
        routes = " and ".join(d.route for d in usable)
        return (
            f"{routes} agree on {anchor.choice}"
            if len(usable) > 1
            else f"{anchor.route} draft {anchor.choice} stands alone"
        )
    if switched:
        why = f"evidence {word[supports.get(best, 0)]} it" if supports.get(best) else "independent drafts support it"
        return f"{anchor.route} draft {anchor.choice} given up for {best}: lead {lead:.2f}, {why}"
    if best == anchor.choice:
        reason = f"it scores highest; evidence {word[supports.get(best, 0)]} it"
    elif not backed:
        reason = f"{best} has one correlated vote and no verified evidence"
    else:
        reason = f"the lead of {best}, {lead:.2f}, is under the margin of {settings.margin:g}"
    return f"{anchor.route} draft {anchor.choice} kept against {named}: {reason}"

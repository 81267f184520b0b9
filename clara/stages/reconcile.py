"""Decide between drafts: correlated, anchored votes in log-odds, and what verified evidence says.

For draft d with answer a, K options, and the correlation group g of its model and language:

    p    = the prior accuracy of its kind of draft, clipped to [1/K + .03, .98]
    w(p) = ln((K - 1) p / (1 - p))            weight of a voter of accuracy p (Nitzan and Paroush 1982)
    vote = q * k * w(p) * s                   q translation validity, k 1/2 for a same-model draft in another
                                              language than the anchor's, s stated confidence over the drafts' mean
    S(a) = sum over g of max(best vote, sum of votes / (1 + (m - 1) * rho)) + E(a) * w(p of evidence)

m is the sum of k over the group's drafts for a, the effective number of votes; dividing by
1 + (m - 1) * rho is the design effect of m equally correlated votes (Kish 1965). The maximum keeps a
second, weaker vote from lowering its own side. E is 1 where two readings of the evidence with verified quotes
agree, 1/2 for a single one, 0 where they differ, -1 where a verified quote refutes the option and none supports it.
A draft from evidence speaks through E alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clara.config import ReconcileSettings
from clara.types import Draft

EVIDENCE_GROUP = "evidence"
"""The group of drafts that rest on quotes which code has found."""

Reason = tuple[str, Mapping[str, object]]

_SAYS = {
    1: ("supports", "reason_evidence"),
    0: ("does not settle", "reason_open"),
    -1: ("speaks against", "reason_contradicted"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided and why. `scores` is S and `evidence` is E by option id.

    words: the whole of it in English, with routes and figures. reasons: the same for the asker, as keys of messages and
    what fills them.
    """

    choice: str | None
    confidence: float
    anchor: str | None
    switched: bool
    words: str
    reasons: Sequence[Reason] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    evidence: Mapping[str, float] = field(default_factory=dict)
    abstain: str | None = None


def reconcile(
    drafts: Sequence[Draft],
    k_options: int,
    settings: ReconcileSettings,
    *,
    local: bool = False,
) -> Decision:
    """Choose one option of `k_options`.

    Ties: evidence, anchor, confidence, validity; what is equal in all of these leaves the anchor. So neither letters,
    nor an order, nor the words of an option decide anything.
    local: whether the answer depends on country or culture; then the native draft leads, else the English one.
    `abstain` is the key of the message to give instead of an answer, None to answer.
    """
    usable = [d for d in drafts if d.usable and d.choice is not None]
    if not usable:
        return Decision(
            choice=None, confidence=0.0, anchor=None, switched=False,
            words="no route gave a usable answer", reasons=[("abstain_routes", {})], abstain="abstain_routes",
        )  # fmt: skip
    support = evidence_support(drafts)
    anchor = _anchor(usable, local)
    assert anchor.choice is not None  # `usable` holds only drafts with a choice
    scores = _scores(usable, k_options, settings, support, anchor)

    def order(choice: str) -> tuple[float, float, bool, float, float]:
        own = [d for d in usable if d.choice == choice]
        return (
            round(scores[choice], 9),
            support.get(choice, 0.0),
            choice == anchor.choice,
            max(d.confidence for d in own),
            max(d.translation_validity for d in own),
        )

    first = max(map(order, scores))
    leading = [choice for choice in scores if order(choice) == first]
    best = leading[0] if len(leading) == 1 else anchor.choice
    backed = len({_group(d) for d in usable if d.choice == best}) >= 2 or support.get(best, 0.0) > 0
    lead = scores[best] - scores[anchor.choice]
    switched = best != anchor.choice and lead >= settings.margin and backed
    choice = best if switched else anchor.choice
    confidence = _confidence(scores, choice, k_options)
    abstain = None
    if support.get(choice, 0.0) < 0:
        abstain = "abstain_contradicted"
    elif confidence < settings.abstain_below:
        abstain = "abstain_unsure"
    words, reasons = _explain(usable, anchor, best, switched, lead, backed, support, settings)
    return Decision(
        choice=choice,
        confidence=round(confidence, 4),
        anchor=anchor.route,
        switched=switched,
        words=words,
        reasons=reasons,
        scores={k: round(v, 4) for k, v in scores.items()},
        evidence=support,
        abstain=abstain,
    )


def evidence_support(drafts: Sequence[Draft]) -> dict[str, float]:
    """Return E by option id; see the module. An option that no reading speaks of is not in it."""
    readings = [d for d in drafts if d.usable and d.group == EVIDENCE_GROUP and d.choice is not None]
    supported = {str(d.choice) for d in readings}
    refuted = {option for d in drafts if d.error is None for option in d.refuted} - supported
    if len(supported) == 1:
        return dict.fromkeys(refuted, -1.0) | {supported.pop(): 1.0 if len(readings) > 1 else 0.5}
    return dict.fromkeys(refuted, -1.0) | dict.fromkeys(supported, 0.0)


def _anchor(usable: Sequence[Draft], local: bool) -> Draft:
    """Return the draft that stands unless more speaks for another answer. One in English counts as such only where it
    answered the translation."""
    preferred = ("native", "native_closed", "evidence", "english") if local else ("english", "native_closed", "native")
    for route in preferred:
        for draft in usable:
            if draft.route == route and (route != "english" or draft.language == "en"):
                return draft
    return max(usable, key=lambda d: (d.translation_validity, d.confidence, d.route))


def _group(draft: Draft) -> tuple[str, str]:
    """Return what drafts share whose errors are nearly the same: one model, asked in one language."""
    return (draft.group, draft.language)


def _scores(
    usable: Sequence[Draft],
    k_options: int,
    settings: ReconcileSettings,
    support: Mapping[str, float],
    anchor: Draft,
) -> dict[str, float]:
    votes = [d for d in usable if d.group != EVIDENCE_GROUP]
    mean = sum(d.confidence for d in votes) / len(votes) if votes else 0.0
    groups: dict[tuple[str, tuple[str, str]], list[tuple[float, float]]] = {}
    for draft in votes:
        foreign = draft.model == anchor.model and draft.language != anchor.language
        k = settings.same_model_weight if foreign else 1.0
        prior = settings.prior_english if draft.language == "en" else settings.prior_other
        weight = log_odds(prior, k_options)
        vote = draft.translation_validity * k * weight * (draft.confidence / mean if mean > 0 else 1.0)
        groups.setdefault((str(draft.choice), _group(draft)), []).append((vote, k))
    scores = {str(draft.choice): 0.0 for draft in usable}
    for (choice, _), pooled in groups.items():
        effective = sum(k for _, k in pooled)
        together = sum(v for v, _ in pooled) / (1 + max(0.0, effective - 1) * settings.rho)
        scores[choice] += max(together, max(v for v, _ in pooled))
    for choice in scores:
        scores[choice] += support.get(choice, 0.0) * log_odds(settings.prior_evidence, k_options)
    return scores


def log_odds(p: float, k_options: int) -> float:
    """Return w(p) for K options; see the module."""
    k = max(2, k_options)
    p = min(0.98, max(1 / k + 0.03, p))
    return math.log((k - 1) * p / (1 - p))


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
    support: Mapping[str, float],
    settings: ReconcileSettings,
) -> tuple[str, list[Reason]]:
    """Return the words and the reasons of a decision; see `Decision`."""
    others = [d for d in usable if d.choice != anchor.choice]
    if len(usable) == 1:
        return f"{anchor.route} draft {anchor.choice} stands alone", [("decided_alone", {"option": anchor.choice})]
    if not others:
        agreed: Reason = ("decided_agree", {"count": len(usable), "option": anchor.choice})
        return f"{' and '.join(d.route for d in usable)} agree on {anchor.choice}", [agreed]
    says, evidence = _SAYS[_sign(support.get(best, 0.0))]
    if switched:
        changed: Reason = ("decided_changed", {"first": anchor.choice, "option": best})
        by_evidence = support.get(best, 0.0) > 0
        why = f"evidence {says} it" if by_evidence else "independent drafts support it"
        words = f"{anchor.route} draft {anchor.choice} given up for {best}: lead {lead:.2f}, {why}"
        return words, [changed, (evidence if by_evidence else "reason_drafts", {})]
    if best == anchor.choice:
        reason = f"it scores highest; evidence {says} it"
        because: list[Reason] = [("reason_weight", {}), (evidence, {})]
    elif not backed:
        reason = f"{best} has one correlated vote and no verified evidence"
        because = [("reason_one_vote", {"option": best})]
    else:
        reason = f"the lead of {best}, {lead:.2f}, is under the margin of {settings.margin:g}"
        because = [("reason_margin", {"option": best})]
    named = ", ".join(f"{d.route} {d.choice}" for d in others)
    rivals = ", ".join(sorted({str(d.choice) for d in others}))
    kept: Reason = ("decided_kept", {"option": anchor.choice, "others": rivals})
    return f"{anchor.route} draft {anchor.choice} kept against {named}: {reason}", [kept, *because]


def _sign(support: float) -> int:
    return (support > 0) - (support < 0)

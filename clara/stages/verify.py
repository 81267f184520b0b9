"""Hold the choices of drafts against each other and against the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clara.stages.reconcile import EVIDENCE_GROUP
from clara.types import Draft, Verdict, VerdictState


def verify_choices(drafts: Sequence[Draft], support: Mapping[str, float]) -> tuple[Verdict, ...]:
    """Return each draft's choice against every other route and against the evidence. No model call."""
    verdicts = []
    chosen = [d for d in drafts if d.choice is not None and d.error is None]
    for draft in chosen:
        for other in chosen:
            # An evidence draft speaks through its verified quotes, below.
            if other is not draft and other.group != EVIDENCE_GROUP:
                same = other.choice == draft.choice
                state: VerdictState = "supported" if same else "refuted"
                if not other.usable:
                    state = "not_enough_info" if not other.sufficient else "unverified"
                verdicts.append(Verdict(claim=f"{draft.route}: {draft.choice}", against=other.route, state=state))
        said = support.get(str(draft.choice), 0.0)
        against: VerdictState = "supported" if said > 0 else "refuted" if said < 0 else "not_enough_info"
        verdicts.append(
            Verdict(
                claim=f"{draft.route}: {draft.choice}",
                against="evidence",
                state=against,
            )
        )
    verdicts += [
        Verdict(claim=d.route, against="itself", state="unverified", reason=d.error)
        for d in drafts
        if d.error is not None
    ]
    return tuple(verdicts)

"""What stands where evidence of the asker's country differs from other evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clara.languages import country_code, country_name
from clara.stages.claims import CheckedClaim
from clara.stages.state import Run

_SAID = {
    "universal": "decided_local_universal",
    "local-first": "decided_local_first",
    "show-both": "decided_local_both",
}


def settle_locality(run: Run, checked: Sequence[CheckedClaim]) -> list[CheckedClaim]:
    """Apply the policy to claims that evidence supports and that contradict each other over a country.

    universal: the claim that rests on no country's evidence stands; local-first: that of the asker's country;
    show-both: both, each of a country's named as such. A claim that rests on another country's evidence never
    stands against one that does not. What falls is no longer accepted, and the decision is recorded in words.
    """
    here = country_code(run.question.country) if run.question.country else None
    settled = list(checked)
    for number, claim in enumerate(checked):
        of = country_code(claim.country) if claim.country else None
        rivals = [m for m in sorted(claim.conflicts) if m < len(checked) and checked[m].state == "supported"]
        rivals = [m for m in rivals if (country_code(str(checked[m].country)) if checked[m].country else None) != of]
        if claim.state != "supported" or of is None or not rivals:
            continue
        policy = "universal" if of != here else run.settings.policy
        if policy == "show-both":
            named = country_name(of, run.question.answer_language)
            said = claim.claim
            wording = f"{named}: {said.wording}" if said.wording else ""
            settled[number] = replace(claim, claim=replace(said, text=f"{named}: {said.text}", wording=wording))
        falls = {"universal": [number], "local-first": rivals, "show-both": []}[policy]
        for fallen in falls:
            settled[fallen] = replace(
                settled[fallen], state="refuted", agreed=False, reason=f"policy {policy}: evidence of {of} differs"
            )
        run.trace.record(
            "decision", "locality", words=f"policy {policy}: evidence of {of} differs from other evidence",
            said=run.say(_SAID[policy], country=country_name(of, run.question.answer_language)),
        )  # fmt: skip
    return settled

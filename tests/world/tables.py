"""From results to figures, and from figures to the tables of docs/debiasing.md.

Accuracy is correct / n and an abstained answer is not correct. The question is the cluster: a question's value is its
mean over languages, and a standard error is sd / sqrt(n) over questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.world.bench import CALIBRATED, Results
from tests.world.scenarios import LIMIT, SCENARIOS, Scenario

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "debiasing.md"
SCENARIO_MARKS = "<!-- scenarios -->", "<!-- end of scenarios -->"
RESULT_MARKS = "<!-- results -->", "<!-- end of results -->"
ONE_SIDED = 1.645
"""Standard errors beyond which chance alone goes one time in twenty, on one side."""
FORMS = ("clara", CALIBRATED)
_COSTS = {"calls": 2, "rounds": 2, "tokens": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean and its standard error, both in percentage points."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.1f} ± {self.error:.1f}"

    @property
    def signed(self) -> str:
        """Return it as a difference."""
        return f"{self.value:+.1f} ± {self.error:.1f}"


def estimate(by_question: NDArray[np.float64]) -> Estimate:
    """Return the mean of one value a question, a share in [0, 1] or a difference of two, with its standard error."""
    error = by_question.std(ddof=1) / math.sqrt(by_question.size)
    return Estimate(value=100 * float(by_question.mean()), error=100 * float(error))


def compare(results: Results, method: str, baseline: str, languages: Sequence[str] = ()) -> Estimate:
    """Return how much more accurate a method is than another on the same questions, over languages (default all)."""
    difference = results.of(method, languages=languages) - results.of(baseline, languages=languages)
    return estimate(difference.mean(axis=0))


def best_baseline(results: Results) -> str:
    """Return the method other than `clara`, in either form, whose accuracy over all languages is highest."""
    others = [name for name in results.methods if name not in FORMS]
    return max(others, key=lambda name: (results.of(name).mean(), name))


def result_table(results: Results) -> str:
    """Return one scenario's table: a row a method, the most accurate over all languages first."""
    others = [tag for tag in results.languages if tag != "en"]
    lines = [
        "| method | English | others | worst | gap | calls | rounds | tokens | abstained |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for method in sorted(results.methods, key=lambda name: -results.of(name).mean()):
        english, rest = results.of(method, languages=["en"])[0], results.of(method, languages=others).mean(axis=0)
        by_language = dict(zip(results.languages, results.of(method).mean(axis=1), strict=True))
        worst = min(by_language, key=lambda tag: by_language[tag])
        cells = [
            f"`{method}`", str(estimate(english)), str(estimate(rest)), f"{100 * by_language[worst]:.1f} {worst}",
            estimate(english - rest).signed,
        ]  # fmt: skip
        cells += [f"{results.of(method, name).mean():.{digits}f}" for name, digits in _COSTS.items()]
        lines.append("| " + " | ".join([*cells, f"{100 * results.of(method, 'abstained').mean():.1f}"]) + " |")
    return "\n".join(lines)


def bar_table(all_results: Sequence[Results]) -> str:
    """Return how `clara`, as it comes and calibrated, stands to the best baseline over all languages, and to `direct`
    in English."""
    lines = [
        "| scenario | best baseline | method | against it | at most a point below | English against `direct` |",
        "|---|---|---|--:|---|--:|",
    ]
    for results in (r for r in all_results if r.scenario != LIMIT):
        best = best_baseline(results)
        for method in (name for name in FORMS if name in results.methods):
            lead, english = compare(results, method, best), compare(results, method, "direct", ["en"])
            cells = [results.scenario, f"`{best}`", f"`{method}`", lead.signed, verdict(lead, -1), english.signed]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict(difference: Estimate, bar: float) -> str:
    """Return "yes" where a difference reaches the bar, "within error" where chance may have kept it from that."""
    if difference.value >= bar:
        return "yes"
    return "within error" if difference.value >= bar - ONE_SIDED * difference.error else "no"


def result_tables(all_results: Sequence[Results]) -> str:
    """Return how `clara` stands, and every scenario's table under its name."""
    parts = [f"### Against the bar\n\n{bar_table(all_results)}"]
    for results in all_results:
        parts.append(f"### {results.scenario[0].upper()}{results.scenario[1:]}\n\n{result_table(results)}")
    return "\n\n".join(parts)


def scenario_table() -> str:
    """Return what each scenario sets: the first one in full, the others where they differ from it."""
    first = SCENARIOS[0]
    lines = ["| scenario | what it is | the model | documents |", "|---|---|---|---|"]
    for scenario in SCENARIOS:
        kinds = ", ".join(f"{kind} {share:g}" for kind, share in scenario.evidence.items())
        lines.append(f"| {scenario.name} | {scenario.about} | {_differences(scenario, first)} | {kinds} |")
    return "\n".join(lines)


def _differences(scenario: Scenario, first: Scenario) -> str:
    set_ = []
    for field in fields(scenario.behaviour):
        value = getattr(scenario.behaviour, field.name)
        if scenario is not first and value == getattr(first.behaviour, field.name):
            continue
        # Accuracy on local questions counts where there are any, and that on others where there are none.
        if field.name in ("accuracy", "local_accuracy") and scenario.local != (field.name == "local_accuracy"):
            continue
        set_.append(f"`{field.name}` {_show(value)}")
    return ", ".join(set_)


def _show(value: float | Sequence[float] | Mapping[str, float]) -> str:
    if isinstance(value, Mapping):
        if len(set(value.values())) == 1:
            return f"{next(iter(value.values())):g}"
        return " ".join(f"{tag} {share:g}" for tag, share in value.items())
    return " / ".join(f"{share:g}" for share in value) if isinstance(value, Sequence) else f"{value:g}"


def put_between(page: str, marks: tuple[str, str], text: str) -> str:
    """Return the page with `text` between two marks."""
    before, rest = page.split(marks[0])
    return f"{before}{marks[0]}\n{text}\n{marks[1]}{rest.split(marks[1])[1]}"

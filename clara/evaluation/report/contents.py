"""The tables of a report, made from results.json alone. What that does not hold stays empty; nothing is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clara.evaluation.report.tables import Column, Estimate, Table, Value, estimate
from clara.evaluation.results import REPLAY
from clara.evaluation.statistics.levels import PARITY

Results = Mapping[str, Any]

LANGUAGE = Column(head="language", text=True, tag=True)
METHOD = Column(head="method", text=True)
# Key of results.json -> column.
_OUTCOMES = {
    "n": Column(head="answers", digits=0), "correct": Column(head="right", digits=0),
    "accuracy": Column(head="accuracy, %"), "unparsed": Column(head="unparsed", digits=0),
    "refused": Column(head="refused", digits=0), "abstained": Column(head="abstained", digits=0),
    "errors": Column(head="errors", digits=0),
}  # fmt: skip
_COSTS = {
    "calls": Column(head="calls", digits=0), "prompt_tokens": Column(head="prompt tokens", digits=0),
    "completion_tokens": Column(head="completion tokens", digits=0), "cost": Column(head="cost", digits=4),
    "latency_p50_s": Column(head="median seconds", digits=2),
}  # fmt: skip
_QUALITY_COSTS = {
    "latency_p95_s": Column(head="95th percentile, seconds", digits=2),
    "token_premium": Column(head="token premium", digits=2),
    "cost_per_correct": Column(head="cost per right answer", digits=5),
}
_QUALITY = {
    "coverage": Column(head="coverage, %"), "selective_accuracy": Column(head="accuracy where answered, %"),
    "aurc": Column(head="area under risk and coverage", digits=3), "brier": Column(head="Brier score", digits=3),
    "ece": Column(head="calibration error", digits=3), "ece_null": Column(head="calibration error by chance", digits=3),
    "in_language": Column(head="in the asked language, %"),
    "language_fidelity": Column(head="right and in it, %"), "consistency": Column(head="consistency over epochs, %"),
    "position_bias": Column(head="position bias", digits=3),
    "position_bias_null": Column(head="position bias by chance", digits=3),
}  # fmt: skip


def languages_of(results: Results) -> list[str]:
    """Return the languages, in the order of the results."""
    return list(next(iter(results["methods"].values()))["languages"])


def report_tables(results: Results) -> list[Table]:
    """Return every table that there may be, in the order of the report."""
    made = [
        level_table(results), accuracy_table(results), change_table(results), comparison_table(results),
        _per_cell(results, "outcomes", "What became of the answers", _OUTCOMES, {}),
        _per_cell(results, "cost", "Calls, tokens, cost and time, by method and language", _COSTS, _QUALITY_COSTS),
        _per_cell(results, "quality", "Confidence, abstention, language, position and consistency", {}, _QUALITY),
        _tiers(results), _pairs(results), _metrics(results),
        *curve_tables(results),
    ]  # fmt: skip
    return made


def level_table(results: Results) -> Table:
    """Return each method's mean, gap, worst language, range, and calls (of a replay, drafts) per question."""
    used = "drafts" if results["manifest"].get("kind") == REPLAY else "calls"
    columns = (
        METHOD, Column(head="mean accuracy, %"), Column(head="gap to English, points", signed=True),
        Column(head="parity", text=True), Column(head="worst language", text=True, tag=True),
        Column(head="its accuracy, %"), Column(head="range, points"), Column(head="range by chance"),
        Column(head="same answer in two languages, %"), Column(head=f"{used} a question", digits=2),
    )  # fmt: skip
    rows = []
    for name, found in results["methods"].items():
        gap, worst = found.get("gap") or {}, found.get("worst") or {}
        parity = {None: None, True: f"within ±{PARITY:g}"}.get(gap.get("parity"), "not shown")
        rows.append(
            (name, found.get("mean"), estimate(gap), parity, worst.get("language") or None, worst.get("accuracy"),
             found.get("range"), found.get("range_null_mean"), (found.get("agreement") or {}).get("mean"),
             found.get("calls_per_question"))
        )  # fmt: skip
    return Table(name="methods", caption="Levels of each method", columns=columns, rows=tuple(rows))


def accuracy_table(results: Results) -> Table:
    """Return accuracy with its interval, a row per language and a column per method."""
    methods = results["methods"]
    rows = [
        (tag, *(estimate(found["languages"].get(tag), "accuracy") for found in methods.values()))
        for tag in languages_of(results)
    ]
    columns = (LANGUAGE, *(Column(head=name) for name in methods))
    return Table(name="accuracy", caption="Accuracy by language, %", columns=columns, rows=tuple(rows))


def comparison_table(results: Results) -> Table:
    """Return what each method changed against the baseline, and the verdict."""
    columns = (
        METHOD, Column(head="against", text=True), Column(head="gap reduced by, points", signed=True),
        Column(head="p", p=True), Column(head="% of the gap"), Column(head="other languages", signed=True),
        Column(head="English", signed=True), Column(head="language that was worst", text=True, tag=True),
        Column(head="its change", signed=True), Column(head="verdict", text=True),
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = []
    for found in results["comparisons"]:
        reduction, worst = found["gap_reduction"], found.get("worst_at_baseline") or {}
        rows.append(
            (found["method"], found["baseline"], estimate(reduction), reduction.get("p"), reduction.get("relative"),
             estimate(found["lift_others"]), estimate(found["change_english"]), worst.get("language") or None,
             worst.get("diff"), found["verdict"])
        )  # fmt: skip
    return Table(
        name="comparisons", caption="Change against the baseline, points", columns=columns, rows=tuple(rows), headers=2
    )


def change_table(results: Results) -> Table:
    """Return each language's change against the baseline with its p, adjusted for the number of languages (Holm)."""
    comparisons = results["comparisons"]
    columns = [LANGUAGE]
    for found in comparisons:
        columns += [Column(head=found["method"], signed=True), Column(head=f"{found['method']}: p (Holm)", p=True)]
    rows: list[tuple[Value, ...]] = []
    for tag in comparisons[0]["per_language"] if comparisons else ():
        changes = [found["per_language"].get(tag, {}) for found in comparisons]
        rows.append((tag, *(change.get(key) for change in changes for key in ("diff", "p_holm"))))
    caption = "Change of each language against the baseline, points"
    return Table(name="changes", caption=caption, columns=tuple(columns), rows=tuple(rows))


def curve_tables(results: Results) -> Iterator[Table]:
    """Yield the numbers behind the curves, a row per point."""
    kinds = {
        "calibration": ("mean confidence", "accuracy, %", "answers"),
        "risk_coverage": ("coverage", "risk"),
        "agreement": ("share of drafts that agree", "accuracy, %", "answers"),
    }
    captions = {
        "calibration": "Calibration: how often an answer of a given confidence is right",
        "risk_coverage": "Risk and coverage: errors among the answers kept, most confident first",
        "agreement": "Agreement of the drafts and accuracy",
    }
    for kind, heads in kinds.items():
        points = [_point(name, point, heads) for name, point in points_of(results, kind)]
        digits = {"answers": 0, "accuracy, %": 1}
        columns = (METHOD, *(Column(head=head, digits=digits.get(head, 3)) for head in heads))
        yield Table(name=kind, caption=captions[kind], columns=columns, rows=tuple(points))


def _point(method: str, point: Sequence[float | None], heads: Sequence[str]) -> tuple[Value, ...]:
    """Return a row of a curve's table; what a point holds beyond its heads are the bounds of its accuracy."""
    if len(point) == len(heads) + 2:
        return (method, point[0], Estimate(point[1], *point[len(heads) :]), *point[2 : len(heads)])
    return (method, *point[: len(heads)])


def points_of(results: Results, kind: str) -> Iterator[tuple[str, Sequence[float | None]]]:
    """Yield (method, point) of one kind of curve, as far as there are any."""
    for name, found in results["methods"].items():
        for point in (found.get("curves") or {}).get(kind) or ():
            yield name, point


def quality_of(results: Results, method: str, tag: str) -> Mapping[str, Any]:
    """Return what was measured of a method in a language beside accuracy."""
    cell = results["methods"][method]["languages"].get(tag) or {}
    return cell.get("quality") or {}


def _per_cell(
    results: Results, name: str, caption: str, keys: Mapping[str, Column], quality: Mapping[str, Column]
) -> Table:
    rows: list[tuple[Value, ...]] = []
    for method, found in results["methods"].items():
        for tag, cell in found["languages"].items():
            beside = quality_of(results, method, tag)
            values = [estimate(cell, key) if key == "accuracy" else cell.get(key) for key in keys]
            rows.append((method, tag, *values, *(_value(beside.get(key)) for key in quality)))
    columns = (METHOD, LANGUAGE, *keys.values(), *quality.values())
    return Table(name=name, caption=caption, columns=columns, rows=tuple(rows), headers=2)


def _value(found: Any) -> Value:
    """Return a number as it stands, and one with an interval as an estimate."""
    return estimate(found) if isinstance(found, Mapping) else found


def _tiers(results: Results) -> Table:
    """Return accuracy and gap of the languages of each tier."""
    rows: list[tuple[Value, ...]] = []
    for method, found in results["methods"].items():
        for tier, part in (found.get("by_tier") or {}).items():
            rows.append((method, tier, ", ".join(part["languages"]), part["accuracy"], estimate(part["gap"])))
    columns = (
        METHOD, Column(head="tier", text=True), Column(head="languages", text=True), Column(head="accuracy, %"),
        Column(head="gap to English, points", signed=True),
    )  # fmt: skip
    caption = "By how much text there is in a language"
    return Table(name="tiers", caption=caption, columns=columns, rows=tuple(rows), headers=3)


def _pairs(results: Results) -> Table:
    """Return how often a method gives two languages the same answer."""
    rows: list[tuple[Value, ...]] = []
    for method, found in results["methods"].items():
        for pair in (found.get("agreement") or {}).get("pairs") or ():
            rows.append((method, *pair["languages"], pair["agree"]))
    columns = (METHOD, LANGUAGE, Column(head="and", text=True, tag=True), Column(head="same answer, %"))
    caption = "How often two languages get the same answer"
    return Table(name="pairs", caption=caption, columns=columns, rows=tuple(rows), headers=3)


def _metrics(results: Results) -> Table:
    """Return the numbers whose names are the dataset's own."""
    rows: list[tuple[Value, ...]] = []
    for method, found in results["methods"].items():
        rows += [(method, path, value) for path, value in _leaves(found.get("metrics") or {}, ())]
    columns = (METHOD, Column(head="metric", text=True), Column(head="value", digits=2))
    return Table(name="metrics", caption="The dataset's own metrics", columns=columns, rows=tuple(rows), headers=2)


def _leaves(found: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Value]]:
    if isinstance(found, Mapping) and "ci95" in found and "value" in found:
        yield " · ".join(path), Estimate(found["value"], *(found["ci95"] or (None, None)))
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield from _leaves(value, (*path, str(key)))
    elif found is None or isinstance(found, (int, float, str)):
        yield " · ".join(path), found

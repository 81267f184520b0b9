"""What each chart shows, drawn into matplotlib's axes. Methods keep their colour and shape through all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clara.evaluation.extras import load_extra
from clara.evaluation.report.contents import languages_of, points_of, quality_of
from clara.evaluation.statistics.levels import PARITY

INK = "#000000"
"""Text, axes and the baseline: the page sets its own colour of text in place of it."""
_QUIET = "#808080"
# Okabe and Ito's colours that stand out on white and on black; shapes tell the same once more.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_SHAPES = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
_ROW = 0.24  # inches of a row of text
_LABEL = 30  # characters of a method's name that a chart has room for

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a method looks: its label, colour and shape; the baseline is hollow."""

    label: str
    colour: str
    shape: str
    hollow: bool

    def style(self) -> dict[str, Any]:
        """Return matplotlib's arguments for points."""
        face = "none" if self.hollow else self.colour
        return {"color": self.colour, "marker": self.shape, "markerfacecolor": face, "markersize": 5, "zorder": 3}


Marks = Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chart that there are numbers for."""

    fill: Callable[[Any], None]
    height: float
    panels: int = 1


def marks_of(methods: Sequence[str], baseline: str) -> Marks:
    """Return how each method looks. A name with characters that the pictures' font lacks is shown by its number."""
    found, turn = {}, 0
    for place, name in enumerate(methods, 1):
        label = _cut(name) if _drawable(name) else f"method {place}"
        if name == baseline:
            found[name] = Mark(label, INK, "o", True)
        else:
            found[name] = Mark(label, _COLOURS[turn % len(_COLOURS)], _SHAPES[turn % len(_SHAPES)], False)
            turn += 1
    return found


def _cut(name: str) -> str:
    return name if len(name) <= _LABEL else f"{name[: _LABEL // 2 - 1]}…{name[-_LABEL // 2 :]}"


def _drawable(text: str) -> bool:
    manager, ft2font = load_extra("matplotlib.font_manager"), load_extra("matplotlib.ft2font")
    font = ft2font.FT2Font(manager.findfont("DejaVu Sans"))
    return text.isprintable() and all(font.get_char_index(ord(character)) for character in text)


def gap(results: Results, marks: Marks) -> Prepared | None:
    """Each method's gap to English with its interval, and the band in which parity is claimed."""
    gaps = {name: found.get("gap") or {} for name, found in results["methods"].items()}
    known = {name: found for name, found in gaps.items() if found.get("value") is not None}

    def fill(axes: Any) -> None:
        axes.axvspan(-PARITY, PARITY, color=_QUIET, alpha=0.18, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.8)
        for row, (name, found) in enumerate(known.items()):
            _point(axes, found["value"], row, found.get("ci95"), marks[name], "_")  # its row names it
        axes.set_yticks(range(len(known)), [marks[name].label for name in known])
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.set_xlabel(f"points by which English leads, 95% interval\ngrey: within ±{PARITY:g} points")
        _plain(axes, grid="x")

    return Prepared(fill, 0.8 + _ROW * 1.2 * len(known)) if known else None


def languages(results: Results, marks: Marks) -> Prepared | None:
    """Each language's accuracy at baseline and with each method, joined by a line."""
    tags, methods = languages_of(results), results["methods"]
    baseline = next((name for name, mark in marks.items() if mark.hollow), None)
    others = [name for name in methods if name != baseline] or [str(baseline)]
    rows = max(1, len(others))

    def accuracy(name: str | None, tag: str) -> float | None:
        cell = methods[name]["languages"].get(tag) if name is not None else None
        return cell.get("accuracy") if cell else None

    def fill(axes: Any) -> None:
        if baseline is not None and others != [baseline]:
            axes.plot([], [], linestyle="none", label=marks[baseline].label, **marks[baseline].style())
        for place, tag in enumerate(tags):
            before = accuracy(baseline, tag)
            for row, name in enumerate(others):
                y = place + (row + 0.5) / rows * 0.76 - 0.38
                after = accuracy(name, tag)
                if before is not None and after is not None:
                    axes.plot([before, after], [y, y], color=marks[name].colour, linewidth=1.6, alpha=0.6)
                if after is not None:
                    axes.plot(after, y, linestyle="none", label=_once(axes, marks[name].label), **marks[name].style())
                if before is not None and baseline is not None and name != baseline:
                    axes.plot(before, y, linestyle="none", **marks[baseline].style())
        for place in range(0, len(tags), 2):
            axes.axhspan(place - 0.5, place + 0.5, color=_QUIET, alpha=0.1, linewidth=0)
        axes.set_yticks(range(len(tags)), tags)
        axes.set_ylim(len(tags) - 0.5, -0.5)
        axes.set_xlabel("accuracy, %")
        _plain(axes, grid="x")

    known = any(accuracy(name, tag) is not None for name in methods for tag in tags)
    return Prepared(fill, 0.9 + len(tags) * max(_ROW, 0.13 * rows)) if known else None


def cost(results: Results, marks: Marks) -> Prepared | None:
    """Tokens for the same content relative to English, and the cost of a right answer, by language."""
    tags = languages_of(results)
    kinds = {"token_premium": "token premium (English = 1)", "cost_per_correct": "cost per right answer"}
    values = {
        kind: {(name, tag): quality_of(results, name, tag).get(kind) for name in results["methods"] for tag in tags}
        for kind in kinds
    }
    shown = [kind for kind, found in values.items() if any(value is not None for value in found.values())]

    def fill(axes: Any) -> None:
        for panel, kind in zip([axes] if len(shown) == 1 else axes, shown, strict=True):
            for row, name in enumerate(results["methods"]):
                for place, tag in enumerate(tags):
                    value = values[kind][name, tag]
                    if value is None:
                        continue
                    found = value if isinstance(value, Mapping) else {"value": value}
                    y = place + (row + 0.5) / len(results["methods"]) * 0.7 - 0.35
                    _point(panel, found["value"], y, found.get("ci95"), marks[name])
            if kind == "token_premium":
                panel.axvline(1, color=INK, linewidth=0.8)
            panel.set_yticks(range(len(tags)), tags)
            panel.set_ylim(len(tags) - 0.5, -0.5)
            panel.set_xlabel(kinds[kind])
            _plain(panel, grid="x")

    height = 0.9 + len(tags) * max(_ROW, 0.11 * len(results["methods"]))
    return Prepared(fill, height, len(shown)) if shown else None


def _curve(
    kind: str, xlabel: str, ylabel: str, *, diagonal: bool = False
) -> Callable[[Results, Marks], Prepared | None]:
    """Return what draws one kind of curve. diagonal: whether perfect values lie on it."""

    def make(results: Results, marks: Marks) -> Prepared | None:
        points: dict[str, list[Sequence[float | None]]] = {}
        for name, point in points_of(results, kind):
            points.setdefault(name, []).append(point)

        def fill(axes: Any) -> None:
            if diagonal:
                axes.plot([0, 1], [0, 100], color=_QUIET, linewidth=1, linestyle=(0, (4, 3)))
            for name, found in points.items():
                style = marks[name].style() if len(found) <= 25 else {"color": marks[name].colour}
                xs, ys = [point[0] for point in found], [point[1] for point in found]
                axes.plot(xs, ys, linewidth=1.2, label=marks[name].label, **style)
            axes.set_xlim(-0.02, 1.02)
            axes.set_xlabel(xlabel)
            axes.set_ylabel(ylabel)
            _plain(axes, grid="both")

        return Prepared(fill, 3.2) if points else None

    return make


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart of a report. name: of its files. text: in words, for those who do not see it. make: None where
    nothing of it was measured."""

    name: str
    title: str
    text: str
    make: Callable[[Results, Marks], Prepared | None]


FIGURES = (
    Figure("gap", "Gap to English before and after", "The numbers are in the table of levels.", gap),
    Figure("languages", "Accuracy of each language before and after", "The numbers are in the table of accuracy.",
           languages),
    Figure("cost", "Token premium and cost by language", "The numbers are in the table of cost.", cost),
    Figure("calibration", "Calibration", "On the dashed line, answers are right as often as their confidence says. "
           "The numbers are in the table.", _curve("calibration", "mean confidence", "accuracy, %", diagonal=True)),
    Figure("risk_coverage", "Risk and coverage", "Lower is better: errors among the answers kept. The numbers are in "
           "the table.", _curve("risk_coverage", "coverage: share kept, most confident first", "risk: share wrong")),
    Figure("agreement", "Agreement of drafts and accuracy", "The numbers are in the table.",
           _curve("agreement", "share of usable drafts that agree with the answer", "accuracy, %")),
)  # fmt: skip


def _point(
    axes: Any, x: float, y: float, interval: Sequence[float | None] | None, mark: Mark, label: str | None = None
) -> None:
    """Draw a value with its interval. label: in the legend, if it is not the method's."""
    low, high = interval or (None, None)
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], color=mark.colour, linewidth=1.4)
    axes.plot(x, y, linestyle="none", label=label or _once(axes, mark.label), **mark.style())


def _once(axes: Any, label: str) -> str:
    """Return the label for its first use in a chart, and what matplotlib leaves out of the legend after that."""
    return "_" if label in axes.get_legend_handles_labels()[1] else label


def _plain(axes: Any, *, grid: str) -> None:
    axes.grid(axis=grid, color=_QUIET, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor("none")  # the page's own colour behind it
    axes.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)

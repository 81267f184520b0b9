"""The picture of a measurement: what each query language gets from each system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clara.evaluation.extras import load_extra
from clara.evaluation.retrieval import metrics
from clara.evaluation.retrieval.labels import HEADINGS, kind_of, measured, name_of
from clara.evaluation.retrieval.results import Results, SystemResult

# Okabe and Ito's colours, which people with any colour vision tell apart; shapes tell the same once more.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
_BAND = 0.72  # of a system's height, taken by its languages


def write_figure(results: Results, paths: Sequence[Path]) -> None:
    """Draw Complete@10 and the same-language nDCG@10 (or, where nothing is parallel, nDCG@10) per system and query
    language, with 95% intervals and a row for each kind of variants; the format follows from each path's ending.

    Raises ConfigError without the extra `eval`, OSError where a path cannot be written.
    """
    matplotlib = load_extra("matplotlib")
    figures = load_extra("matplotlib.figure")
    held = measured(results)
    shown = [metric for metric in (metrics.COMPLETE, metrics.SAME_LANGUAGE) if metric in held]
    shown = shown if metrics.SAME_LANGUAGE in shown else [*shown, metrics.NDCG]
    kinds = list(dict.fromkeys(system.variants for system in results.systems))
    rows = max(sum(system.variants == kind for system in results.systems) for kind in kinds)
    height = 1.1 + len(kinds) * (0.7 + rows * max(0.36, 0.11 * len(results.queries)))
    # The same input gives the same file, so that a picture in a repository changes only with its numbers.
    style = {"svg.hashsalt": "clara", "svg.fonttype": "path", "font.size": 9}
    with matplotlib.rc_context(style):
        figure = figures.Figure(figsize=(9.5, height), layout="constrained")
        axes = figure.subplots(len(kinds), len(shown), sharex=True, sharey="row", squeeze=False)
        for row, kind in zip(axes, kinds, strict=True):
            systems = [system for system in results.systems if system.variants == kind]
            for panel, metric in zip(row, shown, strict=True):
                _draw(panel, systems, metric, list(results.queries))
                panel.set_title(f"{HEADINGS[metric]}, {kind_of(kind)}", fontsize=9, loc="left")
        for panel in axes[-1]:
            panel.set_xlabel("per cent, with 95% interval")
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper center", ncols=min(len(labels), 10), frameon=False, title="query in"
        )
        for path in paths:
            figure.savefig(path, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw(panel: Any, systems: Sequence[SystemResult], metric: str, languages: Sequence[str]) -> None:
    """Draw one panel: a line of height 1 per system, its languages below one another."""
    step = _BAND / max(1, len(languages))
    for column, language in enumerate(languages):
        xs, ys, left, right = [], [], [], []
        for row, system in enumerate(systems):
            if (score := system.languages[language].get(metric)) is None:
                continue
            xs.append(100 * score.value)
            ys.append(row - _BAND / 2 + step * (column + 0.5))
            left.append(100 * (score.value - (score.value if score.low is None else score.low)))
            right.append(100 * ((score.value if score.high is None else score.high) - score.value))
        panel.errorbar(
            xs, ys, xerr=[left, right], label=language, linestyle="none", markersize=4, elinewidth=1.2,
            color=_COLOURS[column % len(_COLOURS)], marker=_MARKERS[column % len(_MARKERS)],
        )  # fmt: skip
    for row in range(0, len(systems), 2):
        panel.axhspan(row - 0.5, row + 0.5, color="#f1f1f1", zorder=0, linewidth=0)
    panel.set_yticks(range(len(systems)), [name_of(system) for system in systems])
    panel.set_ylim(len(systems) - 0.5, -0.5)  # the first system on top
    panel.set_xlim(-2, 102)
    panel.grid(axis="x", color="#d0d0d0", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)

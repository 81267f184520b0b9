"""The pictures of a report: drawn once, kept as PNG and SVG, and set into the page as part of its text."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from clara.evaluation.extras import load_extra
from clara.evaluation.report import figures

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# The same input gives the same file. Letters stay letters, so that they can be found and read out; names come from
# files, so that no formula is read from them.
_STYLE = {"svg.hashsalt": "clara", "svg.fonttype": "none", "font.size": 9, "text.parse_math": False}
_WIDTH = 4.6  # inches: narrow, so that the letters can still be read where it fills a telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture. name: of its files. title and text: what it shows, in words, for those who do not see it."""

    name: str
    title: str
    text: str
    svg: str
    png: bytes

    def write(self, folder: Path) -> list[Path]:
        """Write NAME.png and NAME.svg. Raises OSError."""
        paths = [folder / f"{self.name}.png", folder / f"{self.name}.svg"]
        paths[0].write_bytes(self.png)
        paths[1].write_text(self.svg, encoding="utf-8")
        return paths

    def inline(self) -> str:
        """Return the picture as an element of a page, in the page's colour of text and with its letters.

        A strict content security policy allows no `style` attribute, so each becomes presentation attributes.
        """
        ElementTree.register_namespace("", _SVG)
        ElementTree.register_namespace("xlink", _XLINK)
        root = ElementTree.fromstring(self.svg)
        for parent in list(root.iter()):
            for child in list(parent):
                background = child.get("id") == "patch_1" and parent.get("id") == "figure_1"
                if background or _plain(child.tag) in ("metadata", "style"):
                    parent.remove(child)
        for element in root.iter():
            _restyle(element, self.name)
            if _plain(element.tag) == "text" and "fill" not in element.attrib:
                element.set("fill", "currentColor")
        for dimension in ("width", "height"):
            root.set(dimension, f"{float(root.get(dimension, '0').removesuffix('pt')) * 4 / 3:.0f}")
        root.set("role", "img")
        root.set("aria-label", f"{self.title}. {self.text}")
        root.set("stroke-linejoin", "round")
        return ElementTree.tostring(root, encoding="unicode")


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _restyle(element: ElementTree.Element, prefix: str) -> None:
    for declaration in element.attrib.pop("style", "").split(";"):
        key, colon, value = declaration.partition(":")
        if colon and key.strip() != "font-family":
            element.set(key.strip(), value.strip())
    for key, value in element.items():
        if key in ("fill", "stroke") and value == figures.INK:
            element.set(key, "currentColor")
        elif key == "id":
            element.set(key, f"{prefix}-{value}")
        elif key == f"{{{_XLINK}}}href":
            element.set(key, value.replace("#", f"#{prefix}-", 1))
        elif "url(#" in value:
            element.set(key, value.replace("url(#", f"url(#{prefix}-"))


def draw(shown: figures.Figure, prepared: figures.Prepared) -> Chart:
    """Draw a chart. Raises ConfigError without the extra `eval`."""
    matplotlib = load_extra("matplotlib")
    figure_module = load_extra("matplotlib.figure")
    with matplotlib.rc_context(_STYLE):
        figure = figure_module.Figure(figsize=(_WIDTH, prepared.height), layout="constrained")
        axes = figure.subplots(1, prepared.panels, sharey=True)
        prepared.fill(axes)
        panel = axes if prepared.panels == 1 else axes[0]
        handles, labels = panel.get_legend_handles_labels()
        if len(labels) > 1:
            columns = max(1, min(len(labels), 48 // (5 + max(map(len, labels)))))
            figure.legend(handles, labels, loc="outside upper left", ncols=columns, frameon=False, handletextpad=0.3)
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=200)
    return Chart(name=shown.name, title=shown.title, text=shown.text, svg=svg.getvalue(), png=png.getvalue())


def draw_charts(results: Mapping[str, Any], baseline: str) -> list[Chart]:
    """Return the charts of what was measured; what was not has none."""
    methods = list(results["methods"])
    marks = figures.marks_of(methods, baseline)
    charts = []
    for figure in figures.FIGURES:
        prepared = figure.make(results, marks)
        if prepared is not None:
            charts.append(draw(figure, prepared))
    return charts

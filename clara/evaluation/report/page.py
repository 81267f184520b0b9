"""The report as one file: no part of it is fetched, none of its text is trusted, and it reads without JavaScript."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from clara.evaluation.extras import load_extra
from clara.evaluation.report.charts import Chart
from clara.evaluation.report.tables import MISSING, Column, Table, number
from clara.text import clean

_TEMPLATES = Path(__file__).parent / "templates"
_TEXT = 1200  # characters of one text that the page shows; records.jsonl holds the whole
_LINK = re.compile(r"https?://[^\s<>\"]+")


def render(template: str, **values: Any) -> str:
    """Return a page. Raises ConfigError without the extra `eval`."""
    environment, markup = _environment(), load_extra("markupsafe").Markup
    css, script = (_TEMPLATES / "report.css").read_text("utf-8"), (_TEMPLATES / "report.js").read_text("utf-8")
    values |= {"css": markup(css), "script": markup(script), "css_hash": _hash(css), "script_hash": _hash(script)}
    page: str = environment.get_template(template).render(values)
    return page


def render_questions(shown: Iterable[Any], languages: Sequence[str], *, characters: int) -> list[str]:
    """Return questions as parts of a page, as many as so many characters hold."""
    environment, markup = _environment(), load_extra("markupsafe").Markup
    macro = environment.get_template("question.html.j2").module.question
    parts: list[str] = []
    size = 0
    for question in shown:
        part = macro(question, languages)
        size += len(part)
        if parts and size > characters:
            break
        parts.append(markup(part))
    return parts


def _hash(text: str) -> str:
    """Return what a content security policy calls an inline style or script (CSP level 3, section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=1)
def _environment() -> Any:
    jinja = load_extra("jinja2")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "text": _text,
        "line": _line,
        "inline": _inline,
        "named": Column(head="", tag=True).show,
        "number": number,
    }
    environment.tests["link"] = lambda text: isinstance(text, str) and _LINK.fullmatch(text) is not None
    environment.globals["missing"] = MISSING
    return environment


def _text(value: object) -> str:
    """Return untrusted text without characters that hide or turn it, cut to what a page can hold."""
    shown = clean(str(value)).strip()
    return shown if len(shown) <= _TEXT else f"{shown[:_TEXT]} …"


def _line(value: object) -> str:
    return " ".join(_text(value).split())


def _inline(chart: Chart) -> Any:
    return load_extra("markupsafe").Markup(chart.inline())


def sections(tables: Sequence[Table], charts: Sequence[Chart]) -> Mapping[str, Any]:
    """Return by name the charts, the tables that hold something, and what was not measured of each table."""
    kept, dropped = {}, {}
    for table in tables:
        if table.known:
            kept[table.name], dropped[table.name] = table.measured()
    return {"tables": kept, "unmeasured": dropped, "charts": {chart.name: chart for chart in charts}}

"""The table in docs/languages.md of what ships in each language. Rewrite it with:

python -m tests.contract.languages_doc
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter
from pathlib import Path

from clara.languages import SUPPORTED, english_name
from clara.stages.wordings import NEGATION

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "languages.md"
BEGIN, END = "<!-- languages -->", "<!-- end of languages -->"
SHIPPED = ROOT / "knowledge_base"


def table() -> str:
    """Return the table: a row per language that anything ships for, and how much of each part."""
    parts = {
        "topics of evidence": Counter(path.stem for path in SHIPPED.glob("ophthalmology/*/*.md")),
        "terms": _columns("glossary.tsv"),
        "drugs": _columns("drugs.tsv"),
        "questions of `ophtha-mini`": Counter(
            json.loads(line)["language"] for line in (SHIPPED / "ophtha-mini.jsonl").read_text("utf-8").splitlines()
        ),
        "CLARA's own sentences": Counter(
            tag
            for forms in tomllib.loads((ROOT / "prompts" / "messages.toml").read_text("utf-8")).values()
            for tag in forms
        ),
        "denials checked": Counter(dict.fromkeys(NEGATION, 1)),
    }
    others = sorted({tag for found in parts.values() for tag in found} - set(SUPPORTED))
    lines = [f"| language | tag | {' | '.join(parts)} |", "|---|---|" + "--:|" * len(parts)]
    for tag in (*SUPPORTED, *others):
        counts = [found[tag] for found in list(parts.values())[:-1]]
        cells = [*map(str, counts), "yes" if tag in NEGATION else "no"]
        lines.append(f"| {english_name(tag)} | `{tag}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _columns(name: str) -> Counter[str]:
    """Count the filled cells of each column that is a language."""
    with (SHIPPED / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    tags = [column for column in rows[0] if column in NEGATION]
    return Counter({tag: sum(bool(row[tag]) for row in rows) for tag in tags})


def rewritten(page: str) -> str:
    """Return the page with the table of today between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

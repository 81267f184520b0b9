"""What the method `evidence` reaches on `ophtha-mini`, for docs/knowledge.md. Rewrite it with:

python -m tests.contract.mini_doc
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from clara import Clara
from clara.languages import SUPPORTED
from tests.contract.knowledge_doc import PAGE, ROOT

MINI = ROOT / "knowledge_base" / "ophtha-mini.jsonl"
BEGIN, END = "<!-- ophtha-mini -->", "<!-- end of ophtha-mini -->"
Counts = dict[tuple[str, bool], Counter[str]]


def questions() -> list[dict[str, Any]]:
    """Return the records of `ophtha-mini`."""
    return [json.loads(line) for line in MINI.read_text(encoding="utf-8").splitlines()]


def measure(clara: Clara) -> Counts:
    """Return (language, covered) -> how many were right, wrong, abstained."""
    counts: Counts = {}
    for q in questions():
        answer = clara.ask(q["question"], options=q["options"], language=q["language"], method="evidence")
        outcome = "abstained" if answer.abstained else "right" if answer.choice == q["answer"] else "wrong"
        counts.setdefault((q["language"], q["tags"]["covered"]), Counter())[outcome] += 1
    return counts


def table(counts: Counts) -> str:
    """Return the counts as a table, a row per language."""
    lines = [
        "| language | covered: right | wrong | abstained | accuracy | not covered: right | wrong | abstained |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for language in SUPPORTED:
        covered, other = counts[language, True], counts[language, False]
        accuracy = 100 * covered["right"] / covered.total()
        cells = [covered["right"], covered["wrong"], covered["abstained"], f"{accuracy:.0f} %"]
        cells += [other["right"], other["wrong"], other["abstained"]]
        lines.append(f"| {language} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def rewritten(page: str, counts: Counts) -> str:
    """Return the page with the measured table between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table(counts)}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, Clara(home=Path(home)) as engine:
        measured = measure(engine)
    print(table(measured))
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")

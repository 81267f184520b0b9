"""How long a report of 100,000 answers takes, and that it grows no faster than they do.

Run with: pytest tests/benchmark/test_report.py -m benchmark -s
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from clara.evaluation.report import load, write_report
from tests.unit.evaluation.measured import LANGUAGES, write_measured

pytestmark = pytest.mark.benchmark
QUESTIONS = 10
AT_MOST_S = 20.0


def grow(folder: Path, copies: int) -> int:
    """Ask the same questions under other ids, so many times more; returns the number of answers."""
    for name in ("records.jsonl", "questions.jsonl"):
        rows = [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        with (folder / name).open("w", encoding="utf-8") as file:
            for copy in range(copies):
                for row in rows:
                    file.write(json.dumps(row | {"id": f"{copy}-{row['id']}"}, ensure_ascii=False) + "\n")
    return copies * QUESTIONS * len(LANGUAGES) * 2


def seconds(folder: Path, copies: int) -> float:
    """Return the processor's time, which other work on the machine does not lengthen as it does the clock's."""
    answers = grow(write_measured(folder, QUESTIONS), copies)
    size = (folder / "records.jsonl").stat().st_size / 1e6
    start = time.process_time()
    write_report(load(folder))
    taken = time.process_time() - start
    print(f"\n{answers} answers, {size:.0f} MB: {taken:.1f} s")
    return taken


def test_a_report_of_100_000_answers_takes_seconds() -> None:
    tenth, whole = seconds(Path("tenth"), 63), seconds(Path("whole"), 625)
    assert whole <= 10 * tenth
    assert whole < AT_MOST_S

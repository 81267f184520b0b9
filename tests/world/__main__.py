"""Run the bench at full size and write its tables into docs/debiasing.md: python -m tests.world"""

from __future__ import annotations

import time

from tests.world.bench import run_bench
from tests.world.tables import PAGE, RESULT_MARKS, SCENARIO_MARKS, put_between, result_tables, scenario_table

QUESTIONS = 200


def main() -> None:
    """Take a few minutes, and say how many."""
    started = time.perf_counter()
    results = run_bench(QUESTIONS)
    first = results[0]
    size = (
        f"{QUESTIONS} questions in {len(first.languages)} languages. Per cent with standard errors; calls, rounds and "
        "tokens are means per question."
    )
    page = put_between(PAGE.read_text(encoding="utf-8"), SCENARIO_MARKS, scenario_table())
    page = put_between(page, RESULT_MARKS, f"{size}\n\n{result_tables(results)}")
    PAGE.write_text(page, encoding="utf-8")
    asked = len(results) * len(first.methods) * len(first.languages) * QUESTIONS
    taken = time.perf_counter() - started
    print(f"{asked} answers in {taken:.0f} s, {asked / taken:.0f} a second; tables written to {PAGE.name}")


if __name__ == "__main__":
    main()

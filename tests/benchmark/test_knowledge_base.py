"""How the knowledge base grows: 1,000, 10,000 and 100,000 chunks, each in a process of its own.

Run with: pytest tests/benchmark/test_knowledge_base.py -m benchmark -s
"""

from __future__ import annotations

import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clara.config import SearchSettings, Settings
from clara.knowledge import KnowledgeBase
from clara.languages import SUPPORTED
from clara.text import sentences
from tests.conftest import SHIPPED

pytestmark = pytest.mark.benchmark
SIZES = (1_000, 10_000, 100_000)
QUERIES = 210


def rows(count: int) -> Iterator[dict[str, str]]:
    """Rows of six lines of the shipped evidence each, drawn anew, so that every row is a document of one chunk.

    Few words for so many chunks: each term of a query meets more of them than in a real base.
    """
    draw = random.Random(20261126)
    lines = {tag: _lines(tag) for tag in SUPPORTED}
    for number, language in zip(range(count), itertools.cycle(SUPPORTED), strict=False):
        text = "\n".join(draw.sample(lines[language], 6))
        yield {"id": str(number), "lang": language, "title": draw.choice(lines[language])[:60], "text": text}


def _lines(language: str) -> list[str]:
    texts = (p.read_text(encoding="utf-8").split("---\n", 2)[2] for p in SHIPPED.glob(f"ophthalmology/*/{language}.md"))
    return [line for text in texts for line in sentences(text) if len(line) > 15 and not line.startswith("#")]


def questions() -> list[tuple[str, str]]:
    """Return (language, question) of the shipped questions, mixed."""
    listed = [json.loads(line) for line in (SHIPPED / "ophtha-mini.jsonl").read_text(encoding="utf-8").splitlines()]
    found = [(row["language"], row["question"]) for row in listed]
    return random.Random(1).sample(found, QUERIES)


def measure(folder: Path, count: int) -> dict[str, float]:
    """Ingest, search, rebuild; seconds, milliseconds, chunks a second, MB."""
    source = folder / "rows.jsonl"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(count))
    settings = Settings(home=folder, search=SearchSettings(k=6))
    with KnowledgeBase(folder / "kb", None, settings=settings) as kb:
        started = time.perf_counter()
        kb.add([source])
        ingest_s = time.perf_counter() - started
        assert sum(kb.store.languages().values()) == count
    started = time.perf_counter()
    with KnowledgeBase(folder / "kb", None, settings=settings) as kb:
        open_s = time.perf_counter() - started
        times = []
        for language, question in questions():
            started = time.perf_counter()
            kb.search(question, language)
            times.append(time.perf_counter() - started)
        cut = statistics.quantiles(times[10:], n=20)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started = time.perf_counter()
        kb.rebuild()
        rebuild_s = time.perf_counter() - started
        assert kb.verify().sound
    size = sum(p.stat().st_size for p in (folder / "kb").rglob("*") if p.is_file())
    return {
        "ingest, chunks/s": count / ingest_s, "open, s": open_s, "search p50, ms": 1000 * cut[9],
        "search p95, ms": 1000 * cut[18], "memory, MB": memory, "index, MB": size / 1e6, "rebuild, s": rebuild_s,
    }  # fmt: skip


def test_growth(tmp_path: Path) -> None:
    found = {}
    for count in SIZES:
        folder = tmp_path / str(count)
        folder.mkdir()
        command = [sys.executable, "-m", "tests.benchmark.test_knowledge_base", str(folder), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
        assert done.returncode == 0, done.stderr
        found[count] = json.loads(done.stdout)
        print(f"\n{count} chunks measured", end="", flush=True)
    print("\n| | " + " | ".join(f"{count:,}" for count in SIZES) + " | growth per tenfold |")
    print("|---|" + "--:|" * (len(SIZES) + 1))
    for name in found[SIZES[0]]:
        values = [found[count][name] for count in SIZES]
        growth = " · ".join(f"{b / a:.2f}" for a, b in itertools.pairwise(values))
        print(f"| {name} | " + " | ".join(f"{value:,.3g}" for value in values) + f" | {growth} |")


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))

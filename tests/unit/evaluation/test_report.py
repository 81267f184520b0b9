"""Results as text, numbers and pictures."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import image
from rich.console import Console

from clara.errors import ConfigError
from clara.evaluation import Results, Score, SystemResult, read_results, to_csv, to_markdown, to_tables, write_report
from clara.evaluation.retrieval import metrics
from clara.evaluation.retrieval.figure import write_figure
from clara.evaluation.retrieval.labels import HEADINGS


def score(value: float, spread: float = 0.01) -> Score:
    return Score(value=value, queries=4, low=value - spread, high=value + spread)


def system(name: str, variants: str, level: float) -> SystemResult:
    scores = {
        metrics.NDCG: score(level, 0.02), metrics.COMPLETE: score(level / 2), metrics.SAME_LANGUAGE: score(level),
        metrics.MAX_RANK: score(50 * level, 5), metrics.MEDIAN_MAX_RANK: Score(value=101.0, queries=4),
    }  # fmt: skip
    hindi = {**scores, metrics.COMPLETE: score(0.25)}
    shares = {"en": {"en": 0.9, "hi": 0.1}, "hi": {"en": 0.3, "hi": 0.7}}
    return SystemResult(
        system=name, variants=variants, mean=scores, languages={"en": scores, "hi": hindi}, shares=shares
    )


RESULTS = Results(
    data="xquad", source="somewhere", licence="CC-BY-SA-4.0", documents={"en": 6, "hi": 2}, queries={"en": 4, "hi": 4},
    questions=4, depth=100, seed=0, embedder="hashed", quarantined=1, build_s=1.5, rank_s=2.5,
    systems=(system("bm25", "none", 0.5), system("query-first", "none", 0.8), system("bm25", "parallel", 0.75)),
)  # fmt: skip
MARKDOWN = """\
xquad: 4 questions in 2 languages (8 queries) against one pool of 8 documents (en 6, hi 2), 1 chunk of them in \
quarantine; embedder hashed; the first 100 documents of each ranking. Source: somewhere, CC-BY-SA-4.0.

| system | variants | nDCG@10 | Complete@10 | same-language nDCG@10 | Max@R median | Max@R mean |
| --- | --- | --: | --: | --: | --: | --: |
| BM25 | query only | 50.0 ± 2.0 | 25.0 ± 1.0 | 50.0 ± 1.0 | >100 | 25.0 ± 5.0 |
| CLARA query-first | query only | 80.0 ± 2.0 | 40.0 ± 1.0 | 80.0 ± 1.0 | >100 | 40.0 ± 5.0 |
| BM25 | with translations | 75.0 ± 2.0 | 37.5 ± 1.0 | 75.0 ± 1.0 | >100 | 37.5 ± 5.0 |

Complete@10 by language of the query:

| system | variants | en | hi |
| --- | --- | --: | --: |
| BM25 | query only | 25.0 ± 1.0 | 25.0 ± 1.0 |
| CLARA query-first | query only | 40.0 ± 1.0 | 25.0 ± 1.0 |
| BM25 | with translations | 37.5 ± 1.0 | 25.0 ± 1.0 |

same-language nDCG@10 by language of the query:

| system | variants | en | hi |
| --- | --- | --: | --: |
| BM25 | query only | 50.0 ± 1.0 | 50.0 ± 1.0 |
| CLARA query-first | query only | 80.0 ± 1.0 | 80.0 ± 1.0 |
| BM25 | with translations | 75.0 ± 1.0 | 75.0 ± 1.0 |

Language of the first ten hits, per cent, averaged over the languages of the queries:

| system | variants | en | hi |
| --- | --- | --: | --: |
| the pool |  | 75.0 | 25.0 |
| BM25 | query only | 60.0 | 40.0 |
| CLARA query-first | query only | 60.0 | 40.0 |
| BM25 | with translations | 60.0 | 40.0 |
"""


def test_the_markdown_shows_what_was_measured() -> None:
    assert to_markdown(RESULTS) == MARKDOWN


def test_a_collection_of_one_language_has_one_table() -> None:
    bare = replace(system("dense", "none", 0.5), mean={metrics.NDCG: score(0.5)}, languages={"en": {}}, shares={})
    results = replace(RESULTS, documents={"fr": 2}, queries={"en": 4}, quarantined=0, systems=(bare,))
    assert to_markdown(results).count("| system |") == 1
    assert "4 questions in 1 language (4 queries) against one pool of 2 documents (fr 2); embedder" in to_markdown(
        results
    )


def test_json_keeps_everything() -> None:
    assert read_results(json.loads(json.dumps(RESULTS.to_dict()))) == RESULTS


def test_csv_has_a_row_for_each_score() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(RESULTS))))
    assert len(rows) == 3 * 3 * 5
    assert rows[0] == {
        "system": "bm25", "variants": "none", "language": "mean", "metric": "ndcg@10", "value": "0.5", "low": "0.48",
        "high": "0.52", "queries": "4",
    }  # fmt: skip
    median = next(row for row in rows if row["metric"] == "median max@r")
    assert (median["value"], median["low"], median["high"]) == ("101", "", "")


def test_the_terminal_tables_fit_into_eighty_columns() -> None:
    full = {metric: score(0.5) for metric in HEADINGS}
    names = ("dense", "bm25", "fusion", "none", "equal", "query-first", "balanced")
    systems = tuple(replace(system(name, kind, 0.5), mean=full) for kind in ("none", "parallel") for name in names)
    console = Console(width=80, file=io.StringIO(), record=True)
    for table in to_tables(replace(RESULTS, systems=systems)):
        console.print(table)
    shown = console.export_text()
    assert "query only" in shown and "with translations" in shown and "…" not in shown
    assert all(name in shown for name in ("dense", "BM25", "fusion", "equal", "query-first", "balanced"))
    assert re.search(r"nDCG@10 +50\.0 +50\.0", shown) and "R@100" in shown


def test_a_report_is_five_files() -> None:
    paths = write_report(RESULTS, Path("made") / "here")
    assert [path.name for path in paths] == [f"retrieval.{end}" for end in ("json", "csv", "md", "png", "svg")]
    assert read_results(json.loads(paths[0].read_text(encoding="utf-8"))) == RESULTS
    assert paths[1].read_text(encoding="utf-8") == to_csv(RESULTS)
    assert paths[2].read_text(encoding="utf-8") == MARKDOWN
    pixels = image.imread(paths[3])
    assert pixels.shape[0] > 400 and pixels.shape[1] > 1400 and pixels.std() > 0
    assert paths[4].read_text(encoding="utf-8").count("<svg") == 1


def drawn(results: Results, name: str) -> str:
    write_figure(results, [Path(name)])
    return Path(name).read_text(encoding="utf-8")


def test_the_picture_shows_every_score_and_is_the_same_each_time() -> None:
    once = drawn(RESULTS, "once.svg")
    assert once == drawn(RESULTS, "again.svg")
    worse = replace(RESULTS, systems=(system("bm25", "none", 0.4), *RESULTS.systems[1:]))
    assert drawn(worse, "worse.svg") != once
    for title in ("Complete@10, query only", "Complete@10, with translations", "same-language nDCG@10, query only"):
        assert f"<!-- {title} -->" in once, title
    for label in ("en", "hi", "BM25", "CLARA query-first"):
        assert f"<!-- {label} -->" in once, label


def test_the_picture_of_data_that_is_not_parallel_shows_ndcg() -> None:
    bare = {metrics.NDCG: score(0.5), metrics.COMPLETE: Score(value=0.5, queries=1)}
    one = replace(system("dense", "none", 0.5), mean=bare, languages={"en": bare, "hi": {}}, shares={})
    shown = drawn(replace(RESULTS, systems=(one,)), "bare.svg")
    assert "<!-- nDCG@10, query only -->" in shown and "same-language" not in shown


def test_a_folder_that_cannot_be_written_is_named() -> None:
    Path("file").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot write into file/report: Not a directory"):
        write_report(RESULTS, Path("file/report"))


def test_without_matplotlib_the_picture_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"needs matplotlib .* pip install 'clara-debias\[eval\]'"):
        write_report(RESULTS, Path("report"))

"""Every metric beside an example computed by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.evaluation import Collection, Doc, Query
from clara.evaluation.retrieval import metrics
from clara.evaluation.retrieval.metrics import (
    is_complete,
    language_shares,
    max_rank,
    mean_shares,
    measure,
    overlap,
    overlaps,
    standard,
)

LOG3 = math.log2(3)


def test_ndcg_recall_and_average_precision() -> None:
    found = standard({"q": {"a": 2, "b": 1, "c": 0}}, {"q": ["b", "x", "a", "c"]})
    # Gains 1 at rank 1 and 2 at rank 3: 1 / log2(2) + 2 / log2(4) = 2; at best 2 / log2(2) + 1 / log2(3).
    assert found[metrics.NDCG] == {"q": pytest.approx(2 / (2 + 1 / LOG3))}
    assert found[metrics.RECALL] == {"q": 1.0}
    # Precision is 1 at the first relevant document and 2/3 at the second.
    assert found[metrics.MAP] == {"q": pytest.approx((1 + 2 / 3) / 2)}


def test_only_the_first_ten_count_for_ndcg_and_the_first_hundred_for_recall() -> None:
    ranking = [f"x{i}" for i in range(200)]
    qrels = {"q": {"x10": 1, "x99": 1, "x100": 1, "never": 1}}
    found = standard(qrels, {"q": ranking})
    assert found[metrics.NDCG]["q"] == 0 and found[metrics.RECALL]["q"] == 0.5
    assert found[metrics.MAP]["q"] == pytest.approx((1 / 11 + 2 / 100 + 3 / 101) / 4)
    ahead = ["x10", *(doc for doc in ranking if doc != "x10")]
    assert standard(qrels, {"q": ahead})[metrics.NDCG]["q"] == pytest.approx(
        1 / sum(1 / math.log2(r) for r in (2, 3, 4, 5))
    )


def test_a_query_that_found_nothing_counts_as_nothing() -> None:
    found = standard({"q": {"a": 1}, "r": {"a": 1}}, {"q": [], "r": ["a"]})
    assert found == {name: {"q": 0.0, "r": 1.0} for name in (metrics.NDCG, metrics.RECALL, metrics.MAP)}


@given(st.permutations([f"d{i}" for i in range(12)]))
def test_the_order_as_returned_is_what_counts(ranking: list[str]) -> None:
    # Against a plain reading of the formula, for every order of the ids.
    rank = ranking.index("d3") + 1
    expected = 1 / math.log2(1 + rank) if rank <= 10 else 0.0
    assert standard({"q": {"d3": 1}}, {"q": ranking})[metrics.NDCG]["q"] == pytest.approx(expected)


def test_complete_needs_every_version_in_the_first_k() -> None:
    ranking = ["a/en", "b/en", "a/hi", "a/es"]
    assert is_complete(ranking, {"a/en", "a/hi"}, 3)
    assert not is_complete(ranking, {"a/en", "a/hi", "a/es"}, 3)
    assert is_complete(ranking, {"a/en", "a/hi", "a/es"}, 4)


def test_max_rank_is_where_the_last_version_is_found() -> None:
    ranking = ["b/en", "a/en", "b/hi", "c/hi", "a/hi"]
    assert max_rank(ranking, ["a/en", "a/hi"], 100) == 5
    assert max_rank(ranking, ["b/en"], 100) == 1
    assert max_rank(ranking, ["a/en", "a/es"], 100) == 101  # one is never found
    assert max_rank(ranking, ["a/en", "a/hi"], 4) == 5  # found, but not within the depth


def test_overlap_compares_what_is_said_not_in_which_language() -> None:
    groups = {"a/en": "a", "a/hi": "a", "b/en": "b", "b/hi": "b", "c/hi": "c", "d/hi": "d"}
    assert overlap(["a/en", "b/en"], ["b/hi", "a/hi"], groups) == 1
    assert overlap(["a/en", "b/en"], ["a/hi", "c/hi", "d/hi"], groups) == pytest.approx(1 / 3)
    assert overlap(["a/en", "b/en"], ["c/hi", "a/hi"], groups, k=1) == 0
    assert overlap(["a/en"], [], groups) == overlap([], [], groups) == 0


def test_language_shares_are_of_the_hits_there_are() -> None:
    languages = {"a": "en", "b": "en", "c": "hi", "d": "ar"}
    assert language_shares(["a", "c", "b", "d"], languages) == {"en": 0.5, "hi": 0.25, "ar": 0.25}
    assert language_shares(["a", "c", "b", "d"], languages, k=1) == {"en": 1.0}
    assert language_shares([], languages) == {}


def two_languages() -> tuple[Collection, dict[str, list[str]]]:
    docs = tuple(
        Doc(id=f"{group}/{language}", language=language, text=group, group=group)
        for group in "abc"
        for language in ("en", "hi")
    )
    queries = (
        Query(id="a?en", language="en", text="a?", group="q"),
        Query(id="a?hi", language="hi", text="a?", group="q"),
    )
    qrels = {query.id: {"a/en": 1, "a/hi": 1} for query in queries}
    collection = Collection(name="t", docs=docs, queries=queries, qrels=qrels, source="s", licence="l")
    return collection, {"a?en": ["a/en", "b/en", "a/hi", "c/en"], "a?hi": ["b/en", "a/hi"]}


def test_all_metrics_of_a_run() -> None:
    collection, run = two_languages()
    ideal = 1 + 1 / LOG3
    assert measure(collection, run, 100) == {
        metrics.NDCG: {"a?en": pytest.approx((1 + 1 / 2) / ideal), "a?hi": pytest.approx(1 / LOG3 / ideal)},
        metrics.RECALL: {"a?en": 1.0, "a?hi": 0.5},
        metrics.MAP: {"a?en": pytest.approx((1 + 2 / 3) / 2), "a?hi": pytest.approx(1 / 2 / 2)},
        metrics.COMPLETE: {"a?en": 1.0, "a?hi": 0.0},
        metrics.MAX_RANK: {"a?en": 3.0, "a?hi": 101.0},
        metrics.OWN_SHARE: {"a?en": 0.75, "a?hi": 0.5},
        # Only a/hi is in Hindi: second as returned, first among the Hindi hits.
        metrics.SAME_LANGUAGE: {"a?en": 1.0, "a?hi": pytest.approx(1 / LOG3)},
        metrics.OWN_LANGUAGE: {"a?en": 1.0, "a?hi": 1.0},
        metrics.OVERLAP: {"a?en": pytest.approx(2 / 3), "a?hi": pytest.approx(2 / 3)},
    }
    assert mean_shares(collection, run) == {"en": {"en": 0.75, "hi": 0.25}, "hi": {"en": 0.5, "hi": 0.5}}


def test_a_metric_leaves_out_queries_for_which_it_is_not_defined() -> None:
    collection, _ = two_languages()
    many = tuple(Doc(id=f"m{i}", language="es", text="m", group="m") for i in range(11))
    asked = (Query(id="m?", language="en", text="m?", group="m"), Query(id="n?", language="en", text="n?", group="n"))
    collection = Collection(
        name="t", docs=(*collection.docs, *many), queries=asked,
        qrels={"m?": {doc.id: 1 for doc in many}, "n?": {"a/en": 1}}, source="s", licence="l",
    )  # fmt: skip
    found = measure(collection, {"m?": [doc.id for doc in many], "n?": []}, 100)
    assert found[metrics.COMPLETE] == {"n?": 0.0}  # eleven documents never fit into ten places
    assert found[metrics.SAME_LANGUAGE] == found[metrics.OWN_LANGUAGE] == {"n?": 0.0}  # nothing English answers m?
    assert found[metrics.OWN_SHARE] == {"m?": 0.0}  # n? has no hit
    assert found[metrics.OVERLAP] == {}  # nothing is asked in two languages
    assert found[metrics.MAX_RANK] == {"m?": 11.0, "n?": 101.0}


def test_overlap_is_averaged_over_the_other_languages() -> None:
    collection, run = two_languages()
    third = Query(id="a?es", language="es", text="a?", group="q")
    collection = Collection(
        name="t", docs=collection.docs, queries=(*collection.queries, third),
        qrels={**collection.qrels, "a?es": {"a/en": 1}}, source="s", licence="l",
    )  # fmt: skip
    # Groups: English abc, Hindi ab, Spanish a. Shared: en-hi 2/3, en-es 1/3, hi-es 1/2.
    assert overlaps(collection, {**run, "a?es": ["a/hi"]}) == {
        "a?en": pytest.approx((2 / 3 + 1 / 3) / 2),
        "a?hi": pytest.approx((2 / 3 + 1 / 2) / 2),
        "a?es": pytest.approx((1 / 3 + 1 / 2) / 2),
    }

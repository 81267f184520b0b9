"""Test collections: what is parallel, what is relevant, and how a part of them is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from clara.errors import DatasetError
from clara.evaluation import Collection, Doc, Query, load_collection
from clara.evaluation.retrieval.data import Asked, parallel_collection
from tests.unit.evaluation.parallel import TEXTS, TOPICS, write_xquad


def pooled(passages: dict[str, dict[str, str]], questions: dict[str, list[Asked]]) -> Collection:
    return parallel_collection("test", passages, questions, source="s", licence="l")


def test_every_version_of_a_questions_passage_is_relevant() -> None:
    collection = load_collection(f"xquad:{write_xquad(Path('x'))}")
    assert len(collection.docs) == len(collection.queries) == len(TEXTS) * len(TOPICS)
    assert collection.document_counts() == dict.fromkeys(collection.document_counts(), 4)
    for query in collection.queries:
        relevant = {doc.id: doc for doc in collection.docs if collection.qrels[query.id].get(doc.id)}
        assert {doc.language for doc in relevant.values()} == set(TEXTS)
        assert {doc.group for doc in relevant.values()} == {query.group}
    assert collection.parallel
    assert collection.translations()["glaucoma"] == {tag: texts[1][1] for tag, texts in TEXTS.items()}


def test_questions_that_read_the_same_in_one_language_are_one_with_all_their_passages() -> None:
    # "When was it built?" is asked of a mill and of a bridge; Spanish tells them apart by gender.
    collection = pooled(
        {"en": {"mill": "A mill.", "bridge": "A bridge."}, "es": {"mill": "Un molino.", "bridge": "Una presa."}},
        {
            "en": [
                Asked(key="q1", text="When was it built?", passage="mill"),
                Asked(key="q2", text="Who built the bridge?", passage="bridge"),
                Asked(key="q3", text="When was it built?", passage="bridge"),
            ],
            "es": [
                Asked(key="q1", text="¿Cuándo se construyó el molino?", passage="mill"),
                Asked(key="q2", text="¿Quién construyó la presa?", passage="bridge"),
                Asked(key="q3", text="¿Cuándo se construyó la presa?", passage="bridge"),
            ],
        },
    )
    assert [(q.id, q.text) for q in collection.queries] == [
        ("q1/en", "When was it built?"),
        ("q2/en", "Who built the bridge?"),
        ("q1/es", "¿Cuándo se construyó el molino?"),
        ("q2/es", "¿Quién construyó la presa?"),
    ]
    both = {"mill/en": 1, "mill/es": 1, "bridge/en": 1, "bridge/es": 1}
    assert collection.qrels["q1/en"] == collection.qrels["q1/es"] == both
    assert collection.qrels["q2/es"] == {"bridge/en": 1, "bridge/es": 1}


def test_sameness_is_passed_on_across_languages() -> None:
    # 1 and 2 are the same in English, 2 and 3 in Spanish: all three are one.
    asked = {
        "en": [Asked(key=k, text=t, passage=k) for k, t in (("1", "a"), ("2", "a"), ("3", "b"))],
        "es": [Asked(key=k, text=t, passage=k) for k, t in (("1", "x"), ("2", "y"), ("3", "y"))],
    }
    collection = pooled({"en": {"1": "p", "2": "q", "3": "r"}}, asked)
    assert [query.id for query in collection.queries] == ["1/en", "1/es"]
    assert set(collection.qrels["1/es"]) == {"1/en", "2/en", "3/en"}


def test_a_part_in_some_languages_keeps_only_their_documents_and_queries() -> None:
    whole = load_collection(f"xquad:{write_xquad(Path('x'))}")
    part = whole.only({"hi", "ar"})
    assert part.document_counts() == {"hi": 4, "ar": 4} and part.query_counts() == {"ar": 4, "hi": 4}
    assert all(set(part.qrels[q.id]) == {f"{q.group}/hi", f"{q.group}/ar"} for q in part.queries)
    assert part.only({"hi"}).parallel is False
    with pytest.raises(DatasetError, match=r"xquad: no query with a relevant document in ko; it holds ar, en, es, fil"):
        whole.only({"ko"})


def test_a_query_without_a_relevant_document_in_the_part_is_left_out() -> None:
    collection = Collection(
        name="clir",
        docs=(
            Doc(id="f", language="fr", text="L'œil.", group="f"),
            Doc(id="e", language="en", text="The eye.", group="e"),
        ),
        queries=(
            Query(id="1", language="en", text="œil", group="1"),
            Query(id="2", language="en", text="eye", group="2"),
        ),
        qrels={"1": {"f": 1, "e": 0}, "2": {"e": 2}},
        source="s",
        licence="l",
    )
    assert [query.id for query in collection.only({"en"}).queries] == ["2"]
    with pytest.raises(DatasetError, match="no query with a relevant document in fr"):
        collection.only({"fr"})  # documents, but nothing is asked in French


def test_a_sample_is_repeatable_keeps_questions_whole_and_the_pool_as_it_is() -> None:
    whole = load_collection(f"xquad:{write_xquad(Path('x'))}")
    first, again, other = whole.sample(2, 1), whole.sample(2, 1), whole.sample(2, 2)
    assert first == again and first.queries != other.queries
    assert first.docs == whole.docs
    assert first.query_counts() == dict.fromkeys(sorted(TEXTS), 2)
    assert set(first.qrels) == {query.id for query in first.queries}
    assert len({query.group for query in first.queries}) == 2
    assert whole.sample(99, 1).queries == whole.queries

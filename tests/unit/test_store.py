"""The truth in SQLite: what its full-text index finds in each script, and that a change is whole or not at all."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge.ingest import Document, read_documents
from clara.knowledge.store import Store
from clara.text import terms


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "kb.sqlite3")
    yield opened
    opened.close()


def document(name: str, language: str, *sections: str, title: str = "") -> Document:
    """A document of one chunk per section."""
    body = "".join(f"## Part {i}\n{text}\n" for i, text in enumerate(sections))
    path = Path(name) / f"{language}.md"
    path.parent.mkdir(exist_ok=True)
    front = f"---\nlang: {language}\ngroup: {name}\ntitle: {title or name}\nsources: Source of {name}\n---\n"
    path.write_text(front + body, encoding="utf-8")
    return next(read_documents(path, root=Path()))


def found(store: Store, language: str, query: str) -> list[str]:
    return [chunk_id for chunk_id, _ in store.lexical(language, terms(query), 10)]


def rows(store: Store) -> dict[str, int]:
    """Rows of every table that holds a document's parts, counted behind the store's back."""
    with sqlite3.connect(store.path) as db:
        tables = [
            r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        ]
        kept = [t for t in tables if t in ("documents", "chunks") or re.fullmatch(r"terms_[a-z]+(_[A-Z][a-z]+)?", t)]
        counts = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in kept}
    db.close()
    return counts


@pytest.mark.parametrize(
    ("language", "text", "hits", "misses"),
    [
        ("en", "Halos around lights and eye pain", ["halos", "PAIN", "eye pain"], ["pai", "ain"]),
        ("es", "Visión borrosa y lágrimas", ["vision", "VISIÓN", "lagrimas"], ["visi", "lagrim"]),
        ("pt", "Pressão alta não dói", ["pressao", "doi"], ["press"]),
        ("fr", "Œil rouge et brûlure", ["brulure", "œil", "ŒIL"], ["brul"]),
        ("hi", "मोतियाबिंद में धुंधला दिखता है", ["मोतियाबिंद", "धुंधला", "दिखता"], ["मोत", "मोतिया", "धध", "ध", "दिख"]),
        ("hi", "आँख की नस", ["आँख", "नस"], ["ख", "आ", "अाख"]),
        ("zh-Hans", "急性闭角型青光眼", ["青光眼", "青光", "闭角"], ["白内障", "眼青"]),
        ("zh-Hant", "視網膜剝離", ["視網膜"], ["视网膜"]),
        ("fil", "Malabong paningin at pananakit ng mata", ["paningin", "mata"], ["manakit"]),
        ("hi-Latn", "aankh mein dard", ["AANKH", "dard"], ["aan"]),
        ("ar", "ارتفاع ضغط العَيْن", ["العين", "ضغط"], ["ضغ"]),
        ("th", "ตาแดง", ["ตาแดง"], ["หู"]),
    ],
)
def test_whole_words_are_found_in_every_script(
    store: Store, language: str, text: str, hits: list[str], misses: list[str]
) -> None:
    store.put([document("one", language, text)])
    for query in hits:
        assert found(store, language, query) == [f"one/{language}#0"], query
    for query in misses:
        assert found(store, language, query) == [], query


def test_titles_and_sections_are_searched_and_weigh_more(store: Store) -> None:
    store.put(
        [document("a", "en", "The lens is cloudy.", title="Cataract"), document("b", "en", "No cataract here at all.")]
    )
    assert found(store, "en", "cataract") == ["a/en#0", "b/en#0"]
    assert found(store, "en", "part") == ["a/en#0", "b/en#0"]


def test_languages_do_not_mix(store: Store) -> None:
    store.put([document("a", "es", "glaucoma agudo"), document("a", "pt", "glaucoma agudo")])
    assert found(store, "es", "glaucoma") == ["a/es#0"]
    assert found(store, "fr", "glaucoma") == []
    assert store.languages() == {"es": 1, "pt": 1}


@pytest.mark.parametrize(
    "query", ["", "?!", "AND OR NOT", "NEAR(", '"quoted', "a*", "col:x", "x^2", "--; DROP TABLE chunks"]
)
def test_no_query_is_taken_for_syntax(store: Store, query: str) -> None:
    store.put([document("a", "en", "not a near miss, or quoted")])
    store.lexical("en", terms(query), 5)
    assert rows(store)["chunks"] == 1


def test_the_best_hit_comes_first_and_k_limits(store: Store) -> None:
    store.put([document("a", "en", "eye", "eye pain", "eye pain halos", "lid")])
    assert found(store, "en", "eye pain halos") == ["a/en#2", "a/en#1", "a/en#0"]
    scores = [score for _, score in store.lexical("en", ["eye", "pain", "halos"], 10)]
    assert scores == sorted(scores, reverse=True)
    assert len(store.lexical("en", ["eye"], 2)) == 2


def test_document_frequency_counts_chunks(store: Store) -> None:
    store.put([document("a", "hi", "आँख आँख", "आँख लाल", "नस")])
    eye, red = terms("आँख लाल")
    assert store.document_frequency("hi", [eye, red, "nothing"]) == {eye: 2, red: 1}
    assert store.document_frequency("hi", []) == {}


def test_a_passage_carries_its_document(store: Store) -> None:
    store.put([document("a", "fil", "Masakit ang mata.", "Pumunta agad.", title="Masakit na mata")])
    passage = store.passages(["a/fil#1", "no such id"])["a/fil#1"]
    assert (passage.text, passage.language, passage.title, passage.section) == (
        "Pumunta agad.",
        "fil",
        "Masakit na mata",
        "Part 1",
    )
    assert (passage.source, passage.group, passage.document) == ("Source of a", "a#1.0", "a/fil")
    assert [p.id for p in store.of_document("a/fil")] == ["a/fil#0", "a/fil#1"]
    assert store.passages([]) == {} and store.of_document("none") == []


def test_versions_of_one_group_are_found_by_language(store: Store) -> None:
    store.put([document("a", tag, "text", "more") for tag in ("en", "hi", "zh-Hans")])
    versions = store.in_group("a#1.0")
    assert {tag: p.id for tag, p in versions.items()} == {"en": "a/en#1", "hi": "a/hi#1", "zh-Hans": "a/zh-Hans#1"}


def test_replacing_a_document_leaves_no_orphan(store: Store) -> None:
    store.put([document("a", "en", "cloudy lens", "surgery", "drops")])
    store.put([document("a", "en", "clear lens")])
    assert rows(store) == {"documents": 1, "chunks": 1, "terms_en": 1}
    assert found(store, "en", "cloudy") == [] and found(store, "en", "clear") == ["a/en#0"]
    assert store.document_frequency("en", ["cloudy", "lens"]) == {"lens": 1}


def test_a_document_replaced_in_another_language_leaves_the_first_index(store: Store) -> None:
    first = document("a", "es", "ojo rojo")
    store.put([first])
    store.put(read_documents(Path("a/es.md"), root=Path(), language="pt"))
    assert rows(store) == {"documents": 1, "chunks": 1, "terms_es": 0, "terms_pt": 1}
    assert found(store, "es", "ojo") == [] and found(store, "pt", "ojo") == ["a/es#0"]


def test_a_removed_document_is_not_found(store: Store) -> None:
    store.put([document("a", "zh-Hans", "青光眼", "白内障"), document("b", "zh-Hans", "青光眼")])
    assert sorted(store.remove("a/zh-Hans")) == [("zh-Hans", "a/zh-Hans#0"), ("zh-Hans", "a/zh-Hans#1")]
    assert found(store, "zh-Hans", "青光眼") == ["b/zh-Hans#0"] and found(store, "zh-Hans", "白内障") == []
    assert rows(store) == {"documents": 1, "chunks": 1, "terms_zh_Hans": 1}
    with pytest.raises(KnowledgeError, match="no document 'a/zh-Hans'"):
        store.remove("a/zh-Hans")


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    store.put([document("a", "en", "kept")])
    before = rows(store)

    def documents() -> Iterator[Document]:
        yield document("a", "en", "replacement")
        yield document("b", "hi", "नया")
        raise KnowledgeError("the third file is broken")

    with pytest.raises(KnowledgeError, match="third file"):
        store.put(documents())
    assert rows(store) == before
    assert found(store, "en", "kept") == ["a/en#0"] and found(store, "en", "replacement") == []
    store.put([document("b", "hi", "नया")])  # and the next one works
    assert found(store, "hi", "नया") == ["b/hi#0"]


def test_lists_and_counts_are_of_what_is_held(store: Store) -> None:
    store.put([document("a", "en", "one two three", "four"), document("b", "zh-Hans", "青光眼")])
    listed = {str(d["id"]): d for d in store.documents()}
    assert (listed["a/en"]["chunks"], listed["a/en"]["words"]) == (2, 4)
    assert (listed["b/zh-Hans"]["chunks"], listed["b/zh-Hans"]["words"]) == (1, 2)
    assert set(store.hashes("shipped")) == {"a/en", "b/zh-Hans"} and store.hashes("user") == {}
    assert store.chunk_ids("en") == ["a/en#0", "a/en#1"] and store.chunk_ids("fr") == []


def test_notes_are_kept_and_overwritten(store: Store, tmp_path: Path) -> None:
    assert store.meta("index") is None
    store.set_meta("index", "dirty")
    store.set_meta("index", "clean")
    assert store.meta("index") == "clean"
    again = Store(tmp_path / "kb.sqlite3")
    assert again.meta("index") == "clean"
    again.close()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kb.sqlite3"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(KnowledgeCorrupt, match="is damaged"):
        Store(path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot use"):
        Store(tmp_path / "missing" / "kb.sqlite3")

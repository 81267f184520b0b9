"""The truth in SQLite: what its full-text index finds in each script, and that a change is whole or not at all."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge import schema
from clara.knowledge.documents import Document
from clara.knowledge.ingest import read_documents
from clara.knowledge.store import KnowledgeNewer, Store
from clara.text import terms
from tests.first_version import write_first_version
from tests.notes import NOTES


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "kb.sqlite3")
    yield opened
    opened.close()


def document(name: str, language: str, *sections: str, title: str = "", flagged: tuple[int, ...] = ()) -> Document:
    """A document of one chunk per section; those with a `flagged` number hold text meant for a model."""
    body = "".join(f"## Part {i}\n{text}\n" for i, text in enumerate(sections))
    path = Path(name) / f"{language}.md"
    path.parent.mkdir(exist_ok=True)
    front = f"---\nlang: {language}\ngroup: {name}\ntitle: {title or name}\nsources: Source of {name}\n---\n"
    path.write_text(front + body, encoding="utf-8")
    made = next(read_documents(path, root=Path()))
    chunks = [replace(c, flags=("override", "role")) if c.ordinal in flagged else c for c in made.chunks]
    return replace(made, chunks=tuple(chunks))


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


def test_what_is_not_there_in_given_languages_is_counted(store: Store) -> None:
    store.put([document("a", tag, "text", "more") for tag in ("en", "hi", "fil")])
    store.put([document("b", "hi", "केवल हिंदी"), document("c", "pt", "só em português")])
    store.put([document("d", "pt", "hidden", flagged=(0,))])
    assert store.untranslated(["en"]) == {"hi": 1, "pt": 1}
    assert store.untranslated(["en", "hi"]) == {"pt": 1}
    assert store.untranslated(["pt"]) == {"en": 2, "hi": 3, "fil": 2}
    assert store.untranslated(["fr"]) == {"en": 2, "hi": 3, "fil": 2, "pt": 1}


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
    assert store.remove("a/zh-Hans") == []


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
    assert store.chunk_ids_of(["b/zh-Hans", "a/en", "none"]) == ["a/en#0", "a/en#1", "b/zh-Hans#0"]


def test_notes_are_kept_and_overwritten(store: Store, tmp_path: Path) -> None:
    assert store.meta("index") is None
    store.set_meta("index", "dirty")
    store.set_meta("index", "clean")
    assert store.meta("index") == "clean"
    store.set_notes({"index": "dirty", "space": "one"})
    again = Store(tmp_path / "kb.sqlite3")
    assert (again.meta("index"), again.meta("space")) == ("dirty", "one")
    again.close()


def test_a_document_is_given_back_as_it_was_put(store: Store) -> None:
    put = replace(
        document("a", "zh-Hans", "青光眼", "白内障", flagged=(1,)), sources=("国家卫健委", "世卫组织"),
        publisher="医院", published="2024-05", reviewed="2026-11-23", country="CN", superseded_by="b", hidden=4,
        licence="CC-BY-4.0",
    )  # fmt: skip
    plain = document("a", "en", "one")
    store.put([put, plain])
    assert store.document("a/zh-Hans") == put and store.document("a/en") == plain
    with pytest.raises(KnowledgeError, match="no document 'b'; clara kb ls lists them"):
        store.document("b")


def test_read_files_are_noted_and_forgotten(store: Store) -> None:
    store.set_file("/notes/a.md", "1", None)
    store.set_file("/notes/आँख.md", "2", "hi")
    store.set_file("/notes/a.md", "3", "es")
    assert store.files() == {"/notes/a.md": ("3", "es"), "/notes/आँख.md": ("2", "hi")}
    store.forget_file("/notes/a.md")
    store.forget_file("/never/read.md")
    assert store.files() == {"/notes/आँख.md": ("2", "hi")}


def test_hashes_are_told_by_origin_and_file(store: Store) -> None:
    mine, other = (replace(document(name, "en", "x"), origin="user", path=f"/{name}.csv") for name in ("a", "b"))
    store.put([mine, replace(other, id="b/2", chunks=()), document("c", "en", "y")])
    assert store.hashes("user") == {"a/en": mine.sha256, "b/2": other.sha256}
    assert store.hashes("user", "/b.csv") == {"b/2": other.sha256} and store.hashes("user", "/c.csv") == {}
    assert set(store.hashes("shipped")) == {"c/en"}


# Quarantine


@pytest.mark.parametrize("language", list(NOTES))
def test_a_flagged_chunk_is_kept_and_not_searched_until_it_is_released(store: Store, language: str) -> None:
    text, question = NOTES[language].text.splitlines()[-1], NOTES[language].question
    store.put([document("a", language, text, flagged=(0,))])
    chunk = f"a/{language}#0"
    assert found(store, language, question) == [] and store.languages() == {}
    assert store.chunk_ids(language) == [] and store.chunk_ids_of([f"a/{language}"]) == []
    assert store.passages([chunk]) == {} and store.in_group("a#0.0") == {}
    assert [p.text for p in store.of_document(f"a/{language}")] == [text]  # shown to who asks for the document
    (waiting,) = store.quarantined()
    assert (waiting.id, waiting.document, waiting.language, waiting.text) == (chunk, f"a/{language}", language, text)
    assert waiting.flags == ("override", "role") and store.released() == []
    assert [d["quarantined"] for d in store.documents()] == [1]

    assert store.release(chunk) == language
    assert found(store, language, question) == [chunk] and store.languages() == {language: 1}
    assert store.quarantined() == [] and store.released() == [chunk]
    assert store.chunk_ids(language, embedded=False) == [chunk] and store.passages([chunk])
    assert store.document(f"a/{language}").chunks[0].flags == ("override", "role")  # it stays known
    with pytest.raises(KnowledgeError, match="waits in quarantine; clara kb quarantine lists them"):
        store.release(chunk)


def test_only_what_waits_can_be_released(store: Store) -> None:
    old = replace(document("old", "en", "bad", flagged=(0,)), superseded_by="new")
    store.put([document("a", "en", "good"), old])
    for chunk in ("a/en#0", "old/en#0", "none#0"):
        with pytest.raises(KnowledgeError, match=f"no chunk '{chunk}' waits in quarantine"):
            store.release(chunk)
    assert store.quarantined() == [] and found(store, "en", "bad") == []


def test_a_replaced_document_waits_again(store: Store) -> None:
    store.put([document("a", "en", "good", "bad", flagged=(1,))])
    store.release("a/en#1")
    assert store.put([document("a", "en", "good", "worse", flagged=(1,))]) == [("en", "a/en#0"), ("en", "a/en#1")]
    assert [q.text for q in store.quarantined()] == ["worse"] and found(store, "en", "bad worse") == []
    assert rows(store)["terms_en"] == 1
    assert store.remove("a/en") == [("en", "a/en#0")]  # what waits has no vector


def test_a_superseded_document_is_kept_and_not_searched(store: Store) -> None:
    store.put([replace(document("old", "fr", "collyre deux fois par jour"), superseded_by="new")])
    store.put([document("new", "fr", "collyre trois fois par jour")])
    assert found(store, "fr", "collyre") == ["new/fr#0"] and store.languages() == {"fr": 1}
    assert [d["superseded_by"] for d in store.documents()] == ["", "new"]
    assert store.document("old/fr").chunks and store.remove("old/fr") == []
    assert rows(store) == {"documents": 1, "chunks": 1, "terms_fr": 1}


# Marks


def test_marks_tell_which_chunks_have_a_vector(store: Store) -> None:
    store.put([document("a", "hi", "आँख", "नस", "पलक"), document("b", "fil", "mata")])
    assert store.embedded_languages() == [] and len(store.chunk_ids("hi", embedded=False)) == 3
    store.mark_embedded(["a/hi#1", "none#0"])
    assert store.chunk_ids("hi", embedded=True) == ["a/hi#1"]
    assert store.chunk_ids("hi", embedded=False) == ["a/hi#0", "a/hi#2"] and store.embedded_languages() == ["hi"]
    store.put([document("a", "hi", "आँख", "नस", "पलक")])  # a replaced chunk has none yet
    assert store.chunk_ids("hi", embedded=True) == []
    store.mark_all_embedded()
    assert store.chunk_ids("hi", embedded=False) == store.chunk_ids("fil", embedded=False) == []
    assert sorted(store.embedded_languages()) == ["fil", "hi"]


def test_a_chunk_released_after_all_were_marked_is_not_marked(store: Store) -> None:
    store.put([document("a", "en", "good", "bad", flagged=(1,))])
    store.mark_all_embedded()
    store.release("a/en#1")
    assert store.chunk_ids("en", embedded=False) == ["a/en#1"]


# Earlier and later versions


def first_documents() -> list[Document]:
    return [
        replace(document("laser", language, note.text.splitlines()[-1]), origin="user", trust="user", country="MX")
        for language, note in NOTES.items()
    ]


def opened(path: Path) -> closing[Store]:
    return closing(Store(path))


def test_a_base_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path, documents = tmp_path / "first.sqlite3", first_documents()
    write_first_version(path, documents, index="clean", vectors="vectors-old")
    for _ in range(2):  # what was brought up to date once stays as it is
        with opened(path) as store:
            assert {d.id: store.document(d.id) for d in documents} == {d.id: d for d in documents}
            for language, note in NOTES.items():
                assert found(store, language, note.question) == [f"laser/{language}#0"]
            assert store.languages() == dict.fromkeys(NOTES, 1) and len(store.in_group("laser#0.0")) == len(NOTES)
            assert store.meta("vectors") == "vectors-old" and store.files() == {} and store.quarantined() == []
            assert sorted(store.embedded_languages()) == sorted(NOTES)  # its index held everything
    with opened(path) as store:
        store.put([document("laser", "en", "changed")])
        assert store.remove("laser/hi") == [("hi", "laser/hi#0")]
        store.set_file("/a.md", "1", None)
        assert found(store, "en", "changed") == ["laser/en#0"] and found(store, "hi", "लेज़र") == []
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_tables_are_the_same_however_they_came_to_be(tmp_path: Path, store: Store) -> None:
    write_first_version(tmp_path / "first.sqlite3", [])
    with opened(tmp_path / "first.sqlite3"):
        pass

    def columns(path: Path) -> dict[str, set[tuple[str, str, int]]]:
        with closing(sqlite3.connect(path)) as db:
            return {
                table: {
                    (name, kind, required) for _, name, kind, required, *_ in db.execute(f"PRAGMA table_info({table})")
                }
                for table in ("meta", "files", "documents", "chunks")
            }

    assert columns(tmp_path / "first.sqlite3") == columns(store.path)


def test_bringing_up_to_date_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "first.sqlite3"
    write_first_version(path, first_documents())
    broken = schema._FROM_1.replace("chunks ADD COLUMN searched", "chunks ADD COLUMN text")  # fails half-way
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_FROM_1", broken)
        with pytest.raises(KnowledgeError, match="duplicate column"):
            Store(path)
    with opened(path) as store:
        assert len(store.documents()) == len(NOTES) and found(store, "fil", "laser") == ["laser/fil#0"]


def test_several_that_open_a_first_version_at_once_do_not_get_in_each_other_s_way(tmp_path: Path) -> None:
    path = tmp_path / "first.sqlite3"
    write_first_version(path, first_documents())
    problems: list[KnowledgeError] = []
    ready = threading.Barrier(4)

    def open_it() -> None:
        ready.wait()
        try:
            with opened(path) as store:
                assert len(store.documents()) == len(NOTES)
        except KnowledgeError as error:
            problems.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "later.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE chunks (id TEXT)")
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(KnowledgeNewer, match="made by a newer CLARA; upgrade"):
        Store(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT group_concat(name) FROM sqlite_master").fetchone() == ("chunks",)


# Files


def test_a_copy_holds_everything_and_later_changes_do_not_reach_it(store: Store, tmp_path: Path) -> None:
    store.put([document("a", "hi", "आँख का दबाव")])
    store.copy_to(tmp_path / "copy.sqlite3")
    store.remove("a/hi")
    with opened(tmp_path / "copy.sqlite3") as copy:
        assert found(copy, "hi", "दबाव") == ["a/hi#0"]
    with pytest.raises(KnowledgeError, match="cannot use"):
        store.copy_to(tmp_path / "missing" / "copy.sqlite3")


def test_half_a_character_cannot_be_stored_and_that_is_said(store: Store) -> None:
    put = document("a", "en", "text")
    with pytest.raises(KnowledgeError, match="half a character, which cannot be stored"):
        store.put([replace(put, title="broken \ud83d")])
    assert store.documents() == []
    with pytest.raises(KnowledgeError, match="half a character"):
        store.document("caf\udce9")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "kb.sqlite3")
    store.close()
    store.close()
    with pytest.raises(KnowledgeError, match="closed"):
        store.documents()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kb.sqlite3"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(KnowledgeCorrupt, match="is damaged"):
        Store(path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="cannot use"):
        Store(tmp_path / "missing" / "kb.sqlite3")

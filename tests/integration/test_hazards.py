"""Harm done to a knowledge base: each test does it and shows that it is noticed, mended, and nothing is lost.

What Chroma does with each damaged file was measured with chromadb 1.5. Below 1000 vectors a language it keeps its
graph nowhere but in its database, so that the bases harmed here hold more.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from clara.errors import KnowledgeCorrupt, KnowledgeLocked
from clara.knowledge import KnowledgeBase
from clara.knowledge.vectors import VectorIndex, guarded
from tests import harm
from tests.conftest import SHIPPED
from tests.fake_embedder import FakeEmbedder
from tests.harm import beside, elsewhere, signal_to, wait_for
from tests.notes import NOTES, write_notes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked and killed")


def claims() -> list[str]:
    """The claims of the shipped evidence in English, and the second half of each: 1368 texts like no other."""
    pages = sorted(SHIPPED.glob("ophthalmology/*/en.md"))
    whole = [line[2:] for page in pages for line in page.read_text(encoding="utf-8").split("\n---\n")[1].splitlines()
             if line.startswith("- ")]  # fmt: skip
    return whole + [" ".join(claim.split()[len(claim.split()) // 2 :]) for claim in whole]


def write_rows(path: Path, texts: list[str]) -> Path:
    rows = [json.dumps({"id": f"r{i}", "lang": "en", "text": text}) + "\n" for i, text in enumerate(texts)]
    path.write_text("".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base with more than a thousand documents in English and a note in each language, with vectors that are quick
    to make anew; to be copied."""
    home = tmp_path_factory.mktemp("large")
    write_notes(home / "notes")
    with KnowledgeBase(home / "kb", None, embedder=FakeEmbedder()) as kb:
        kb.add([write_rows(home / "claims.jsonl", claims()), home / "notes"])
        assert kb.verify().sound and kb.store.languages()["en"] > 1300
    return home / "kb"


@pytest.fixture
def folder(large: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(large, tmp_path / "kb"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A base with a note in each language."""
    write_notes(tmp_path / "notes")
    with KnowledgeBase(tmp_path / "small", None) as kb:
        kb.add([tmp_path / "notes"])
    return tmp_path / "small"


def vectors_of(folder: Path) -> Path:
    (vectors,) = folder.glob("vectors-*")
    return vectors


def graph_of(folder: Path) -> Path:
    """The folder of the one graph that Chroma has written out: that of the English collection."""
    (graph,) = (pickled.parent for pickled in vectors_of(folder).glob("*/index_metadata.pickle"))
    return graph


def documents_in(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "kb.sqlite3")) as db:
        return int(db.execute("SELECT count(*) FROM documents").fetchone()[0])


def is_whole(seen: harm.Ended, folder: Path, count: int) -> bool:
    """Whether a process opened the base, found truth and index in step, and every document there once."""
    result = seen.result
    return seen.code == 0 and result.sound and len(set(result.documents)) == documents_in(folder) == count


# Killed in the middle of a change


def add_again(folder: Path, files: list[Path]) -> harm.Ended:
    """Open the base, which mends it, call the same command again, and verify."""
    return elsewhere(harm.look, folder, "", "en", None, False, files)


@pytest.mark.parametrize("many", ["files", "rows"])
def test_kill_9_at_any_step_of_an_intake_loses_and_doubles_nothing(tmp_path: Path, many: str) -> None:
    """The process kills itself before a step drawn at random."""
    texts = claims()[:30]
    if many == "rows":
        files = [write_rows(tmp_path / "rows.jsonl", texts)]
    else:
        files = [tmp_path / f"n{i}.txt" for i in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
    steps = elsewhere(harm.add, tmp_path / "undisturbed", files, 5).result
    counts = []
    for seed, dies_at in enumerate(harm.moments(3, steps, 3)):
        folder = tmp_path / f"kb{seed}"
        assert elsewhere(harm.add, folder, files, 5, dies_at).code == -signal.SIGKILL
        counts.append(documents_in(folder) if (folder / "kb.sqlite3").exists() else 0)
        assert is_whole(add_again(folder, files), folder, len(texts)), dies_at
    assert any(0 < count < len(texts) for count in counts)  # some died in the middle
    assert is_whole(elsewhere(harm.look, folder), folder, len(texts))


def test_kill_9_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed from outside, inside a step as well as between two."""
    texts, drawn = claims()[:300], random.Random(5)
    files = [write_rows(tmp_path / "rows.jsonl", texts)]
    folder, killed = tmp_path / "kb", 0
    for number in range(6):
        begun = tmp_path / f"begun{number}"
        with beside(harm.add, folder, files, 5, 0, begun) as (process, end):
            while process.is_alive() and not begun.exists():
                time.sleep(0.005)
            process.join(drawn.uniform(0, 0.2))
            process.kill()
            killed += end().code == -signal.SIGKILL
        seen = elsewhere(harm.look, folder)
        assert seen.code == 0 and seen.result.sound, seen
        assert len(set(seen.result.documents)) == documents_in(folder)
    assert killed
    assert is_whole(add_again(folder, files), folder, len(texts))


def test_kill_9_while_a_changed_file_replaces_rows(tmp_path: Path) -> None:
    texts = claims()[:30]
    folder, file = tmp_path / "kb", write_rows(tmp_path / "rows.jsonl", texts)
    changed = [text if i % 3 else f"Changed: {text}" for i, text in enumerate(texts)][5:]
    assert elsewhere(harm.add, folder, [file], 5).code == 0
    write_rows(file, changed)
    before = Path(shutil.copytree(folder, tmp_path / "before"))
    steps = elsewhere(harm.add, folder, [file], 5).result
    for dies_at in harm.moments(11, steps, 3):
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        assert elsewhere(harm.add, folder, [file], 5, dies_at).code == -signal.SIGKILL
        assert is_whole(add_again(folder, [file]), folder, len(changed)), dies_at
        with closing(sqlite3.connect(folder / "kb.sqlite3")) as db:
            assert sorted(row[0] for row in db.execute("SELECT text FROM chunks")) == sorted(changed)


# A damaged index


def deleted(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def torn(path: Path) -> None:
    content = bytearray(path.read_bytes())
    start, end = len(content) // 4, len(content) // 2
    content[start:end] = random.Random(1).randbytes(end - start)
    path.write_bytes(content)


def inspect(folder: Path, *, rebuild: bool = False) -> harm.Ended:
    """Look at a base with a fake embedder from another process, and from a second and third where damage kills it.

    Chroma's native code then reads outside its memory; nothing in Python can catch that.
    """
    for _ in range(3):
        seen = elsewhere(harm.look, folder, NOTES["en"].question, "en", FakeEmbedder(), rebuild)
        if seen.code >= 0:
            break
    return seen


REBUILT = "the vector index was rebuilt: "


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("", deleted),
        *(("chroma.sqlite3", damage) for damage in (deleted, emptied, overwritten, torn)),
        ("graph", deleted),
        *((f"graph/{name}.bin", deleted) for name in ("data_level0", "header", "length", "link_lists")),
        *((f"graph/{name}.bin", emptied) for name in ("data_level0", "header", "length", "link_lists")),
        *((f"graph/{name}.bin", halved) for name in ("data_level0", "header")),
        *((f"graph/{name}.bin", overwritten) for name in ("data_level0", "header")),
        *(("graph/index_metadata.pickle", damage) for damage in (deleted, emptied, overwritten)),
    ],
)
def test_a_damaged_index_is_noticed_at_opening_and_mended_by_it(
    folder: Path, part: str, damage: Callable[[Path], None]
) -> None:
    count = documents_in(folder)
    place, _, name = part.partition("/")
    damage(graph_of(folder) / name if place == "graph" else vectors_of(folder) / part)
    seen = inspect(folder)
    assert is_whole(seen, folder, count), seen
    assert len(seen.result.notices) == 1 and seen.result.notices[0].startswith(REBUILT), seen.result.notices
    assert seen.result.found[0].startswith("laser-en") and seen.result.problems == ()
    vectors_of(folder)  # the damaged folder is gone


def test_what_opening_does_not_notice_verify_does_and_a_rebuild_mends(folder: Path) -> None:
    """By the lengths alone Chroma still finds vectors, and gives back other ones."""
    count = documents_in(folder)
    overwritten(graph_of(folder) / "length.bin")
    seen = inspect(folder)
    assert seen.code == 0 and seen.result.notices == () and "unfindable={'en': " in seen.result.unsound, seen
    assert seen.result.found[0].startswith("laser-en")
    assert is_whole(inspect(folder, rebuild=True), folder, count)
    assert is_whole(inspect(folder), folder, count)


def test_the_upper_layers_of_the_graph_can_be_lost_without_losing_a_vector(folder: Path) -> None:
    count = documents_in(folder)
    overwritten(graph_of(folder) / "link_lists.bin")
    seen = inspect(folder)
    assert is_whole(seen, folder, count) and seen.result.notices == ()


def test_an_index_that_two_processes_died_of_is_not_opened_by_a_third(small: Path) -> None:
    marks = [vectors_of(small) / f"opening-{n}" for n in range(3)]
    marks[0].touch()  # as left by a process that was killed: nobody holds its lock
    seen = elsewhere(harm.look, small)  # one may have been killed for another reason
    assert seen.result.notices == () and seen.result.sound and not marks[0].exists()
    for mark in marks[1:]:
        mark.touch()
    seen = elsewhere(harm.look, small)
    assert seen.result.notices == (f"{REBUILT}processes died while they opened it; clara kb rebuild makes it anew",)
    assert is_whole(seen, small, len(NOTES))
    assert elsewhere(harm.look, small).result.notices == ()


def test_processes_that_open_an_index_at_once_are_not_taken_for_dead(tmp_path: Path) -> None:
    with guarded(tmp_path), guarded(tmp_path), guarded(tmp_path):
        assert len(list(tmp_path.glob("opening-*"))) == 3
        with guarded(tmp_path):
            pass
    assert not list(tmp_path.glob("opening-*"))
    for name in ("opening-1", "opening-2"):
        (tmp_path / name).touch()
    with pytest.raises(KnowledgeCorrupt, match="processes died"), guarded(tmp_path):
        pass


# Several processes


def test_a_second_writer_fails_at_once_and_is_told_of_the_first(small: Path, tmp_path: Path) -> None:
    held, let_go = tmp_path / "held", tmp_path / "go"
    with beside(harm.hold, small, True, held, let_go) as (process, end):
        wait_for(held)
        with pytest.raises(KnowledgeLocked, match=rf"process {process.pid} \(clara kb add, since"):
            KnowledgeBase(small, None)
        signal_to(let_go)
        assert end().code == 0
    assert elsewhere(harm.look, small).result.sound


def test_readers_share_and_a_writer_waits_for_none_of_them(small: Path, tmp_path: Path) -> None:
    held, let_go, text = tmp_path / "held", tmp_path / "go", tmp_path / "text.txt"
    text.write_text("A slit lamp shows the layers of the cornea.")
    with beside(harm.hold, small, False, held, let_go) as (_, end):
        wait_for(held)
        with KnowledgeBase(small, None) as kb:
            assert kb.search(NOTES["fil"].question, "fil").evidence
            for change in (lambda: kb.add([text]), lambda: kb.remove(next(iter(kb.store.hashes("user"))))):
                with pytest.raises(KnowledgeLocked, match="in use by process"):
                    change()
            assert kb.search(NOTES["fil"].question, "fil").evidence and kb.verify().sound
        signal_to(let_go)
        assert end().code == 0
    with KnowledgeBase(small, None) as kb:  # nothing was half done
        assert kb.verify().sound and len(kb.add([text]).stored) == 1


def test_a_killed_writer_gives_the_lock_back(small: Path, tmp_path: Path) -> None:
    held = tmp_path / "held"
    with beside(harm.hold, small, True, held, tmp_path / "never") as (process, end):
        wait_for(held)
        process.kill()
        assert end().code == -signal.SIGKILL
    assert elsewhere(harm.look, small).result.sound


def test_many_that_open_at_once_see_the_same(small: Path) -> None:
    with (
        beside(harm.look, small) as (_, one),
        beside(harm.look, small) as (_, two),
        beside(harm.look, small) as (_, three),
    ):
        seen = [one(), two(), three()]
    assert seen[0].code == 0 and seen[0] == seen[1] == seen[2] and seen[0].result.sound


def test_many_that_make_a_new_base_at_once_make_one(tmp_path: Path) -> None:
    new = tmp_path / "new"
    with beside(harm.look, new) as (_, one), beside(harm.look, new) as (_, two), beside(harm.look, new) as (_, three):
        seen = [one(), two(), three()]
    assert all(s.code == 0 and s.result.sound for s in seen), seen
    assert sum(len(s.result.notices) for s in seen) == 1 and vectors_of(new)


def test_two_writers_round_the_lock_tear_the_index_which_verify_notices_and_a_rebuild_mends(tmp_path: Path) -> None:
    """They do not even write at the same time: each writes out the graph that it holds in memory."""
    for attempt in range(4):  # on a busy machine both may have read what the other wrote, and nothing is torn
        folder = tmp_path / str(attempt) / "kb"
        seen, count = _two_writers_round_the_lock(folder)
        if lost := re.search(r"unfindable={'en': (\d+)}", seen.result.unsound):
            break
    assert seen.code == 0 and lost and int(lost.group(1)) > 100, seen
    assert is_whole(inspect(folder, rebuild=True), folder, count)


def _two_writers_round_the_lock(folder: Path) -> tuple[harm.Ended, int]:
    """Let two processes add to a new base by turns; returns what is seen of it afterwards, and the number of rows."""
    texts, beneath = claims(), folder.parent
    beneath.mkdir()
    files = [write_rows(beneath / f"{n}.jsonl", texts[n::4]) for n in range(4)]
    turns = [beneath / f"turn{n}" for n in range(5)]
    KnowledgeBase(folder, None, embedder=FakeEmbedder()).close()
    with (
        beside(harm.add_in_turns, folder, files[0::2], turns[0:3:2], turns[1:4:2]) as (_, one),
        beside(harm.add_in_turns, folder, files[1::2], turns[1:4:2], turns[2:5:2]) as (_, two),
    ):
        signal_to(turns[0])
        assert one().code == two().code == 0
    assert documents_in(folder) == len(texts)
    return inspect(folder), len(texts)


def test_a_writer_that_knows_nothing_of_clara_is_noticed(folder: Path, tmp_path: Path) -> None:
    count, ready, go = documents_in(folder), [tmp_path / "r0", tmp_path / "r1"], tmp_path / "go"
    with (
        beside(harm.write_vectors, vectors_of(folder), 0, 60, FakeEmbedder().dimension, ready[0], go) as (_, one),
        beside(harm.write_vectors, vectors_of(folder), 10_000, 60, FakeEmbedder().dimension, ready[1], go) as (_, two),
    ):
        for mark in ready:
            wait_for(mark)
        signal_to(go)
        assert one().code == two().code == 0
    seen = inspect(folder)
    assert seen.code == 0 and (seen.result.notices or "extra={'en': 120}" in seen.result.unsound), seen
    assert seen.result.found[0].startswith("laser-en")
    assert is_whole(inspect(folder, rebuild=True), folder, count)


def test_a_stale_reader_shows_nothing_that_was_deleted(small: Path, tmp_path: Path) -> None:
    """Beside a writer that went round the lock, a reader's vectors are old; what it shows comes from the truth."""
    new, gone, ready, go = tmp_path / "new.txt", tmp_path / "gone.txt", tmp_path / "ready", tmp_path / "go"
    new.write_text("Photokeratitis is a burn of the cornea by ultraviolet light.")
    gone.write_text("Couching pushes the clouded lens into the eye.")
    with KnowledgeBase(small, None) as kb:
        (removed,) = kb.add([gone]).stored
    with beside(harm.search_stale, small, ["couching clouded lens", "photokeratitis cornea burn"], ready, go) as (
        _,
        end,
    ):
        wait_for(ready)
        (small / "lock").unlink()  # as someone might who thinks it was left behind
        with KnowledgeBase(small, None) as kb:
            kb.remove(removed)
            assert len(kb.add([new]).stored) == 1
        signal_to(go)
        ended = end()
    assert ended.code == 0, ended
    (about_gone, about_new), problems = ended.result
    assert problems == [] and not any("Couching" in text for text in about_gone)
    assert about_new[0] == new.read_text()
    assert elsewhere(harm.look, small).result.sound


# Made anew beside the old


def test_readers_go_on_while_another_process_rebuilds(small: Path, tmp_path: Path) -> None:
    paused, go = tmp_path / "paused", tmp_path / "go"
    with KnowledgeBase(small, None) as kb:
        old = vectors_of(small)
        with beside(harm.rebuild_slowly, small, "fake/two", 5, paused, go) as (_, end):
            wait_for(paused)
            assert kb.search(NOTES["hi"].question, "hi").evidence and kb.verify().sound
            with pytest.raises(KnowledgeLocked, match=r"clara kb rebuild"):
                kb.rebuild()
            with pytest.raises(KnowledgeLocked, match=r"in use by"):  # a change would be missing in the new index
                kb.add([write_rows(tmp_path / "rows.jsonl", ["One."])])
            signal_to(go)
            assert end().result[0] == len(NOTES)
        found = kb.search(NOTES["hi"].question, "hi")
        assert found.evidence[0].origins.keys() == {"bm25:hi", "vector:hi"} and found.problems == ()
        assert old.is_dir()  # in use
    seen = elsewhere(harm.look, small, "", "en", FakeEmbedder("fake/two", seed=2), True)
    assert seen.result.sound and not old.exists() and vectors_of(small)


def test_a_killed_rebuild_leaves_the_old_index_and_goes_on_where_it_stopped(small: Path, tmp_path: Path) -> None:
    with KnowledgeBase(small, None) as kb:
        kb.add([write_rows(tmp_path / "rows.jsonl", claims()[:60])])
    total = len(NOTES) + 60
    with beside(harm.rebuild_slowly, small, "fake/two", 50, tmp_path / "paused", tmp_path / "never") as (process, end):
        wait_for(tmp_path / "paused")
        process.kill()
        assert end().code == -signal.SIGKILL
    seen = elsewhere(harm.look, small, NOTES["pt"].question, "pt")
    assert seen.result.sound and seen.result.notices == () and seen.result.found[0].startswith("laser-pt")
    count, asked = elsewhere(harm.rebuild_slowly, small, "fake/two", 10_000, tmp_path / "x", tmp_path / "y").result
    # 48 of 50 texts had been embedded in whole batches of 8; 3 texts are the canary.
    assert count == total and asked <= total - 40 + 3
    seen = elsewhere(harm.look, small, NOTES["pt"].question, "pt", FakeEmbedder("fake/two", seed=2))
    assert seen.result.sound and len(seen.result.documents) == total and seen.result.problems == ()


# Other harm


def test_ids_added_twice_replace_each_other(tmp_path: Path) -> None:
    """Chroma's own `add` ignores an id that it knows, without a word."""
    index = VectorIndex(tmp_path / "vectors")
    one, two = np.eye(2, 8, dtype=np.float32)
    index.add("en", ["a", "b"], np.stack([one, two]))
    index.add("en", ["a"], two[None])
    index.add("en", ["a"], one[None])
    assert index.counts() == {"en": 2} and index.ids("en") == {"a", "b"}
    assert index.query("en", one, 1)[0] == ("a", pytest.approx(1.0))
    index.close()


def test_documents_added_again_and_again_stay_one(small: Path, tmp_path: Path) -> None:
    with KnowledgeBase(small, None) as kb:
        for day in range(5):
            (tmp_path / "notes" / "laser-en.md").write_text(f"# Laser\n\nA laser burn of the retina on day {day}.\n")
            kb.add([tmp_path / "notes"])
        assert kb.verify().sound and sum(kb.space.index.counts().values()) == len(NOTES)
        assert kb.search("laser burn of the retina", "en").evidence[0].passage.text.endswith("day 4.")


def test_a_text_without_letters_is_no_damage(small: Path, tmp_path: Path) -> None:
    """Its vector is zero, and nothing is near a zero vector."""
    text = tmp_path / "break.md"
    text.write_text('---\nlang: en\ntitle: "…"\n---\n* * *\n')
    with KnowledgeBase(small, None) as kb:
        assert len(kb.add([text, write_rows(tmp_path / "rows.jsonl", claims()[:30])]).stored) == 31
        assert not kb.space.embedder.embed(["…  * * *"]).any() and kb.verify().sound


def test_damaged_truth_is_never_papered_over(small: Path) -> None:
    (small / "kb.sqlite3").write_bytes(b"SQLite format 3\0" + os.urandom(8192))
    with pytest.raises(KnowledgeCorrupt, match="move it away"):
        KnowledgeBase(small, None)
    (small / "kb.sqlite3").rename(small / "damaged")
    notices: list[str] = []
    with KnowledgeBase(small, None, notify=notices.append) as kb:  # what the message advises
        assert kb.store.documents() == [] and kb.rebuild() == 0 and kb.verify().sound
    assert notices == ["building the knowledge base for the first time"]
    vectors_of(small)  # the vectors of the lost truth are gone


def test_the_truth_passes_sqlite_s_own_check(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "kb.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []

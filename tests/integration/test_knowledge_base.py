"""The knowledge base under harm: each test does the damage and shows that it is noticed and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clara.errors import KnowledgeCorrupt, KnowledgeError, KnowledgeLocked
from clara.knowledge import HashedNGrams, KnowledgeBase
from tests.conftest import SHIPPED

TEXT = {
    "en": "# Laser safety\n\nA laser pointer can burn the retina within a second. Never look into the beam.\n",
    "hi": "# लेज़र से बचाव\n\nलेज़र पॉइंटर एक सेकंड में रेटिना को जला सकता है। किरण में कभी न देखें।\n",
    "zh-Hans": "# 激光安全\n\n激光笔可在1秒内灼伤视网膜。切勿直视光束。\n",
}


@pytest.fixture
def folder(tmp_path: Path, shipped_home: Path) -> Path:
    """A built knowledge base of the test's own."""
    return Path(shutil.copytree(shipped_home / "knowledge", tmp_path / "kb"))


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    place = tmp_path / "documents"
    place.mkdir()
    for language, text in TEXT.items():
        (place / f"laser-{language}.md").write_text(text, encoding="utf-8")
    return place


@pytest.fixture
def kb(folder: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(folder, SHIPPED) as opened:
        yield opened


def user_documents(kb: KnowledgeBase) -> set[str]:
    return {str(d["id"]).rpartition("-")[0] for d in kb.store.documents() if d["origin"] == "user"}


def test_documents_are_added_found_shown_and_removed(kb: KnowledgeBase, documents: Path) -> None:
    added = kb.add([documents])
    assert len(added.stored) == 3 and not added.failed
    for query, language in (
        ("can a laser pointer burn the retina", "en"),
        ("लेज़र पॉइंटर से रेटिना", "hi"),
        ("激光笔 视网膜", "zh-Hans"),
    ):
        best = kb.search(query, language).evidence[0].passage
        assert best.document.startswith("laser-") and best.language == language
    assert kb.verify().sound
    assert kb.add([documents]).unchanged and not kb.add([documents]).stored
    for document in added.stored:
        assert kb.document(document)[0].text
        kb.remove(document)
    assert not user_documents(kb) and kb.verify().sound
    with pytest.raises(KnowledgeError, match="clara kb ls"):
        kb.remove("laser-gone")


def test_a_changed_file_replaces_its_earlier_version(kb: KnowledgeBase, documents: Path) -> None:
    kb.add([documents])
    (documents / "laser-en.md").write_text("# Laser safety\n\nPhotocoagulation is a treatment.\n", encoding="utf-8")
    assert len(kb.add([documents]).stored) == 1
    texts = [kb.document(str(d["id"]))[0].text for d in kb.store.documents() if "laser-en" in str(d["id"])]
    assert texts == ["Photocoagulation is a treatment."] and kb.verify().sound


def test_a_bad_file_is_named_and_the_rest_goes_on(kb: KnowledgeBase, documents: Path) -> None:
    (documents / "empty.txt").write_text("")
    (documents / "latin1.txt").write_bytes("Übelkeit".encode("latin-1"))
    added = kb.add([documents, documents / "missing.md", documents.parent / "x.pdf"])
    assert len(added.stored) == 3
    reasons = dict(added.failed)
    assert "no text" in reasons[str(documents / "empty.txt")]
    assert "UTF-8" in reasons[str(documents / "latin1.txt")]
    assert len(reasons) == 4 and all("\n" not in reason for reason in reasons.values())


def test_deleted_index_files_are_rebuilt_and_said(folder: Path, documents: Path) -> None:
    with KnowledgeBase(folder, SHIPPED) as kb:
        kb.add([documents])
    for vectors in folder.glob("vectors-*"):
        shutil.rmtree(vectors)
    notices: list[str] = []
    with KnowledgeBase(folder, SHIPPED, notify=notices.append) as kb:
        assert kb.verify().sound and len(user_documents(kb)) == 3
    assert notices == ["the vector index was rebuilt: its folder is missing"]


@pytest.mark.parametrize("damage", ["database", "segment", "emptied"])
def test_a_damaged_index_is_rebuilt_and_said(folder: Path, documents: Path, damage: str) -> None:
    with KnowledgeBase(folder, SHIPPED) as kb:
        kb.add([documents])
    # In a process of its own: Chroma keeps files open for the life of a process that has opened them.
    vectors = next(folder.glob("vectors-*"))
    if damage == "database":
        (vectors / "chroma.sqlite3").write_bytes(os.urandom(4096))
    elif damage == "emptied":
        (vectors / "chroma.sqlite3").write_bytes(b"")
    else:
        for segment in vectors.glob("*/*.bin"):
            segment.write_bytes(os.urandom(64))
    found = subprocess.run(
        [sys.executable, "-c", OPEN_AND_VERIFY, str(folder), str(SHIPPED)], capture_output=True, text=True, check=True
    )
    assert "sound True 3" in found.stdout
    assert "the vector index was rebuilt" in found.stdout or damage == "segment"


OPEN_AND_VERIFY = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clara.knowledge import KnowledgeBase
    with KnowledgeBase(Path(sys.argv[1]), Path(sys.argv[2]), notify=print) as kb:
        users = sum(d["origin"] == "user" for d in kb.store.documents())
        print("sound", kb.verify().sound, users)
        print("found", bool(kb.search("laser pointer retina", "en").evidence))
    """
)
ADD_FOREVER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from clara.knowledge import KnowledgeBase
    folder, shipped, documents = map(Path, sys.argv[1:])
    with KnowledgeBase(folder, shipped) as kb:
        for i in range(10_000):
            (documents / f"n{i}.txt").write_text(f"Note number {i} on the laser treatment of the retina.")
            kb.add([documents / f"n{i}.txt"])
            print(i, flush=True)
    """
)


def test_kill_9_during_add_loses_no_finished_document(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "notes"
    place.mkdir()
    arguments = [sys.executable, "-c", ADD_FOREVER, str(folder), str(SHIPPED), str(place)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        finished = [int(process.stdout.readline()) for _ in range(5)]
        process.send_signal(signal.SIGKILL)
        process.wait()
    with KnowledgeBase(folder, SHIPPED) as kb:
        assert kb.verify().sound
        assert {f"n{i}" for i in finished} <= user_documents(kb)


def test_a_death_between_truth_and_index_is_mended(folder: Path, documents: Path) -> None:
    with KnowledgeBase(folder, SHIPPED) as kb:
        kb.add([documents])
        kb.store.set_meta("index", "dirty")  # what a death in the middle of a change leaves
        victim = next(i for i in kb.store.chunk_ids("en") if i.startswith("laser"))
        kb.index.delete("en", [victim])
    notices: list[str] = []
    with KnowledgeBase(folder, SHIPPED, notify=notices.append) as kb:
        assert kb.verify().sound and kb.search("laser pointer retina", "en").evidence
    assert notices == ["the vector index was rebuilt: an earlier change was not finished"]


def test_another_embedder_makes_a_new_space(folder: Path) -> None:
    class Reversed(HashedNGrams):
        dimension = 480

        @property
        def fingerprint(self) -> str:
            return "test/480"

    notices: list[str] = []
    with KnowledgeBase(folder, SHIPPED, embedder=Reversed(), notify=notices.append) as kb:
        assert kb.verify().sound
        assert kb.index.query("en", np.ones(480, dtype=np.float32), 1)
    assert notices == ["the vector index was rebuilt: it was made with another embedder"]
    assert len(list(folder.glob("vectors-*"))) == 1  # the old space is gone


def test_a_writer_is_refused_at_once_beside_a_reader_and_named(folder: Path, documents: Path) -> None:
    hold = "import sys\nfrom pathlib import Path\nfrom clara.knowledge import KnowledgeBase\n" + textwrap.dedent(
        """
        kb = KnowledgeBase(Path(sys.argv[1]), Path(sys.argv[2]), purpose="clara kb add")
        kb._lock.acquire(exclusive=sys.argv[3] == "writer")
        print("held", flush=True)
        sys.stdin.read()
        """
    )
    for role in ("reader", "writer"):
        arguments = [sys.executable, "-c", hold, str(folder), str(SHIPPED), role]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None and process.stdout is not None
            assert process.stdout.readline() == "held\n"
            try:
                if role == "reader":  # readers share; a writer is refused
                    with KnowledgeBase(folder, SHIPPED) as kb:
                        assert kb.search("cataract", "en").evidence
                        with pytest.raises(KnowledgeLocked, match="in use by"):
                            kb.add([documents])
                        assert kb.search("cataract", "en").evidence
                else:
                    with pytest.raises(KnowledgeLocked, match=rf"process {process.pid} \(clara kb add, since"):
                        KnowledgeBase(folder, SHIPPED)
            finally:
                process.stdin.close()
                process.wait()
    with KnowledgeBase(folder, SHIPPED) as kb:
        assert len(kb.add([documents]).stored) == 3


def test_many_readers_see_the_same(folder: Path) -> None:
    arguments = [sys.executable, "-c", OPEN_AND_VERIFY, str(folder), str(SHIPPED)]
    readers = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate()[0] for process in readers]
    assert outputs == ["sound True 0\nfound False\n"] * 3 or len(set(outputs)) == 1


def test_damaged_truth_is_never_papered_over(folder: Path) -> None:
    (folder / "kb.sqlite3").write_bytes(b"SQLite format 3\0" + os.urandom(8192))
    with pytest.raises(KnowledgeCorrupt, match="move it away"):
        KnowledgeBase(folder, SHIPPED)


def test_a_changed_shipped_file_is_read_again_and_the_user_s_documents_stay(
    folder: Path, documents: Path, tmp_path: Path
) -> None:
    with KnowledgeBase(folder, SHIPPED) as kb:
        kb.add([documents])
    newer = Path(shutil.copytree(SHIPPED, tmp_path / "newer"))
    page = newer / "ophthalmology" / "cataract" / "en.md"
    page.write_text(
        page.read_text(encoding="utf-8") + "- A sentence that only the newer release has.\n", encoding="utf-8"
    )
    shutil.rmtree(newer / "ophthalmology" / "trachoma")
    notices: list[str] = []
    with KnowledgeBase(folder, newer, notify=notices.append) as kb:
        assert any("newer release" in p.text for p in kb.document("ophthalmology/cataract/en"))
        with pytest.raises(KnowledgeError):
            kb.document("ophthalmology/trachoma/en")
        assert len(user_documents(kb)) == 3 and kb.verify().sound
    assert notices == ["the shipped evidence has changed and was read again"]


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KnowledgeError, match="CLARA_HOME"):
        KnowledgeBase(tmp_path / "file" / "knowledge", SHIPPED)


@pytest.mark.skipif(
    not hasattr(os, "fork") or os.geteuid() != 0, reason="gives up root's rights to try a read-only folder"
)
def test_a_read_only_data_folder_is_said(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    code = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from clara.errors import KnowledgeError
        from clara.knowledge.lock import FolderLock
        os.setuid(65534)
        try:
            FolderLock(Path(sys.argv[1]) / "knowledge", "test").acquire(exclusive=True)
        except KnowledgeError as error:
            print(error)
        """
    )
    for parent in tmp_path.parents:
        if parent.owner() == "root" and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    said = subprocess.run([sys.executable, "-c", code, str(locked)], capture_output=True, text=True, check=True).stdout
    assert "CLARA_HOME" in said and said.count("\n") == 1


def test_the_store_survives_a_full_integrity_check(kb: KnowledgeBase, documents: Path, folder: Path) -> None:
    kb.add([documents])
    with sqlite3.connect(folder / "kb.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_closing_waits_for_searches_in_other_threads(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for _ in range(5):
        kb = KnowledgeBase(folder, SHIPPED)
        with ThreadPoolExecutor(4) as pool:
            searches = [pool.submit(kb.search, "symptoms of cataract", "en") for _ in range(40)]
            searches[0].result()
            kb.close()
            for search in searches:
                try:
                    assert search.result().evidence
                except KnowledgeError as error:  # begun after closing
                    assert "closed" in str(error) or "cannot be read" in str(error)

"""Vectors on a real Chroma server: shared without mixing, and missed without being lost."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from clara.config import Settings
from clara.errors import ConfigError, KnowledgeError
from clara.knowledge import KnowledgeBase, vectors
from tests import harm
from tests.fake_embedder import FakeEmbedder
from tests.notes import NOTES, write_notes

CHROMA = Path(sys.executable).parent / "chroma"
TOKEN = "t0ken-that-must-not-be-shown"


class Server:
    """A Chroma server on a free port of loopback, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        folder, port = str(self.folder), str(self.port)
        arguments = [str(CHROMA), "run", "--path", folder, "--host", "127.0.0.1", "--port", port]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(6000):
            if self._process.poll() is not None:
                raise RuntimeError(f"the Chroma server ended with {self._process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("the Chroma server does not listen")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def collections(self) -> set[str]:
        with self._client() as client:
            return {c.name for c in client.list_collections()}

    def drop(self, wanted: Callable[[str], bool]) -> None:
        with self._client() as client:
            for name in [c.name for c in client.list_collections() if wanted(c.name)]:
                client.delete_collection(name)

    def create(self, names: list[str]) -> None:
        with self._client() as client:
            for name in names:
                client.create_collection(name, embedding_function=None)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        settings = ChromaSettings(anonymized_telemetry=False)
        with chromadb.HttpClient(host="127.0.0.1", port=self.port, settings=settings) as client:
            yield client
        for connected in (client, client._admin_client):
            connected._server._session.close()  # which Chroma leaves open


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("chroma")) as started:
        yield started


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, to kill."""
    with running(tmp_path / "chroma") as started:
        yield started


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    write_notes(tmp_path / "notes")
    return tmp_path / "notes"


def opened(folder: Path, url: str | None, notices: list[str] | None = None, **named: Any) -> KnowledgeBase:
    notify = (notices if notices is not None else []).append
    return KnowledgeBase(folder, None, settings=Settings(chroma_url=url), notify=notify, **named)


def finds(kb: KnowledgeBase, lists: tuple[str, ...] = ("bm25", "vector")) -> bool:
    """Whether every note is found by exactly these lists."""
    for language, note in NOTES.items():
        evidence = kb.search(note.question, language).evidence
        if not evidence or evidence[0].passage.language != language:
            return False
        if evidence[0].origins.keys() != {f"{name}:{language}" for name in lists}:
            return False
    return True


def marked(kb: KnowledgeBase) -> str:
    """What the names of a base's collections begin with."""
    return f"vectors-{kb.store.meta('base')}-"


def test_vectors_on_a_server_survive_closing(server: Server, tmp_path: Path, notes: Path) -> None:
    notices: list[str] = []
    with opened(tmp_path / "kb", server.url, notices) as kb:
        assert len(kb.add([notes]).stored) == len(NOTES) and finds(kb) and kb.verify().sound
        mine = {name for name in server.collections() if name.startswith(marked(kb))}
        assert len(mine) == len(NOTES)  # one a language
    assert not list((tmp_path / "kb").glob("vectors-*"))
    embedder = FakeEmbedder()
    with opened(tmp_path / "kb", server.url, notices) as kb:
        assert finds(kb) and kb.verify().sound
        kb.remove(next(iter(kb.store.hashes("user"))))
        assert kb.verify().sound
    assert notices == ["building the knowledge base for the first time"] and embedder.texts == []


def test_bases_share_a_server_without_mixing(server: Server, tmp_path: Path, notes: Path) -> None:
    (tmp_path / "own.md").write_text("---\nlang: en\n---\nA slit lamp shows the cornea.")
    with opened(tmp_path / "one", server.url) as one, opened(tmp_path / "two", server.url) as two:
        one.add([notes])
        two.add([tmp_path / "own.md"])
        assert one.verify().sound and two.verify().sound
        assert not one.search("slit lamp cornea", "en").evidence and two.search("slit lamp cornea", "en").evidence
        hers = {name for name in server.collections() if name.startswith(marked(two))}
        before = {name for name in server.collections() if name.startswith(marked(one))}
        one.rebuild()
        after = {name for name in server.collections() if name.startswith(marked(one))}
        assert len(after) == len(before) == len(NOTES) and not after & before  # its own old ones are gone
        assert hers and hers <= server.collections()
        assert one.verify().sound and two.verify().sound and finds(one)


def test_a_server_with_many_collections_of_others_is_searched_through(
    server: Server, tmp_path: Path, notes: Path
) -> None:
    server.create([f"aaa-{i}" for i in range(120)])
    with opened(tmp_path / "kb", server.url) as kb:
        kb.add([notes])
    notices: list[str] = []
    with opened(tmp_path / "kb", server.url, notices) as kb:
        assert notices == [] and finds(kb) and kb.rebuild() == len(NOTES)
    assert {f"aaa-{i}" for i in range(120)} <= server.collections()


def test_other_processes_read_at_the_same_time(server: Server, tmp_path: Path, notes: Path) -> None:
    with opened(tmp_path / "kb", server.url) as kb:
        kb.add([notes])
        seen = harm.elsewhere(harm.use_server, tmp_path / "kb", server.url, NOTES["en"].question)
        assert seen.code == 0 and seen.result[0][0].startswith("laser-en") and seen.result[1:] == ([], True)
        assert finds(kb)


def test_collections_that_were_deleted_are_made_anew(server: Server, tmp_path: Path, notes: Path) -> None:
    with opened(tmp_path / "kb", server.url) as kb:
        kb.add([notes])
        mark = marked(kb)
    server.drop(lambda name: name.startswith(mark) and name.endswith("_hi"))
    notices: list[str] = []
    with opened(tmp_path / "kb", server.url, notices) as kb:
        assert finds(kb) and kb.verify().sound
    assert notices == ["the vector index was rebuilt: it does not hold what the knowledge base holds"]


def test_a_base_moves_to_a_server_and_back(server: Server, tmp_path: Path, notes: Path) -> None:
    folder = tmp_path / "kb"
    with opened(folder, None) as kb:
        kb.add([notes])
    for url in (server.url, None, server.url):
        notices: list[str] = []
        with opened(folder, url, notices) as kb:
            assert finds(kb) and kb.verify().sound
        assert len(notices) == 1 and notices[0].startswith("the vector index was rebuilt: ")


def test_another_embedder_is_refused_on_a_server_too(server: Server, tmp_path: Path, notes: Path) -> None:
    with opened(tmp_path / "kb", server.url) as kb:
        kb.add([notes])
    with pytest.raises(KnowledgeError, match="clara kb rebuild"):
        opened(tmp_path / "kb", server.url, embedder=FakeEmbedder())
    with opened(tmp_path / "kb", server.url, embedder=FakeEmbedder(), rebuilding=True) as kb:
        assert kb.rebuild() == len(NOTES) and finds(kb) and kb.verify().sound


# Away


def test_search_goes_on_by_words_when_the_server_dies_and_by_vectors_when_it_is_back(
    mortal: Server, tmp_path: Path, notes: Path
) -> None:
    with opened(tmp_path / "kb", mortal.url) as kb:
        kb.add([notes])
        assert finds(kb)
        mortal.kill()
        assert finds(kb, ("bm25",))
        (problem,) = kb.search(NOTES["fr"].question, "fr").problems
        assert problem.startswith(f"only words were searched, not vectors: the Chroma server at {mortal.url} does not")
        assert "start it" in problem and "\n" not in problem
        for use in (kb.verify, kb.rebuild):
            with pytest.raises(KnowledgeError, match="does not answer"):
                use()
        mortal.start()
        assert finds(kb) and kb.verify().sound


def test_changes_made_while_the_server_is_away_reach_it_later(mortal: Server, tmp_path: Path, notes: Path) -> None:
    with opened(tmp_path / "kb", mortal.url) as kb:
        kb.add([notes / "laser-en.md", notes / "laser-es.md"])
        mortal.kill()
        assert "does not answer" in kb.add([notes]).problem  # while it was open
        kb.remove(next(i for i in kb.store.hashes("user") if i.startswith("laser-es")))
    notices: list[str] = []
    with opened(tmp_path / "kb", mortal.url, notices) as kb:  # before it was opened
        assert len(notices) == 1 and notices[0].startswith("only words are searched, not vectors: the Chroma server")
        assert kb.search(NOTES["ar"].question, "ar").evidence[0].origins.keys() == {"bm25:ar"}
        assert kb.add([notes / "laser-es.md"]).problem
        kb.remove(next(i for i in kb.store.hashes("user") if i.startswith("laser-en")))
        kb.add([notes / "laser-en.md"])
    mortal.start()
    notices.clear()
    with opened(tmp_path / "kb", mortal.url, notices) as kb:
        assert len(kb.store.documents()) == len(NOTES) and finds(kb) and kb.verify().sound
    assert notices == ["an earlier change was not finished; the vector index was brought into step"]


def test_only_removals_made_while_the_server_is_away_reach_it_later(
    mortal: Server, tmp_path: Path, notes: Path
) -> None:
    """Nothing lacks a vector then, and still the index is not what it should be."""
    with opened(tmp_path / "kb", mortal.url) as kb:
        kb.add([notes])
        mortal.kill()
        (notes / "laser-fil.md").unlink()
        assert len(kb.update(prune=True).removed) == 1
        mortal.start()
        assert dict(kb.verify().extra) == {"fil": 1}
    with opened(tmp_path / "kb", mortal.url) as kb:
        assert kb.verify().sound and len(kb.store.documents()) == len(NOTES) - 1


def test_a_first_opening_without_the_server_is_finished_by_a_later_one(
    mortal: Server, tmp_path: Path, notes: Path
) -> None:
    mortal.kill()
    with opened(tmp_path / "kb", mortal.url) as kb:
        kb.add([notes])
        assert finds(kb, ("bm25",))
    mortal.start()
    with opened(tmp_path / "kb", mortal.url) as kb:
        assert finds(kb) and kb.verify().sound


# Wrong addresses


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1:8000",
        "http://",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:8000/api",
        "//",
    ],
)
def test_an_address_that_cannot_be_one_is_a_setting_to_correct(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"chroma_url is .*; expected an address such as") as caught:
        opened(tmp_path / "kb", url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://user:s3cret@127.0.0.1:8000", "http://s3cret@127.0.0.1:8000"])
def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="set chroma_token") as caught:
        opened(tmp_path / "kb", url)
    assert "s3cret" not in str(caught.value)


@contextmanager
def other_server(status: int, body: bytes) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that is not Chroma's, or does not let one in; yields its address and the tokens it was sent."""
    tokens: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            return None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", tokens
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<h1>not here</h1>"),
        (200, b"<h1>hello</h1>"),
        (200, b"{}"),
        (401, b'{"error": "Unauthorized", "message": "no"}'),
        (403, b'{"error": "AuthError", "message": "Forbidden"}'),
        (429, b"slow down"),
        (500, b"oops"),
        (502, b"bad gateway"),
    ],
)
def test_a_server_that_is_not_chroma_s_or_lets_nobody_in_costs_only_the_vectors(
    tmp_path: Path, notes: Path, status: int, body: bytes
) -> None:
    notices: list[str] = []
    with other_server(status, body) as (url, tokens):
        settings = Settings(chroma_url=url, chroma_token=SecretStr(TOKEN))
        with KnowledgeBase(tmp_path / "kb", None, settings=settings, notify=notices.append) as kb:
            assert len(kb.add([notes]).stored) == len(NOTES) and finds(kb, ("bm25",))
    assert set(tokens) == {f"Bearer {TOKEN}"}
    said = notices[-1]
    assert said.startswith(f"only words are searched, not vectors: the Chroma server at {url} does not answer")
    assert "chroma_url and chroma_token" in said and TOKEN not in said and "\n" not in said


def test_a_server_that_never_answers_is_not_waited_for(
    tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_TIMEOUT_S", 0.2)
    notices: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        kb = opened(tmp_path / "kb", url, notices)
        assert kb.add([notes]).problem and finds(kb, ("bm25",))
        kb.close()
    assert "does not answer (ReadTimeout)" in notices[-1]


@pytest.mark.skipif(os.name != "posix", reason="needs a process that can be stopped")
def test_a_server_that_stops_answering_is_not_waited_for(
    mortal: Server, tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "kb", mortal.url) as kb:
        kb.add([notes])
        session = kb.space.index._client._server._session
        assert session.timeout.read == vectors._TIMEOUT_S
        monkeypatch.setattr(session, "timeout", 0.2)  # a minute is long for a test
        mortal.freeze()
        found = kb.search(NOTES["pt"].question, "pt")
        assert found.evidence[0].origins.keys() == {"bm25:pt"} and "(ReadTimeout)" in found.problems[0]

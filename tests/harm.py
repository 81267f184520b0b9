"""Processes that open a knowledge base beside the test's own: to be killed, to stand in the way, to go round the lock.

They are forked from one server that has everything at hand (tests/warm.py), so that one costs a tenth of a second.
A process that has read a damaged index cannot be trusted with another, and Chroma keeps files open for as long as
a process lives.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from clara.config import Settings
from clara.errors import ClaraError
from clara.knowledge import KnowledgeBase
from clara.knowledge import intake as intake_module
from clara.knowledge import space as space_module
from clara.knowledge.lock import FolderLock
from clara.knowledge.store import Store
from clara.knowledge.vectors import VectorIndex
from tests.fake_embedder import FakeEmbedder

_WAIT_S = 120


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.warm"])
    return context


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: its exit code (a signal's number negative), what it returned, the error it raised."""

    code: int
    result: Any = None
    error: str = ""


def _child(function: Callable[..., Any], arguments: Sequence[Any], connection: Connection) -> None:
    try:
        connection.send((function(*arguments), ""))
    except ClaraError as error:
        connection.send((None, f"{type(error).__name__}: {error}"))


@contextmanager
def beside(function: Callable[..., Any], *arguments: Any) -> Iterator[tuple[BaseProcess, Callable[[], Ended]]]:
    """Run `function` in another process; yield it and what waits for its end. It is killed at the end of the block."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = _context().Process(target=_child, args=(function, arguments, theirs))
    process.start()
    theirs.close()

    def end() -> Ended:
        result, error = None, ""
        try:
            if ours.poll(_WAIT_S):
                result, error = ours.recv()
        except EOFError:
            pass  # it died before it could tell: its exit code says how
        process.join(_WAIT_S)
        return Ended(code=process.exitcode, result=result, error=error)

    try:
        yield process, end
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def elsewhere(function: Callable[..., Any], *arguments: Any) -> Ended:
    """Run `function` in another process to its end."""
    with beside(function, *arguments) as (_, end):
        return end()


def signal_to(path: Path) -> None:
    """Tell the other side that a point is reached."""
    path.touch()


def wait_for(path: Path) -> None:
    """Wait until the other side has told so."""
    deadline = time.monotonic() + _WAIT_S
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody made {path.name}")
        time.sleep(0.01)


# What the other process does


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a process found in a base: what opening said, whether truth and index agree, each user document's id."""

    notices: tuple[str, ...]
    sound: bool
    unsound: str
    documents: tuple[str, ...]
    found: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def look(
    folder: Path,
    question: str = "",
    language: str = "en",
    embedder: FakeEmbedder | None = None,
    rebuild: bool = False,
    files: Sequence[Path] = (),
) -> Seen:
    """Open a base, rebuild it or add files in English if wanted, verify it, and search for what answers a question."""
    notices: list[str] = []
    with KnowledgeBase(folder, None, embedder=embedder, rebuilding=rebuild, notify=notices.append) as kb:
        if rebuild:
            kb.rebuild()
        if files:
            kb.add(files, language="en")
        result = kb.search(question, language) if question else None
        check = kb.verify()
        return Seen(
            notices=tuple(notices),
            sound=check.sound,
            unsound="" if check.sound else str(check),
            documents=tuple(sorted(kb.store.hashes("user"))),
            found=tuple(e.passage.document for e in (*result.evidence, *result.rejected)) if result else (),
            problems=result.problems if result else (),
        )


def add(
    folder: Path, files: Sequence[Path], chunks_a_batch: int = 512, dies_at: int = 0, begun: Path | None = None
) -> int:
    """Add files in English in small batches; returns the number of steps taken, or dies at the given one.

    begun: made before the first document is written.
    """
    intake_module._BATCH_CHUNKS = chunks_a_batch
    steps = _count_steps(dies_at, begun)
    with KnowledgeBase(folder, None) as kb:
        kb.add(files, language="en")
    return len(steps)


def _count_steps(dies_at: int, begun: Path | None) -> list[str]:
    """Note every step that changes truth or index, before it is taken; kill the process before step `dies_at`."""
    steps: list[str] = []

    def counted(owner: type, name: str) -> None:
        method = getattr(owner, name)

        def step(self: object, *arguments: Any, **named: Any) -> Any:
            steps.append(name)
            if begun is not None and name == "put":
                signal_to(begun)
            if len(steps) == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(self, *arguments, **named)

        setattr(owner, name, step)

    for name in ("put", "remove", "mark_embedded", "set_file", "forget_file", "set_notes"):
        counted(Store, name)
    for name in ("add", "delete"):
        counted(VectorIndex, name)
    return steps


def hold(folder: Path, exclusive: bool, held: Path, let_go: Path) -> None:
    """Hold a base open, as a reader or as a writer in the middle of a change."""
    with KnowledgeBase(folder, None, purpose="clara kb add") as kb:
        if exclusive:
            kb._lock.acquire(exclusive=True)
        signal_to(held)
        wait_for(let_go)


def add_in_turns(folder: Path, files: Sequence[Path], mine: Sequence[Path], theirs: Sequence[Path]) -> None:
    """Add a file whenever it is this process's turn, as if there were no lock: what it protects against."""
    FolderLock.acquire = lambda *_, **__: None  # type: ignore[method-assign]
    with KnowledgeBase(folder, None, embedder=FakeEmbedder()) as kb:
        for file, my_turn, their_turn in zip(files, mine, theirs, strict=True):
            wait_for(my_turn)
            added = kb.add([file])
            assert not added.failed and not added.problem, added  # Chroma says nothing
            signal_to(their_turn)


def write_vectors(vectors: Path, first: int, count: int, dimension: int, ready: Path, go: Path) -> None:
    """Write vectors of no chunk into an index's folder with a Chroma client of its own."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.PersistentClient(vectors, settings=ChromaSettings(anonymized_telemetry=False))
    collection = client.get_collection("kb_en", embedding_function=None)
    drawn = np.random.default_rng(first)
    collection.query(query_embeddings=drawn.normal(size=(1, dimension)).astype(np.float32), n_results=1)
    signal_to(ready)
    wait_for(go)
    for start in range(first, first + count, 20):
        collection.upsert(
            ids=[f"stray-{i}" for i in range(start, start + 20)],
            embeddings=drawn.normal(size=(20, dimension)).astype(np.float32),
        )
    client.close()


def search_stale(folder: Path, questions: Sequence[str], ready: Path, go: Path) -> tuple[list[list[str]], list[str]]:
    """Open a base, let others change it round the lock, and search it then; returns texts per question, problems."""
    with KnowledgeBase(folder, None) as kb:
        kb.search(questions[0], "en")
        signal_to(ready)
        wait_for(go)
        results = [kb.search(question, "en") for question in questions]
        texts = [[e.passage.text for e in (*r.evidence, *r.rejected)] for r in results]
        return texts, [problem for r in results for problem in r.problems]


def rebuild_slowly(folder: Path, embedder_name: str, after: int, paused: Path, go: Path) -> tuple[int, int]:
    """Rebuild with another embedder, pausing after some texts; returns the numbers of chunks and texts embedded."""
    space_module._BATCH = 8
    asked: list[str] = []

    def pause(text: str) -> None:
        asked.append(text)
        if len(asked) == after:
            signal_to(paused)
            wait_for(go)

    embedder = FakeEmbedder(embedder_name, seed=2, on_text=pause)
    with KnowledgeBase(folder, None, embedder=embedder, rebuilding=True) as kb:
        count = kb.rebuild()
    return count, len(asked)


def use_server(folder: Path, url: str, question: str) -> tuple[list[str], list[str], bool]:
    """Open a base on a Chroma server and search it; returns the documents found, the notices, and soundness."""
    notices: list[str] = []
    with KnowledgeBase(folder, None, settings=Settings(chroma_url=url), notify=notices.append) as kb:
        found = [e.passage.document for e in kb.search(question, "en").evidence]
        return found, notices, kb.verify().sound


def moments(seed: int, steps: int, count: int) -> list[int]:
    """Return `count` steps drawn at random, without repeats, from 1 to `steps`."""
    return sorted(random.Random(seed).sample(range(1, steps + 1), min(count, steps)))

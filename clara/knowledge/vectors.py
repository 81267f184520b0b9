"""The vector index: Chroma, one collection per language, rebuilt from the truth whenever in doubt."""

from __future__ import annotations

import contextlib
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import portalocker
from pydantic import SecretStr

from clara.errors import ConfigError, KnowledgeCorrupt, KnowledgeError
from clara.knowledge.embedders import Vectors

_BATCH = 1000  # well under Chroma's limit of 5461
_PAGE = 5000
_NEIGHBOURS = 10
_TIMEOUT_S = 60.0
_SAME = 1e-4  # cosine distance within which two vectors are one
_OVERLOOKED = 0.05  # share of vectors that an approximate search of a sound index may miss
_ALONE = portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING
_REFUSED = ("ChromaAuthError", "AuthorizationError", "RateLimitError", "QuotaError")


class VectorIndex:
    """The vectors of one knowledge base in one space.

    Embedded, they lie in `folder`; with a server's `url`, in collections whose names begin with the folder's name.
    Any failure inside Chroma is KnowledgeCorrupt: the index is not the truth. A server that does not answer, or
    does not let CLARA in, is KnowledgeError.
    """

    def __init__(self, folder: Path, url: str | None = None, token: SecretStr | None = None) -> None:
        self._lock = threading.RLock()  # closing waits for a search in another thread
        self._folder, self._url = folder, url
        self._prefix = "kb_" if url is None else f"{folder.name}_"
        with self._chroma():
            self._client: Any = _embedded(folder) if url is None else _server(url, token)
            try:
                named = [c for c in self._client.list_collections() if c.name.startswith(self._prefix)]
            except BaseException:
                self._release()
                raise
            self._collections: dict[str, Any] = {c.name.removeprefix(self._prefix): c for c in named}

    @contextlib.contextmanager
    def _chroma(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (KnowledgeError, ConfigError, KeyboardInterrupt, SystemExit, ImportError):
                raise
            except BaseException as error:  # Chroma's Rust core panics with a class outside Exception
                if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                    raise
                if self._url is not None and _is_unreachable(error):
                    raise KnowledgeError(
                        f"the Chroma server at {self._url} does not answer ({type(error).__name__}); "
                        "start it, or correct or unset chroma_url and chroma_token"
                    ) from None
                raise KnowledgeCorrupt(
                    f"the vector index cannot be read ({type(error).__name__}); clara kb rebuild makes it anew"
                ) from error

    @property
    def place(self) -> str:
        """The name of its folder, which a server's collections begin with."""
        return self._folder.name

    def counts(self) -> dict[str, int]:
        """Return the number of vectors per language."""
        with self._chroma():
            counted = {language: c.count() for language, c in self._collections.items()}
        return {language: count for language, count in counted.items() if count}

    def ids(self, language: str) -> set[str]:
        """Return the chunk ids held for `language`."""
        with self._chroma():
            return {i for page in self._pages(language, []) for i in page["ids"]}

    def unfindable(self, language: str, chunk_ids: Sequence[str], sample: int) -> list[str]:
        """Return those of these chunks whose vector cannot be read, and of about `sample` of them those that a
        search for their own vector does not find.

        An index torn by two writers counts right and lists every id, and has lost some of the vectors. Search is
        approximate: up to 5% of the sample that are not found are no sign of damage.
        """
        lost: list[str] = []
        missed: list[str] = []
        tried = 0
        with self._chroma():
            collection = self._collections.get(language)
            if collection is None:
                return list(chunk_ids)
            step = max(1, len(chunk_ids) // sample)
            for start in range(0, len(chunk_ids), _BATCH):
                part = chunk_ids[start : start + _BATCH]
                held = self._read(collection, part)
                lost += [i for i in part if i not in held]
                probes = [i for i in part[::step] if i in held]
                tried += len(probes)
                missed += _not_found(collection, probes, held)
        return lost + (missed if len(missed) > _OVERLOOKED * tried else [])

    def _read(self, collection: Any, chunk_ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of these chunks; those that Chroma lists but cannot read are left out."""
        try:
            held = collection.get(ids=list(chunk_ids), include=["embeddings"])
        except Exception as error:  # one that cannot be read fails all that are asked for with it
            if self._url is not None and _is_unreachable(error):
                raise
            middle = len(chunk_ids) // 2
            return (
                self._read(collection, chunk_ids[:middle]) | self._read(collection, chunk_ids[middle:])
                if middle
                else {}
            )
        return dict(zip(held["ids"], np.asarray(held["embeddings"], dtype=np.float32), strict=True))

    def sample(self, language: str, count: int) -> Vectors:
        """Return up to `count` of the language's vectors, shape (count, dimension)."""
        with self._chroma():
            collection = self._collections.get(language)
            held = collection.get(limit=count, include=["embeddings"])["embeddings"] if collection else []
            return np.asarray(held, dtype=np.float32)

    def add(self, language: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Add or replace vectors (Chroma's own `add` ignores ids it knows, silently)."""
        with self._chroma():
            if language not in self._collections:
                self._collections[language] = self._client.get_or_create_collection(
                    self._prefix + language, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
                )
            for start in range(0, len(ids), _BATCH):
                self._collections[language].upsert(
                    ids=list(ids[start : start + _BATCH]), embeddings=vectors[start : start + _BATCH]
                )

    def delete(self, language: str, ids: Sequence[str]) -> None:
        """Remove vectors; unknown ids are ignored."""
        with self._chroma():
            collection = self._collections.get(language)
            if collection is None:
                return
            for start in range(0, len(ids), _BATCH):
                collection.delete(ids=list(ids[start : start + _BATCH]))

    def query(self, language: str, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """Return up to `k` (chunk id, cosine similarity), best first."""
        with self._chroma():
            collection = self._collections.get(language)
            if collection is None:
                return []
            found = collection.query(query_embeddings=vector.reshape(1, -1), n_results=k, include=["distances"])
            return [(i, 1.0 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def drop_others(self, mark: str) -> None:
        """Delete what earlier builds left: other index folders, or collections whose name begins with `mark`."""
        if self._url is None:
            for leftover in self._folder.parent.glob("vectors-*"):  # a base moved here may have had another mark
                if leftover != self._folder:
                    shutil.rmtree(leftover, ignore_errors=True)
            return
        with self._chroma():
            for collection in self._client.list_collections():
                if collection.name.startswith(mark) and not collection.name.startswith(self._prefix):
                    self._client.delete_collection(collection.name)

    def close(self) -> None:
        """Release the files or the connection."""
        with self._chroma():
            self._release()

    def _release(self) -> None:
        self._client.close()
        if self._url is not None:  # Chroma leaves its connections open
            for client in (self._client, self._client._admin_client):
                client._server._session.close()

    def _pages(self, language: str, include: list[str]) -> Iterator[Any]:
        collection = self._collections.get(language)
        offset = 0
        while collection is not None:
            page = collection.get(limit=_PAGE, offset=offset, include=include)
            yield page
            offset += _PAGE
            if len(page["ids"]) < _PAGE:
                return


def _not_found(collection: Any, chunk_ids: Sequence[str], vectors: Mapping[str, Vectors]) -> Iterator[str]:
    """Yield those of these chunks that are not among the nearest to their own vector."""
    if not chunk_ids:
        return
    asked = np.stack([vectors[i] for i in chunk_ids])
    found = collection.query(query_embeddings=asked, n_results=_NEIGHBOURS, include=["distances"])
    for i, ids, distances in zip(chunk_ids, found["ids"], found["distances"], strict=True):
        # Of many equal texts any may be the nearest.
        if i not in ids and (not distances or distances[-1] > _SAME):
            yield i


def graph_sizes(folder: Path) -> dict[str, int]:
    """Return the sizes of the files of the graphs that Chroma has written out; readers leave these alone.

    A file cut short can kill the process that has Chroma read it.
    """
    graphs = sorted(written.parent for written in folder.glob("*/index_metadata.pickle"))
    files = [path for graph in graphs for path in sorted(graph.iterdir())]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Leave a mark in `folder` while its files are read for the first time.

    Some damage kills the process inside Chroma, which nothing here can catch. Once two processes have died so,
    this raises KnowledgeCorrupt instead of trying again; a single one may have been killed for another reason.
    Raises KnowledgeError where the folder cannot be written.
    """
    left = [mark for mark in folder.glob("opening-*") if _is_left(mark)]
    if len(left) > 1:
        raise KnowledgeCorrupt("processes died while they opened it; clara kb rebuild makes it anew")
    own = folder / f"opening-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = own.open("ab")
    except OSError as error:
        raise KnowledgeError(f"cannot write {folder}: {error.strerror}; check its permissions and space") from None
    try:
        with file:
            portalocker.lock(file, _ALONE)
            yield
    finally:
        own.unlink(missing_ok=True)
    for mark in left:
        mark.unlink(missing_ok=True)


def _is_left(mark: Path) -> bool:
    """Whether the process that made the mark has died: the system has given up its lock."""
    try:
        with mark.open("r+b") as file:
            portalocker.lock(file, _ALONE)
            return True
    except (portalocker.LockException, FileNotFoundError):
        return False


def _embedded(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))


def _server(url: str, token: SecretStr | None) -> Any:
    import chromadb
    import httpx2
    from chromadb.config import Settings

    host, port, tls = _address(url)
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    # Chroma's client waits for ever, and leaves its connection open where the first answer is not Chroma's.
    asked = httpx2.get(f"http{'s' * tls}://{host}:{port}/api/v2/auth/identity", headers=headers, timeout=_TIMEOUT_S)
    if "tenant" not in asked.raise_for_status().json():
        raise ValueError("not Chroma's")
    settings = Settings(anonymized_telemetry=False)
    client = chromadb.HttpClient(host=host, port=port, ssl=tls, headers=headers, settings=settings)
    client._server._session.timeout = _TIMEOUT_S  # type: ignore[attr-defined]
    return client


def _address(url: str) -> tuple[str, int, bool]:
    """Return a server's host and port, and whether it speaks TLS. Raises ConfigError, which shows no password."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.username or parts.password:
        raise ConfigError("chroma_url holds a user or password; take it out and set chroma_token")
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 8000)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or not port:
        raise ConfigError(f"chroma_url is {url!r}; expected an address such as http://127.0.0.1:8000")
    return host, port, parts.scheme == "https"


def _is_unreachable(error: BaseException) -> bool:
    """Whether a server's failure says nothing of the index: no answer, not Chroma's, or a refusal."""
    return not type(error).__module__.startswith("chromadb") or type(error).__name__ in _REFUSED

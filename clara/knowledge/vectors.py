"""The vector index: Chroma, one collection per language, rebuilt from the truth whenever in doubt."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from pydantic import SecretStr

from clara.errors import ConfigError, KnowledgeCorrupt, KnowledgeError
from clara.knowledge.embedders import Vectors

_BATCH = 1000  # well under Chroma's limit of 5461
_PAGE = 5000
_NEIGHBOURS = 10
_SAME = 1e-4  # cosine distance within which two vectors are one


class VectorIndex:
    """The vectors of one knowledge base in one space.

    Embedded, they lie in `folder`; with a server's `url`, in collections whose names begin with the folder's name.
    Any failure inside Chroma is KnowledgeCorrupt: the index is not the truth. A server that does not answer is
    KnowledgeError.
    """

    def __init__(self, folder: Path, url: str | None = None, token: SecretStr | None = None) -> None:
        self._lock = threading.RLock()  # closing waits for a search in another thread
        self._folder, self._url = folder, url
        self._prefix = "kb_" if url is None else f"{folder.name}_"
        with self._chroma():
            self._client: Any = _embedded(folder) if url is None else _server(url, token)
            named = (c for c in self._client.list_collections() if c.name.startswith(self._prefix))
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
                        "start it or unset chroma_url"
                    ) from None
                raise KnowledgeCorrupt(
                    f"the vector index cannot be read ({type(error).__name__}); clara kb rebuild makes it anew"
                ) from error

    def counts(self) -> dict[str, int]:
        """Return the number of vectors per language."""
        with self._chroma():
            counted = {language: c.count() for language, c in self._collections.items()}
        return {language: count for language, count in counted.items() if count}

    def ids(self, language: str) -> set[str]:
        """Return the chunk ids held for `language`."""
        with self._chroma():
            return {i for page in self._pages(language, []) for i in page["ids"]}

    def unfindable(self, language: str, chunk_ids: Sequence[str]) -> list[str]:
        """Return those of these chunks that a search for their own vector does not find.

        An index torn by two writers counts right and lists every id, and still does not find some of them.
        """
        with self._chroma():
            collection = self._collections.get(language)
            if collection is None or not chunk_ids:
                return list(chunk_ids)
            lost = []
            for start in range(0, len(chunk_ids), _BATCH):
                held = collection.get(ids=list(chunk_ids[start : start + _BATCH]), include=["embeddings"])
                vectors = np.asarray(held["embeddings"], dtype=np.float32)
                found = collection.query(query_embeddings=vectors, n_results=_NEIGHBOURS, include=["distances"])
                for i, ids, distances in zip(held["ids"], found["ids"], found["distances"], strict=True):
                    # Of many equal texts any may be the nearest.
                    if i not in ids and (not distances or distances[-1] > _SAME):
                        lost.append(i)
            return lost

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
        """Delete what earlier builds left: other folders or collections whose name begins with `mark`."""
        if self._url is None:
            for leftover in self._folder.parent.glob(f"{mark}*"):
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
            self._client.close()

    def _pages(self, language: str, include: list[str]) -> Iterator[Any]:
        collection = self._collections.get(language)
        offset = 0
        while collection is not None:
            page = collection.get(limit=_PAGE, offset=offset, include=include)
            yield page
            offset += _PAGE
            if len(page["ids"]) < _PAGE:
                return


def _embedded(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))


def _server(url: str, token: SecretStr | None) -> Any:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ConfigError(f"chroma_url is {url!r}; expected an address such as http://127.0.0.1:8000")
    return chromadb.HttpClient(
        host=parts.hostname,
        port=parts.port or (443 if parts.scheme == "https" else 8000),
        ssl=parts.scheme == "https",
        headers={"Authorization": f"Bearer {token.get_secret_value()}"} if token else None,
        settings=Settings(anonymized_telemetry=False),
    )


def _is_unreachable(error: BaseException) -> bool:
    # Chroma raises ValueError where it cannot connect at first, and httpx's errors later.
    return type(error).__module__.startswith("httpx") or "connect" in str(error).lower()

"""The vector index: Chroma, one collection per language, rebuilt from the truth whenever in doubt."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clara.errors import KnowledgeCorrupt
from clara.knowledge.embeddings import Vectors

_BATCH = 1000  # well under Chroma's limit of 5461


class VectorIndex:
    """An embedded Chroma folder. Any failure inside Chroma is KnowledgeCorrupt: the index is not the truth."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()  # closing waits for a search in another thread
        with self._chroma():
            import chromadb
            from chromadb.config import Settings as ChromaSettings

            folder.mkdir(parents=True, exist_ok=True)
            self._client: Any = chromadb.PersistentClient(folder, settings=ChromaSettings(anonymized_telemetry=False))
            self._collections: dict[str, Any] = {c.name: c for c in self._client.list_collections()}

    @contextlib.contextmanager
    def _chroma(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (KnowledgeCorrupt, KeyboardInterrupt, SystemExit, ImportError):
                raise
            except BaseException as error:  # Chroma's Rust core panics with a class outside Exception
                if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                    raise
                raise KnowledgeCorrupt(
                    f"the vector index cannot be read ({type(error).__name__}); clara kb rebuild makes it anew"
                ) from error

    def counts(self) -> dict[str, int]:
        """Return the number of vectors per language."""
        with self._chroma():
            counted = {_language(name): c.count() for name, c in self._collections.items()}
        return {language: count for language, count in counted.items() if count}

    def ids(self, language: str) -> set[str]:
        """Return the chunk ids held for `language`."""
        with self._chroma():
            collection = self._collections.get(_name(language))
            return set(collection.get(include=[])["ids"]) if collection else set()

    def add(self, language: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Add or replace vectors (Chroma's own `add` ignores ids it knows, silently)."""
        with self._chroma():
            name = _name(language)
            if name not in self._collections:
                self._collections[name] = self._client.get_or_create_collection(
                    name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
                )
            for start in range(0, len(ids), _BATCH):
                self._collections[name].upsert(
                    ids=list(ids[start : start + _BATCH]), embeddings=vectors[start : start + _BATCH]
                )

    def delete(self, language: str, ids: Sequence[str]) -> None:
        """Remove vectors; unknown ids are ignored."""
        with self._chroma():
            collection = self._collections.get(_name(language))
            if collection is None:
                return
            for start in range(0, len(ids), _BATCH):
                collection.delete(ids=list(ids[start : start + _BATCH]))

    def query(self, language: str, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """Return up to `k` (chunk id, cosine similarity), best first."""
        with self._chroma():
            collection = self._collections.get(_name(language))
            if collection is None:
                return []
            found = collection.query(query_embeddings=vector.reshape(1, -1), n_results=k, include=["distances"])
            return [(i, 1.0 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def close(self) -> None:
        """Release the files."""
        with self._chroma():
            self._client.close()


def _name(language: str) -> str:
    return f"kb_{language}"


def _language(name: str) -> str:
    return name.removeprefix("kb_")

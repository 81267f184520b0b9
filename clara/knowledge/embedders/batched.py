"""What every embedder that runs a model shares: prefixes, batches, checked vectors of unit length, a fingerprint."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from clara.config import EmbedSettings
from clara.errors import KnowledgeError
from clara.knowledge.embedders.base import Vectors

_MEGABYTE = 1 << 20


class BatchedEmbedder(ABC):
    """Base of the embedders that run a model; `name` is what errors call this one.

    A subclass gives `provider`, `close` and `_vectors`, and `_identity` where the model's name is not enough.

    A blank text is never sent, since several servers refuse it: its vector is zeros. One instance may
    be used by several threads. What `close` released is opened again by the next use.
    """

    provider: ClassVar[str]
    _at_once: ClassVar[int] = 1

    def __init__(self, settings: EmbedSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._dimension = settings.dimensions
        self._lock = threading.Lock()

    @property
    def crosslingual(self) -> bool:
        return self._settings.crosslingual

    @property
    def dimension(self) -> int:
        """Length of a vector; the model is asked once where `embed.dimensions` does not say it."""
        return self._dimension or self._unit(["eye"]).shape[1]

    @property
    def fingerprint(self) -> str:
        own = self._settings
        prefixes = (own.query_prefix, own.passage_prefix)
        # Not the dimension that a server's first reply tells: an opening must not need the server. The canary
        # notices a model that changed it.
        return json.dumps(
            [self.provider, self._identity(), own.revision, own.dimensions, *prefixes, "l2"], ensure_ascii=False
        )

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._embed(self._settings.passage_prefix, texts)

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._embed(self._settings.query_prefix, [text])[0]
        return vector

    @abstractmethod
    def close(self) -> None:
        """Release connections and memory; calling it again does nothing."""

    @abstractmethod
    def _vectors(self, texts: Sequence[str]) -> Any:
        """Return a row of numbers per text, of any length; `texts` is one batch, none of them blank.

        Raises KnowledgeError.
        """

    def _identity(self) -> str:
        """Return what tells this model from others of its provider."""
        return self._settings.model or ""

    def _embed(self, prefix: str, texts: Sequence[str]) -> Vectors:
        # Texts of like length together: a batch is padded to its longest.
        order = sorted((i for i, text in enumerate(texts) if text.strip()), key=lambda i: len(texts[i]))
        size = self._settings.batch
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        sent = [[encodable(prefix + texts[i]) for i in batch] for batch in batches]
        if len(sent) > 1 and self._at_once > 1:
            with ThreadPoolExecutor(self._at_once, thread_name_prefix="embed") as pool:
                found = list(pool.map(self._unit, sent))
        else:
            found = [self._unit(batch) for batch in sent]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch, rows in zip(batches, found, strict=True):
            vectors[batch] = rows
        return vectors

    def _unit(self, texts: Sequence[str]) -> Vectors:
        """Return the checked unit vectors of one batch."""
        given = self._vectors(texts)
        try:
            rows = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise KnowledgeError(
                f"{self._name}: the vectors are not lists of numbers of one length; choose an embedding model"
            ) from None
        if rows.ndim != 2 or len(rows) != len(texts) or not rows.shape[1]:
            raise KnowledgeError(f"{self._name}: not one vector per text came back; choose an embedding model")
        self._check_dimension(rows.shape[1])
        # Scaled before squaring: a square may be out of range where the number itself is not.
        largest = np.abs(rows).max(axis=1, keepdims=True)
        if not np.isfinite(largest).all():
            raise KnowledgeError(
                f"{self._name}: a vector holds numbers that are not finite; the model or its quantisation is broken, "
                "choose another"
            )
        rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: Vectors = np.divide(rows, lengths, out=rows, where=lengths > 0).astype(np.float32)
        return unit

    def _check_dimension(self, found: int) -> None:
        with self._lock:
            expected = self._dimension = self._dimension or found
        if found == expected:
            return
        if expected == self._settings.dimensions:
            raise KnowledgeError(
                f"{self._name}: vectors have {found} numbers, not the {expected} of embed.dimensions; unset it, or "
                "choose a model that can shorten its vectors"
            )
        raise KnowledgeError(
            f"{self._name}: vectors have {found} numbers now and had {expected} before; another model answers to this "
            "name, start again and run clara kb rebuild"
        )


def encodable(text: str) -> str:
    """Return `text` with a question mark for each lone surrogate, which has no UTF-8 form; terminals bring them."""
    return text.encode(errors="replace").decode()


def load_package(package: str, provider: str) -> Any:
    """Import `package`, which `provider` needs. Raises KnowledgeError that names the extra to install."""
    try:
        return importlib.import_module(package)
    except (ImportError, OSError) as error:  # OSError: one of its shared libraries is missing
        missing = getattr(error, "name", None) or package
        raise KnowledgeError(
            f"embed.provider {provider} needs the package {missing}: pip install 'clara-debias[embed]'"
        ) from None


def hash_files(files: Iterable[Path]) -> str:
    """Return a short hash of names, sizes and the first and last megabyte of `files`: cheap for gigabytes.

    Raises KnowledgeError where a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                digest.update(f"{path.name}\0{size}\0".encode(errors="surrogateescape"))
                for start in (0, max(0, size - _MEGABYTE)):
                    file.seek(start)
                    digest.update(file.read(_MEGABYTE))
        except OSError as error:
            raise KnowledgeError(f"cannot read {path}: {error.strerror}; check embed.model") from None
    return digest.hexdigest()[:12]

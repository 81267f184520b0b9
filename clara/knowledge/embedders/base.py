"""The seam to embedders: from text to unit vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

# One meaning in three scripts: a model that changed behind its name rarely keeps all three in place.
_CANARY = ("The eye is red and painful.", "眼睛又红又痛。", "आँख लाल है और दर्द करती है।")
_SAME = 0.999  # numbers rounded on the way, or another machine's arithmetic, stay above it


class Embedder(Protocol):
    """Embeds texts. Vectors of two embedders with different fingerprints must never meet in one index."""

    @property
    def fingerprint(self) -> str:
        """Identifies provider, model, revision, dimension, prefixes and every other choice that changes a vector."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def crosslingual(self) -> bool:
        """Whether texts of one meaning in two languages lie close, so that a query is compared in every language."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors of passages, shape (len(texts), dimension); a text without letters may give zeros.

        Raises KnowledgeError in one line that says what to do.
        """

    def embed_query(self, text: str) -> Vectors:
        """Return the unit vector of a query, shape (dimension,). Raises KnowledgeError."""

    def close(self) -> None:
        """Release connections and memory; calling it again does nothing."""


def space_name(embedder: Embedder) -> str:
    """Return a short name for the vector space of `embedder`, fit for a folder or collection name."""
    return hashlib.sha256(embedder.fingerprint.encode()).hexdigest()[:10]


def canary(embedder: Embedder) -> Vectors:
    """Return the vectors of three fixed short texts, shape (3, dimension), to be stored beside an index.

    Compared with `same_space` when the index is opened. Raises KnowledgeError.
    """
    return embedder.embed(_CANARY)


def same_space(stored: Vectors, now: Vectors) -> bool:
    """Tell whether two canaries come from one vector space: each cosine is at least 0.999.

    A fingerprint cannot show that another model answers to the same name; the vectors themselves do.
    """
    if stored.shape != now.shape:
        return False
    lengths = np.linalg.norm(stored, axis=1) * np.linalg.norm(now, axis=1)
    return bool(np.all((stored * now).sum(axis=1) >= _SAME * lengths) and np.all(lengths > 0))

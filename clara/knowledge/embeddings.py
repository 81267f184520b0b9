"""Embedders: from text to unit vectors."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from clara.text import fold, has_unspaced, strip_accents, words

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Embeds texts. Vectors of two embedders with different fingerprints must never meet in one index."""

    @property
    def fingerprint(self) -> str:
        """Identifies provider, model, dimension and every choice that changes a vector."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, shape (len(texts), dimension); a text without letters gives zeros."""


class HashedNGrams:
    """Lexical vectors of hashed character 3-, 4- and 5-grams; needs no download and no fitting.

    Signed feature hashing (Weinberger et al., arXiv 0902.2206) of the grams of each folded word in
    spaces, counts dampened as 1 + ln n. Scripts written without spaces pack a word into one or two
    characters: there the grams are 1 to 3 long. It meets inflected and misspelt words, and other
    languages through cognates only: it is not semantic. 960 is an unusual dimension on purpose, so that
    an index made with another embedder is noticed.
    """

    dimension = 960
    _sizes = (3, 4, 5)
    _unspaced_sizes = (1, 2, 3)

    @property
    def fingerprint(self) -> str:
        return f"hashed-ngrams-3-5/{self.dimension}/v2"

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            counts: dict[str, int] = {}
            for word in words(strip_accents(fold(text))):
                unspaced = has_unspaced(word)
                padded = word if unspaced else f" {word} "
                for size in self._unspaced_sizes if unspaced else self._sizes:
                    for i in range(len(padded) - size + 1):
                        gram = padded[i : i + size]
                        counts[gram] = counts.get(gram, 0) + 1
            for gram, count in counts.items():
                hashed = zlib.crc32(gram.encode())
                sign = 1.0 if hashed & 0x80000000 else -1.0
                row[hashed % self.dimension] += sign * (1.0 + math.log(count))
            norm = float(np.linalg.norm(row))
            if norm > 0:
                row /= norm
        return vectors


def space_name(embedder: Embedder) -> str:
    """Return a short name for the vector space of `embedder`, fit for a folder or collection name."""
    return hashlib.sha256(embedder.fingerprint.encode()).hexdigest()[:10]

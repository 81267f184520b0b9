"""The default embedder: hashed character n-grams, without a model."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from clara.knowledge.embedders.base import Vectors
from clara.text import fold, has_unspaced, strip_accents, words

_SIZES = (3, 4, 5)
_UNSPACED_SIZES = (1, 2, 3)


class HashedNGrams:
    """Lexical vectors of hashed character 3-, 4- and 5-grams; needs no download and no fitting.

    Signed feature hashing (Weinberger et al., arXiv 0902.2206) of the grams of each folded word in
    spaces, counts dampened as 1 + ln n. Scripts written without spaces pack a word into one or two
    characters: there the grams are 1 to 3 long. It meets inflected and misspelt words, and other
    languages through cognates only: it is not semantic. 960 is an unusual dimension on purpose, so that
    an index made with another embedder is noticed.
    """

    dimension = 960
    crosslingual = False

    @property
    def fingerprint(self) -> str:
        return f"hashed-ngrams-3-5/{self.dimension}/v2"

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            hashes = [_hashes(word) for word in words(strip_accents(fold(text)))]
            if not hashes:
                continue
            grams, counts = np.unique(np.concatenate(hashes), return_counts=True)
            values = np.where(grams & 0x80000000, 1.0, -1.0) * (1.0 + np.log(counts))
            row += np.bincount(grams % self.dimension, weights=values, minlength=self.dimension)
            norm = float(np.linalg.norm(row))
            if norm > 0:
                row /= norm
        return vectors

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def close(self) -> None:
        return None


@lru_cache(maxsize=1 << 15)
def _hashes(word: str) -> npt.NDArray[np.uint32]:
    """Return the hash of each gram of a word; of texts in one language most words are met again and again."""
    unspaced = has_unspaced(word)
    padded = word if unspaced else f" {word} "
    grams = (padded[i : i + n] for n in (_UNSPACED_SIZES if unspaced else _SIZES) for i in range(len(padded) - n + 1))
    return np.fromiter((zlib.crc32(gram.encode()) for gram in grams), dtype=np.uint32)

"""The default embedder: hashed character n-grams, without a model."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np

from clara.knowledge.embedders.base import Vectors
from clara.text import fold, has_unspaced, strip_accents, words


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

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def close(self) -> None:
        return None

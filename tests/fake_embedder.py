"""An embedder that plays a model: it can be away, change behind its name, stop in the middle, and it keeps count."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np

from clara.errors import KnowledgeError
from clara.knowledge.embedders import Vectors
from clara.text import terms

AWAY = "the embedding server does not answer; start it"
_ROWS = 4096


class FakeEmbedder:
    """Adds up a random vector per word: texts that share words lie near, and another `seed` is another model.

    away: every use fails, the fingerprint too, as that of a model whose dimension must be asked for.
    on_text: called with each text before it is embedded; what it raises ends the call.
    """

    def __init__(
        self,
        name: str = "fake/one",
        *,
        seed: int = 1,
        dimension: int = 32,
        crosslingual: bool = False,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        self.name, self.dimension, self.crosslingual, self.on_text = name, dimension, crosslingual, on_text
        self.away = False
        self.texts: list[str] = []
        self._table = np.random.default_rng(seed).normal(size=(_ROWS, dimension)).astype(np.float32)

    @property
    def fingerprint(self) -> str:
        self._answer()
        return f"{self.name}/{self.dimension}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._answer()
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            if self.on_text is not None:
                self.on_text(text)
            self.texts.append(text)
            rows = [zlib.crc32(term.encode()) % _ROWS for term in terms(text)]
            row += self._table[rows].sum(axis=0) if rows else 0.0
            row /= np.linalg.norm(row) or 1.0
        return vectors

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def close(self) -> None:
        return None

    def _answer(self) -> None:
        if self.away:
            raise KnowledgeError(AWAY)

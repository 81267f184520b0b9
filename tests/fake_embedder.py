"""An embedder that plays a model: it can be away, change behind its name, stop in the middle, and it keeps count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from clara.errors import KnowledgeError
from clara.knowledge import HashedNGrams
from clara.knowledge.embedders import Vectors

AWAY = "the embedding server does not answer; start it"


class FakeEmbedder:
    """Hashed n-grams turned by a random matrix: near texts stay near, and another `seed` is another model.

    away: every use fails, the fingerprint too, as that of a model whose dimension must be asked for.
    on_text: called with each text before it is embedded; what it raises ends the call.
    """

    def __init__(
        self,
        name: str = "fake/one",
        *,
        seed: int = 1,
        dimension: int = 64,
        crosslingual: bool = False,
        on_text: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name, self.dimension, self.crosslingual, self.on_text = name, dimension, crosslingual, on_text
        self.away = False
        self.texts: list[str] = []
        self._grams = HashedNGrams()
        self._turn = np.random.default_rng(seed).normal(size=(self._grams.dimension, dimension)).astype(np.float32)

    @property
    def fingerprint(self) -> str:
        self._answer()
        return f"{self.name}/{self.dimension}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._answer()
        for text in texts:
            self.on_text(text)
        self.texts += texts
        vectors = self._grams.embed(texts) @ self._turn
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return unit

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector

    def close(self) -> None:
        return None

    def _answer(self) -> None:
        if self.away:
            raise KnowledgeError(AWAY)

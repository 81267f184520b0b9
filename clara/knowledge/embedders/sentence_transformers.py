"""Embeddings from any sentence-transformers model, run by torch in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clara.config import EmbedSettings
from clara.errors import KnowledgeError
from clara.knowledge.embedders.batched import BatchedEmbedder, hash_files, load_package

_FILES = ("*.safetensors", "*.bin", "*.json")


class SentenceTransformersEmbedder(BatchedEmbedder):
    """Embeds by the package sentence-transformers; `embed.model` is a folder, or a name on the Hugging Face hub.

    A name is looked up in the local cache and, unless the hub is switched off, downloaded; `embed.revision` is
    then the commit or tag to take. The model is loaded by the first use. Raises KnowledgeError for a folder
    that is not there.
    """

    provider = "sentence-transformers"

    def __init__(self, settings: EmbedSettings) -> None:
        model = settings.model or ""
        super().__init__(settings, f"sentence-transformers embeddings from {model}")
        self._folder = Path(model).expanduser()
        if model.startswith((".", "/", "~")) and not self._folder.is_dir():
            raise KnowledgeError(f"{self._name}: no such folder; set embed.model to a model's folder or name")
        self._local = self._folder.is_dir()
        self._model: Any = None
        self._hash: str | None = None

    def close(self) -> None:
        with self._lock:
            self._model = None

    def _identity(self) -> str:
        if not self._local:
            return super()._identity()
        if self._hash is None:
            self._hash = hash_files(path for pattern in _FILES for path in self._folder.rglob(pattern))
        return f"{self._folder.resolve().name} {self._hash}"

    def _vectors(self, texts: Sequence[str]) -> Any:
        with self._lock:  # its tokenizers cannot be used by two threads at once
            if self._model is None:
                self._model = self._load()
            try:
                return self._model.encode(list(texts), batch_size=len(texts), show_progress_bar=False)
            except Exception as error:  # whatever torch and the model's own code raise
                raise KnowledgeError(
                    f"{self._name}: the model cannot run ({type(error).__name__}); lower embed.batch or choose another"
                ) from None

    def _load(self) -> Any:
        package = load_package("sentence_transformers", self.provider)
        settings = self._settings
        where = str(self._folder) if self._local else settings.model
        revision = None if self._local else settings.revision or None
        try:
            return package.SentenceTransformer(where, revision=revision, truncate_dim=settings.dimensions)
        except Exception as error:  # the hub, the files and torch each have error classes of their own
            raise KnowledgeError(
                f"{self._name}: cannot load the model ({type(error).__name__}); give a folder that holds it, or go "
                "online once and check embed.model and embed.revision"
            ) from None

"""Embedders: hashed n-grams by default, models by setting."""

from __future__ import annotations

from clara.config import EmbedSettings
from clara.errors import ConfigError
from clara.knowledge.embedders.base import Embedder, Vectors, canary, same_space, space_name
from clara.knowledge.embedders.hashed import HashedNGrams

__all__ = ["Embedder", "HashedNGrams", "Vectors", "build_embedder", "canary", "same_space", "space_name"]

_EXAMPLES = {
    "openai": "text-embedding-3-small",
    "ollama": "bge-m3",
    "onnx": "a folder with model.onnx and tokenizer.json",
    "sentence-transformers": "intfloat/multilingual-e5-small, or a folder",
}


def build_embedder(settings: EmbedSettings) -> Embedder:
    """Return the embedder that the settings name; nothing is loaded or asked before its first use.

    Raises ConfigError for a missing model name or an address or key that cannot be right, KnowledgeError
    for a model folder that is not there.
    """
    provider = settings.provider
    if provider == "hashed":
        return HashedNGrams()
    if not settings.model:
        raise ConfigError(f"setting embed.model: {provider} needs one, e.g. {_EXAMPLES[provider]}")
    key = settings.api_key.get_secret_value().strip() if settings.api_key else None
    if provider == "openai":
        from clara.knowledge.embedders.api import OpenAIEmbedder

        # OPENAI_API_KEY is for OpenAI's own address; local servers ask for no key, but the client insists on one.
        return OpenAIEmbedder(settings, api_key=key or ("not-needed" if settings.base_url else None))
    if provider == "ollama":
        from clara.knowledge.embedders.ollama import OllamaEmbedder

        return OllamaEmbedder(settings, api_key=key or None)
    if provider == "onnx":
        from clara.knowledge.embedders.onnx import OnnxEmbedder

        return OnnxEmbedder(settings)
    from clara.knowledge.embedders.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings)

"""From settings to chat models: one per role, wrapped in retry and fallback."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from clara.config import EVIDENCE_MODEL, Settings, provider_keys
from clara.errors import ConfigError
from clara.models.base import ChatModel
from clara.models.langchain import LangChainModel
from clara.models.resilience import Fallback, Retrying

if TYPE_CHECKING:
    from langchain_core.caches import BaseCache
    from langchain_core.language_models import BaseChatModel

ModelRole = Literal["draft", "translate", "second"]
_EXTRAS = {"anthropic": "anthropic", "google_genai": "google", "ollama": "ollama"}
_OPENAI_FAMILY = ("openai", "azure_openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The chat models of one engine. `second` is None where no other model is configured."""

    draft: ChatModel
    translate: ChatModel
    second: ChatModel | None = None

    def get(self, role: ModelRole) -> ChatModel:
        """Return the model for a role; the draft model stands in for a missing second one."""
        return {"draft": self.draft, "translate": self.translate, "second": self.second or self.draft}[role]

    async def aclose(self) -> None:
        """Close every model once."""
        for model in {id(m): m for m in (self.draft, self.translate, self.second) if m}.values():
            await model.aclose()


def build_models(settings: Settings, draft: ChatModel | BaseChatModel | None = None) -> Models:
    """Return the models that `settings` name; `draft` (a model object) replaces `settings.model`.

    Nothing is connected to yet, and provider packages load at the first call. Raises ConfigError.
    """
    names = [name for name in settings.fallback_models if name != EVIDENCE_MODEL]
    primary = from_object(draft, settings) if draft is not None else _named(settings.model, settings)
    main = Fallback([primary, *(_named(name, settings) for name in names)]) if names else primary
    return Models(
        draft=main,
        translate=_named(settings.translate_model, settings) if settings.translate_model else main,
        second=_named(settings.second_model, settings) if settings.second_model else None,
    )


def from_object(model: ChatModel | BaseChatModel, settings: Settings) -> ChatModel:
    """Wrap a LangChain chat model, or anything that implements `ChatModel`."""
    if hasattr(model, "complete"):
        return _retrying(cast("ChatModel", model), settings)
    if not hasattr(model, "ainvoke"):
        raise ConfigError(f"cannot use {type(model).__name__} as a model: pass PROVIDER:NAME or a LangChain chat model")
    name = getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__
    return _retrying(LangChainModel(str(name), lambda: model, secrets=settings.secrets(), owned=False), settings)


def _named(name: str, settings: Settings) -> ChatModel:
    provider, _, model = name.partition(":")
    if not provider or not model:
        raise ConfigError(
            f"model {name[:60]!r}: write PROVIDER:NAME, e.g. openai:gpt-5 or ollama:llama3.3, or evidence"
        )
    if settings.base_url and not urllib.parse.urlsplit(settings.base_url).scheme.startswith("http"):
        raise ConfigError(f"base_url {settings.base_url[:60]!r}: write a full address, e.g. http://127.0.0.1:11434/v1")
    return _retrying(_adapter(provider, model, settings), settings)


def _adapter(provider: str, model: str, settings: Settings) -> ChatModel:
    adapter = LangChainModel
    if provider == "openai" and settings.cache == "off":  # the cache is LangChain's
        from clara.models.openai import OpenAIModel

        adapter = OpenAIModel
    return adapter(model, lambda: _build(provider, model, settings), secrets=settings.secrets())


def _retrying(model: ChatModel, settings: Settings) -> ChatModel:
    return Retrying(
        model,
        attempts=settings.attempts,
        timeout_s=settings.timeout_s,
        wait_s=settings.retry_wait_s,
        wait_max_s=settings.retry_wait_max_s,
    )


def _build(provider: str, model: str, settings: Settings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {"timeout": settings.timeout_s, "max_retries": 0}
    options["cache"] = _cache(settings.cache, settings.home)
    # Address, key and options are those of `model`: another provider must never be sent them.
    own = provider == settings.model.partition(":")[0]
    if own:
        options |= settings.model_options
    if own and settings.base_url:
        options["base_url"] = settings.base_url
    if own and settings.api_key:
        options["api_key"] = settings.api_key
    elif own and settings.base_url and provider == "openai" and not provider_keys()["OPENAI_API_KEY"]:
        options["api_key"] = "not-needed"  # local servers ask for no key, but the client insists on one
    if provider in _OPENAI_FAMILY:
        import httpx2

        from clara.models.openai import ManyPools

        # LangChain shares one client among all loops of a process; ours lives and dies with its loop.
        options["http_async_client"] = httpx2.AsyncClient(timeout=settings.timeout_s, transport=ManyPools())
        options.setdefault("stream_usage", False)
    try:
        return cast("BaseChatModel", init_chat_model(model, model_provider=provider, **options))
    except ImportError:
        extra = _EXTRAS.get(provider)
        hint = f"pip install 'clara-debias[{extra}]'" if extra else f"install LangChain's package for {provider}"
        raise ConfigError(f"provider {provider} needs a package that is not installed: {hint}") from None
    except ValueError as error:
        raise ConfigError(f"model {provider}:{model}: {str(error).splitlines()[0][:200]}") from None
    except Exception as error:
        if "api_key" in str(error) or "credentials" in str(error).lower():
            raise ConfigError(
                f"no key for {provider}: set CLARA_API_KEY or the provider's own variable, e.g. OPENAI_API_KEY"
            ) from None
        raise


@lru_cache(maxsize=8)
def _cache(kind: str, home: Path) -> BaseCache | bool:
    """Return the cache of this process for `kind`; False switches LangChain's global cache off too."""
    if kind == "memory":
        from langchain_core.caches import InMemoryCache

        return InMemoryCache(maxsize=10_000)
    if kind == "disk":
        from clara.models.cache import DiskCache

        return DiskCache(home / "cache.sqlite3")
    return False

"""From settings to chat models: one per role, wrapped in retry and fallback."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from clara.config import EVIDENCE_MODEL, Settings, provider_keys
from clara.errors import ConfigError
from clara.models.base import ChatModel
from clara.models.cache import Cached, Replies, open_replies
from clara.models.langchain import LangChainModel
from clara.models.resilience import Fallback, Retrying
from clara.models.scripted import SCRIPTED, read_script
from clara.models.shared import SharedCached, SharedReplies

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ModelRole = Literal["draft", "translate", "second"]
_EXTRAS = {"anthropic": "anthropic", "google_genai": "google", "ollama": "ollama"}
_OPENAI_FAMILY = ("openai", "azure_openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The chat models of one engine. `second` is None where no other model is configured.

    replies: where replies are kept, None where they are not.
    """

    draft: ChatModel
    translate: ChatModel
    second: ChatModel | None = None
    replies: Replies | None = None

    def get(self, role: ModelRole) -> ChatModel:
        """Return the model for a role; the draft model stands in for a missing second one."""
        return {"draft": self.draft, "translate": self.translate, "second": self.second or self.draft}[role]

    async def aclose(self) -> None:
        """Close every model once."""
        for model in {id(m): m for m in (self.draft, self.translate, self.second) if m}.values():
            await model.aclose()
        if self.replies is not None:
            self.replies.close()


def build_models(
    settings: Settings,
    draft: ChatModel | BaseChatModel | None = None,
    *,
    around: Callable[[ChatModel], ChatModel] = lambda model: model,
) -> Models:
    """Return the models that `settings` name; `draft` (a model object) replaces `settings.model`.

    around: wraps each model inside its retries, so that it sees every single try.
    Nothing is connected to yet, and provider packages load at the first call. Raises ConfigError.
    """
    replies = open_replies(settings)
    shared = SharedReplies(settings) if settings.cache == "redis" else None

    def ready(model: ChatModel, identity: str) -> ChatModel:
        replay = settings.cache == "replay"
        kept = model if replies is None else Cached(model, replies, identity, replay=replay)
        kept = kept if shared is None else SharedCached(kept, shared, identity)
        return _retrying(around(kept), settings)

    def named(name: str) -> ChatModel:
        return ready(_named(name, settings), _identity(name, settings))

    names = [name for name in settings.fallback_models if name != EVIDENCE_MODEL]
    primary = ready(from_object(draft, settings), "") if draft is not None else named(settings.model)
    main = Fallback([primary, *(named(name) for name in names)]) if names else primary
    return Models(
        draft=main,
        translate=named(settings.translate_model) if settings.translate_model else main,
        second=named(settings.second_model) if settings.second_model else None,
        replies=replies,
    )


def from_object(model: ChatModel | BaseChatModel, settings: Settings) -> ChatModel:
    """Wrap a LangChain chat model; what implements `ChatModel` already is returned as it is."""
    if hasattr(model, "complete"):
        return cast("ChatModel", model)
    if not hasattr(model, "ainvoke"):
        raise ConfigError(f"cannot use {type(model).__name__} as a model: pass PROVIDER:NAME or a LangChain chat model")
    name = getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__
    return LangChainModel(str(name), lambda: model, secrets=settings.secrets(), owned=False)


def _identity(name: str, settings: Settings) -> str:
    """Return what besides the call decides the replies of a named model; address and options go to `model`'s provider
    only."""
    own = name.partition(":")[0] == settings.model.partition(":")[0]
    options = json.dumps(settings.model_options, sort_keys=True, default=str)
    return "\0".join([name, *([settings.base_url or "", options] if own else [])])


def _named(name: str, settings: Settings) -> ChatModel:
    provider, _, model = name.partition(":")
    if provider == SCRIPTED:
        return read_script(model)
    if not provider or not model:
        raise ConfigError(
            f"model {name[:60]!r}: write PROVIDER:NAME, e.g. openai:gpt-5 or ollama:llama3.3, or evidence"
        )
    if settings.base_url and not urllib.parse.urlsplit(settings.base_url).scheme.startswith("http"):
        raise ConfigError(f"base_url {settings.base_url[:60]!r}: write a full address, e.g. http://127.0.0.1:11434/v1")
    adapter = LangChainModel
    if provider == "openai":
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

    # Replies are kept around the whole model, so that LangChain's own cache, even a global one, stays out of it.
    options: dict[str, Any] = {"timeout": settings.timeout_s, "max_retries": 0, "cache": False}
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
        from clara.models.openai import open_model_client

        # LangChain shares one client among all loops of a process; ours lives and dies with its loop.
        options["http_async_client"] = open_model_client(settings.timeout_s)
        options.setdefault("stream_usage", True)
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

"""Settings: argument > `CLARA_*` environment > `clara.toml` > default. Only this file reads the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from clara.errors import ConfigError
from clara.profile import read_profile

EVIDENCE_MODEL = "evidence"
CONFIG_FILE = "clara.toml"


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BudgetSettings(_Group):
    """Limits per answer; None is no limit. At a limit the best verified answer so far is returned."""

    calls: int | None = Field(8, ge=1, description="model calls")
    rounds: int | None = Field(4, ge=1, description="sequential rounds of calls")
    tokens: int | None = Field(None, ge=1, description="prompt and completion tokens together")
    seconds: float | None = Field(180.0, gt=0, description="wall-clock seconds")
    cost: float | None = Field(None, gt=0, description="money, in the currency of the prices")


class ReconcileSettings(_Group):
    """Constants of the reconciler; see `clara/stages/reconcile.py` for the formula they stand in."""

    prior_english: float = Field(0.62, gt=0, lt=1)
    prior_other: float = Field(0.52, gt=0, lt=1)
    prior_evidence: float = Field(0.80, gt=0, lt=1, description="accuracy of two agreeing readings of evidence")
    same_model_weight: float = Field(0.5, ge=0, le=1)
    rho: float = Field(0.7, ge=0, lt=1)
    margin: float = Field(0.0, ge=0, description="lead in log-odds at which the anchor is given up")
    stop_confidence: float = Field(
        0.6, ge=0, le=1, description="mean stated confidence at which agreeing drafts end it"
    )
    abstain_below: float = Field(0.3, ge=0, le=1, description="confidence under which no answer is given")


class SearchSettings(_Group):
    """Retrieval from the knowledge base."""

    k: int = Field(6, ge=1, le=100, description="passages handed to a draft")
    policy: Literal["balanced", "equal", "query-first", "none"] = Field(
        "balanced", description="how places are shared between languages"
    )
    candidates: int = Field(50, ge=1, le=500, description="hits taken from each ranked list")
    rrf_k: int = Field(60, ge=1, description="constant of reciprocal rank fusion")
    lexical_weight: float = Field(1.0, ge=0)
    vector_weight: float = Field(0.7, ge=0)
    gate: float = Field(0.45, ge=0, le=1, description="share of the query's information a passage must cover")
    semantic_gate: float = Field(
        0.35,
        gt=0,
        le=1,
        description="the same for embedders that know meaning: cosine, 0 at that of unrelated passages",
    )
    per_source: int = Field(2, ge=1, description="passages of one document at most")
    mmr: float = Field(0.9, ge=0, le=1, description="weight of relevance against novelty")


class EmbedSettings(_Group):
    """What turns text into vectors. The default is lexical and needs no download."""

    provider: Literal["hashed", "openai", "ollama", "onnx", "sentence-transformers"] = Field(
        "hashed", description="openai is any server with /v1/embeddings"
    )
    model: str | None = Field(None, description="its name; for onnx a folder with model.onnx and tokenizer.json")
    revision: str = Field("", description="told apart in the index; change it when the model behind a name changes")
    base_url: str | None = Field(None, description="of the embedding server, if not the provider's own")
    api_key: SecretStr | None = Field(None, description="else OPENAI_API_KEY, for OpenAI's own address only")
    dimensions: int | None = Field(None, ge=8, le=8192, description="asked of models that can shorten their vectors")
    query_prefix: str = Field("", description='put before a query, e.g. "query: " for E5')
    passage_prefix: str = Field("", description='put before a passage, e.g. "passage: " for E5')
    crosslingual: bool = Field(True, description="the model knows several languages: a query is compared in all")
    batch: int = Field(64, ge=1, le=2048, description="texts a request")
    timeout_s: float = Field(60.0, gt=0)


class RerankSettings(_Group):
    """A cross-encoder behind a `/rerank` address (Cohere, Jina, TEI, vLLM, llama.cpp); off without base_url."""

    base_url: str | None = Field(None, description="e.g. http://127.0.0.1:8080/v1; /rerank is added")
    model: str | None = None
    api_key: SecretStr | None = None
    candidates: int = Field(30, ge=2, le=200, description="passages scored a search")
    timeout_s: float = Field(10.0, gt=0)


class LiveSettings(_Group):
    """Public sources that are asked when the knowledge base has nothing. They see the question: off by default."""

    sources: tuple[Literal["pubmed", "wikipedia"], ...] = ()
    contact: str = Field("", description="your e-mail address, which both services ask for; needed with sources")
    pubmed_api_key: SecretStr | None = Field(None, description="raises PubMed's limit from 3 to 10 requests a second")
    pubmed_url: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    wikipedia_url: str = Field("https://{language}.wikipedia.org/w/api.php", description="{language} is filled in")
    k: int = Field(3, ge=1, le=20, description="passages a source")
    cache_days: float = Field(7.0, ge=0)
    timeout_s: float = Field(10.0, gt=0)


class TranslatorSettings(_Group):
    """Who translates questions: the chat model, or a translation service."""

    provider: Literal["model", "libretranslate", "deepl"] = Field(
        "model", description="model: translate_model, or model"
    )
    base_url: str | None = Field(None, description="of the service, e.g. http://127.0.0.1:5000")
    api_key: SecretStr | None = None
    timeout_s: float = Field(20.0, gt=0)


class KeySettings(_Group):
    """A key of `clara serve`, and what its holder may use; None is no limit."""

    key: SecretStr = Field(description="what a client sends as Authorization: Bearer")
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_day: int | None = Field(None, ge=1, description="prompt and completion tokens of all upstream calls")
    cost_per_day: float | None = Field(None, gt=0, description="money, in the currency of the prices")

    @field_validator("key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 16 or not value.get_secret_value().isascii():
            raise ValueError("a key has at least 16 ASCII characters, e.g. from: openssl rand -hex 24")
        return value


class ServerSettings(_Group):
    """The service `clara serve`. Any other host than this machine's own needs keys."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8400, ge=0, le=65535, description="0 takes a free one")
    keys: dict[str, KeySettings] = Field(
        {}, description="name -> {key, requests_per_minute, tokens_per_day, cost_per_day}; names appear in logs"
    )
    concurrency: int = Field(64, ge=1, description="answers made at once")
    queue: int = Field(256, ge=0, description="requests that wait for their turn; more are answered 429")
    queue_s: float = Field(30.0, gt=0, description="longest wait for a turn")
    request_s: float = Field(600.0, gt=0, description="longest time for one request")
    receive_s: float = Field(20.0, gt=0, description="longest time for a client to send a head, and again for a body")
    max_body_bytes: int = Field(10_000_000, ge=1000)
    max_messages: int = Field(1000, ge=1, description="messages, or input items, of one request")
    max_depth: int = Field(32, ge=8, le=100, description="how deep a request's JSON may be nested")
    max_choices: int = Field(8, ge=1, description="the most that n may ask for")
    heartbeat_s: float = Field(15.0, gt=0, lt=30, description="a stream is never silent for longer")
    drain_s: float = Field(120.0, gt=0, description="time for open requests to end after SIGTERM")
    log_content: bool = Field(False, description="write questions and answers into the log too")
    otlp_endpoint: str | None = Field(None, description="of a collector of traces (gRPC), e.g. http://127.0.0.1:4317")


class Settings(BaseSettings):
    """Everything that can be set. Nested values: `CLARA_BUDGET__CALLS=5`, or `[budget]` in clara.toml."""

    model_config = SettingsConfigDict(
        env_prefix="CLARA_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    model: str = Field(EVIDENCE_MODEL, description="PROVIDER:NAME, or evidence for the embedded default")
    base_url: str | None = Field(
        None, description="of an OpenAI-compatible or other server, e.g. http://127.0.0.1:11434/v1"
    )
    api_key: SecretStr | None = Field(None, description="else the provider's own variable, e.g. OPENAI_API_KEY")
    translate_model: str | None = Field(None, description="a smaller model for translation; default: model")
    second_model: str | None = Field(None, description="another model, asked where drafts stay split")
    fallback_models: tuple[str, ...] = Field((), description="tried in order when model fails; may end with evidence")
    model_options: dict[str, Any] = Field(
        default_factory=dict, description="passed to the provider of `model`, e.g. temperature; never a key"
    )
    method: str | None = Field(None, description="default: clara with a model, evidence without")
    country: str | None = None
    profile: Path | None = Field(
        None,
        description="a file of clara eval calibrate: constants of [reconcile] by language, where these are not set",
    )
    policy: Literal["universal", "local-first", "show-both"] = Field(
        "local-first", description="which stands where evidence of the asker's country differs from other evidence"
    )
    permute: bool = Field(True, description="show options in a different order to each draft")
    native: bool = Field(True, description="of method clara: draft in the asker's language too")
    evidence: bool = Field(True, description="of method clara: draft from the knowledge base")
    verify: bool = Field(True, description="of method clara: judge claims and quotes against the evidence")
    escalate: bool = Field(True, description="of method clara: go on after round 2 where drafts differ or doubt")
    chain_of_thought: bool = Field(False, description="of method translate_test: reason step by step first")
    vote_languages: tuple[str, ...] = Field(("en", "es", "fr"), description="of method vote, beside the asker's own")
    further_languages: tuple[str, ...] = Field(
        ("es", "zh-Hans", "fr"),
        description="of method clara: asked where drafts differ; of these the first two that fit",
    )
    collections: dict[str, float] = Field(
        default_factory=dict,
        description="of method paper: collection (ophthalmology, user, pubmed, wikipedia) -> weight, 1 if not named",
    )

    timeout_s: float = Field(60.0, gt=0, description="per attempt of one model call")
    attempts: int = Field(4, ge=1, le=20, description="tries per model call")
    retry_wait_s: float = Field(0.5, gt=0, description="first back-off; doubles with jitter")
    retry_wait_max_s: float = Field(30.0, gt=0, description="longest wait, a server's Retry-After included")
    cache: Literal["off", "memory", "disk", "replay", "redis"] = Field(
        "off", description="where model replies are kept; replay: on disk, and they count as when they came"
    )
    cache_dir: Path | None = Field(None, description="folder of the cache on disk; default: home")
    redis_url: SecretStr | None = Field(
        None, description="redis://[:password@]host:6379/0; shared by replicas: cache = redis, and limits of keys"
    )
    redis_days: float = Field(7.0, gt=0, description="how long replies are kept there")
    prices: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="model name -> (prompt, completion) price per million tokens"
    )

    budget: BudgetSettings = Field(default_factory=BudgetSettings)
    reconcile: ReconcileSettings = Field(default_factory=ReconcileSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)
    embed: EmbedSettings = Field(default_factory=EmbedSettings)
    rerank: RerankSettings = Field(default_factory=RerankSettings)
    live: LiveSettings = Field(default_factory=LiveSettings)
    translator: TranslatorSettings = Field(default_factory=TranslatorSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    chroma_url: str | None = Field(None, description="a Chroma server for the vectors, e.g. http://127.0.0.1:8000")
    chroma_token: SecretStr | None = Field(None, description="sent to it as Authorization: Bearer")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("clara", appauthor=False)))
    prompts_dir: Path | None = None
    kb_dir: Path | None = Field(None, description="evidence shipped elsewhere than in the package")

    @field_validator("model_options")
    @classmethod
    def _no_keys(cls, value: dict[str, Any]) -> dict[str, Any]:
        if any(name.lower().endswith(("key", "secret", "password")) for name in value):
            raise ValueError("put keys into api_key, which is never printed")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        found = config_file()
        toml = (TomlConfigSettingsSource(settings_cls, toml_file=found),) if found else ()
        return (init_settings, env_settings, *toml)

    @property
    def cache_folder(self) -> Path:
        """Where replies are kept on disk."""
        return self.cache_dir or self.home

    @property
    def prices_by_model(self) -> dict[str, tuple[float, float]]:
        """Prices by the names that calls are recorded under: "openai:gpt-5" and "gpt-5" are one model.

        What is before a colon need not be a provider, as in llama3.3:70b, so each price is there under both.
        """
        return {name.partition(":")[2] or name: price for name, price in self.prices.items()} | self.prices

    def reconcile_for(self, language: str) -> ReconcileSettings:
        """Return the reconciler's constants for an asker's language: set ones, else the profile's, else the defaults.

        Raises ConfigError for a profile that cannot be read or holds what cannot be.
        """
        if self.profile is None:
            return self.reconcile
        fitted = _read_profile_once(self.profile).get(language, {})
        given = self.reconcile.model_dump(include=self.reconcile.model_fields_set)
        try:
            return ReconcileSettings(**{**fitted, **given})
        except ValidationError as error:
            name = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ConfigError(f"{self.profile}: {name} cannot be {fitted.get(name)}; calibrate again") from None

    def secrets(self) -> tuple[str, ...]:
        """Every key that must never be printed: the configured one and those of provider variables."""
        held = ((getattr(self, group) if group else self, key) for group, _, key in _ADDRESSED)
        own = [secret.get_secret_value() for where, key in held if (secret := getattr(where, key))]
        own += [held.key.get_secret_value() for held in self.server.keys.values()]
        own += [self.redis_url.get_secret_value()] if self.redis_url else []
        provider = [v for k, v in os.environ.items() if k.endswith(("_API_KEY", "_TOKEN")) and len(v) >= 8]
        return tuple(own + provider)


_read_profile_once = lru_cache(maxsize=8)(read_profile)


def config_file() -> Path | None:
    """Return the clara.toml in force: `CLARA_CONFIG`, the working folder's, or the user's; None without one."""
    if named := os.environ.get("CLARA_CONFIG"):
        path = Path(named)
        if not path.is_file():
            raise ConfigError(f"CLARA_CONFIG names {path}, which is no file")
        return path
    home = os.environ.get("CLARA_HOME") or platformdirs.user_data_dir("clara", appauthor=False)
    for path in (Path(CONFIG_FILE), Path(home) / CONFIG_FILE):
        if path.is_file():
            return path
    return None


def load_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings; `overrides` of None are ignored. Raises ConfigError, one line without values."""
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    try:
        settings = _without_foreign_key(Settings(**given), given)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{config_file()}: not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {config_file()}: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        message = "no such setting" if first["type"] == "extra_forbidden" else first["msg"].lower()
        raise ConfigError(f"setting {where}: {message}; see clara init for every setting and its default") from None
    except Exception as error:  # a malformed nested variable: pydantic-settings has an error class of its own
        if type(error).__name__ != "SettingsError":
            raise
        line = str(error).splitlines()[0]
        raise ConfigError(f'settings: {line}; lists and tables are written as JSON, e.g. ["evidence"]') from None
    settings.reconcile_for("en")  # a wrong profile is said here, not at the first question
    return settings


_ADDRESSED = (  # a group, the setting that names an address, and the key that is sent there
    ("", "base_url", "api_key"),
    ("", "chroma_url", "chroma_token"),
    ("embed", "base_url", "api_key"),
    ("rerank", "base_url", "api_key"),
    ("translator", "base_url", "api_key"),
    ("live", "pubmed_url", "pubmed_api_key"),
)


def _without_foreign_key(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """Never send a key of the environment to an address that a file in the working folder names.

    Whoever can put a clara.toml into a folder could otherwise collect the keys of those who work there.
    """
    if config_file() != Path(CONFIG_FILE):
        return settings
    for group, address, key in _ADDRESSED:
        held = getattr(settings, group) if group else settings
        told = given.get(group) or {} if group else given
        prefix = f"CLARA_{group}__" if group else "CLARA_"
        from_file = address in held.model_fields_set and address not in told and not _env(prefix + address)
        if not from_file or key in told:
            continue
        # The provider's own variable would be read where no key is set.
        without = SecretStr("not-needed") if (group, key) == ("", "api_key") else None
        if _env(prefix + key) or getattr(held, key) is None:
            changed = {key: without}
            update = {group: held.model_copy(update=changed)} if group else changed
            settings = settings.model_copy(update=update)
    return settings


def _env(name: str) -> str | None:
    return os.environ.get(name.upper()) or os.environ.get(name)


def openai_key(settings: Settings) -> SecretStr | None:
    """Return the key for OpenAI models: the configured one where `model` is one, else that of the environment."""
    if settings.api_key is not None and settings.model.partition(":")[0] == "openai":
        return settings.api_key
    found = os.environ.get("OPENAI_API_KEY")
    return SecretStr(found) if found else None


def provider_keys() -> dict[str, bool]:
    """Tell which providers' key variables are set; never their values."""
    names = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "CLARA_API_KEY")
    return {name: bool(os.environ.get(name)) for name in names}

"""Live sources: PubMed and Wikipedia as retrievers. They see the question, and are off unless a setting names them."""

from __future__ import annotations

import re
import urllib.parse
from importlib import metadata
from pathlib import Path

from clara.config import LiveSettings
from clara.errors import ConfigError
from clara.knowledge.live.base import Retriever, Stopwords
from clara.knowledge.live.cache import Cached, LiveCache
from clara.knowledge.live.http import Clients, Service
from clara.knowledge.live.limiter import shared_limiter
from clara.knowledge.live.pubmed import PubMed
from clara.knowledge.live.search import search_live
from clara.knowledge.live.wikipedia import Wikipedia
from clara.knowledge.search import load_stopwords
from clara.resources import data_folder

__all__ = ["Retriever", "build_retrievers", "search_live"]

_CACHE_FILE = "live.sqlite3"
_CONTACT = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def build_retrievers(settings: LiveSettings, home: Path) -> list[Retriever]:
    """Return the sources that the settings name, each behind its limit and the cache `home`/live.sqlite3.

    Nothing is connected to yet. Raises ConfigError, also where sources are named and no address to write to.
    """
    if not settings.sources:
        return []
    if not _CONTACT.fullmatch(settings.contact):
        raise ConfigError(
            "live.contact: write your e-mail address, which PubMed and Wikipedia ask for, e.g. you@example.org"
        )
    clients = Clients(agent=f"CLARA/{_version()} ({settings.contact})", timeout_s=settings.timeout_s)
    cache = LiveCache(home / _CACHE_FILE, days=settings.cache_days)
    build = {"pubmed": _pubmed, "wikipedia": _wikipedia}
    return [build[source](settings, clients, cache) for source in dict.fromkeys(settings.sources)]


def _pubmed(settings: LiveSettings, clients: Clients, cache: LiveCache) -> Retriever:
    url = _checked("pubmed_url", settings.pubmed_url)
    key = settings.pubmed_api_key
    service = Service(
        "PubMed",
        advice="the network, live.pubmed_url and live.pubmed_api_key",
        clients=clients,
        limiter=shared_limiter(url, per_s=10 if key else 3),
        timeout_s=settings.timeout_s,
    )
    pubmed = PubMed(service, url=url, contact=settings.contact, stopwords=_stopwords(), api_key=key)
    return Cached(pubmed, cache, address=url)


def _wikipedia(settings: LiveSettings, clients: Clients, cache: LiveCache) -> Retriever:
    url = _checked("wikipedia_url", settings.wikipedia_url)
    if "{language}" not in url:
        raise ConfigError("live.wikipedia_url: write {language} where the code of the language belongs")
    service = Service(
        "Wikipedia",
        advice="the network, live.wikipedia_url and live.contact; not every language has a Wikipedia",
        clients=clients,
        limiter=shared_limiter(url, per_s=5, at_once=1),
        timeout_s=settings.timeout_s,
        headers={"Promise-Non-Write-API-Action": "true"},  # lets the nearest data centre answer a POST
    )
    return Cached(Wikipedia(service, url=url, stopwords=_stopwords()), cache, address=url)


def _checked(name: str, url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0  # asking for the port checks it
        sound = parts.scheme in ("http", "https") and named and not re.search(r"\s", url)
    except ValueError:
        sound = False
    if not sound:
        raise ConfigError(f"live.{name}: write a full address that begins with https://")
    return url


def _version() -> str:
    try:
        return metadata.version("clara-debias")
    except metadata.PackageNotFoundError:
        return "0"  # a plain checkout that was not installed


def _stopwords() -> Stopwords:
    return load_stopwords(data_folder("knowledge_base") / "stopwords.tsv")

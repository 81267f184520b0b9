"""Asking embedding and rerank servers over HTTP: retries, and one line for everything that can go wrong."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from clara.config import EmbedSettings
from clara.errors import ConfigError, KnowledgeError
from clara.knowledge.embedders.batched import BatchedEmbedder
from clara.waiting import retry_after_s

if TYPE_CHECKING:
    import httpx2

Sleep = Callable[[float], None]

_SHORTEST = 128  # characters; a server that refuses so short a text has another reason than its length


class Fault(Exception):
    """Why a request failed, in one line. It stays among the HTTP clients: what they show is KnowledgeError."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        may_pass: bool = False,
        too_large: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.may_pass = may_pass
        self.too_large = too_large
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, kw_only=True)
class Server:
    """How one server is asked: what it is called in errors, which settings concern it, how often it is tried."""

    name: str
    group: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    attempts: int = 4
    wait_s: float = 0.5
    wait_max_s: float = 30.0
    sleep: Sleep = time.sleep

    def ask(self, send: Callable[[], httpx2.Response], texts: Sequence[str]) -> Any:
        """Return the JSON that `send` brings, tried again on what may pass; Retry-After is honoured.

        `texts` are what is sent: an error that repeats one of them is not shown. Raises Fault.
        """
        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception(self._may_pass),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(self._once, send, texts)

    def _once(self, send: Callable[[], httpx2.Response], texts: Sequence[str]) -> Any:
        import httpx2

        try:
            response = send()
        except httpx2.TimeoutException:
            raise Fault(f"{self.name}: no reply in time; raise {self.group}.timeout_s", may_pass=True) from None
        except httpx2.ConnectError:
            raise Fault(
                f"{self.name}: cannot reach it; start the server, or check {self.group}.base_url and the network",
                may_pass=True,
            ) from None
        except httpx2.LocalProtocolError:  # a header, and the key is the only one that users make
            raise Fault(f"{self.name}: the key cannot be sent; it holds characters that no key has") from None
        except httpx2.RequestError:
            raise Fault(f"{self.name}: the connection broke; try again later", may_pass=True) from None
        if not response.is_success:
            raise self._refusal(response, texts)
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise Fault(f"{self.name}: the reply is not JSON; check {self.group}.base_url") from None

    def _refusal(self, response: httpx2.Response, texts: Sequence[str]) -> Fault:
        status = response.status_code
        said = self._said(response, texts)
        wait = retry_after_s(response.headers)
        may_pass = status in (408, 409, 429) or (status >= 500 and status != 501)
        # llama.cpp answers 500 to a text that is too long; others use 400, 413 or 422, for too many texts also.
        too_large = status in (400, 413, 422) or (status == 500 and "too large" in said)
        if status in (401, 403):
            variable = f"CLARA_{self.group.upper()}__API_KEY"
            message = f"{self.name}: the server refused the key ({status}); set {self.group}.api_key or {variable}"
        elif status == 404:
            message = (
                f"{self.name}: no such model or address (404{said}); check {self.group}.model and {self.group}.base_url"
            )
        elif status == 429 and "insufficient_quota" in response.text:
            message, may_pass = f"{self.name}: the quota is used up (429); check the account", False
        elif status == 429:
            later = f"in {wait:.0f} s" if wait else "later"
            message = f"{self.name}: the server asks to slow down (429); try again {later}"
        elif may_pass:
            message = f"{self.name}: the server failed ({status}{said}); try again later or see its log"
        else:
            message = f"{self.name}: the server refused the request ({status}{said}); check the {self.group} settings"
        return Fault(
            message, status=status, may_pass=may_pass and not too_large, too_large=too_large, retry_after_s=wait
        )

    def _said(self, response: httpx2.Response, texts: Sequence[str]) -> str:
        """Return the server's own words, after a colon; nothing where they hold a text that was sent."""
        try:
            said = " ".join(_words_of(response.json()).split())
        except (ValueError, RecursionError):
            return ""
        for secret in self.secrets:
            said = said.replace(secret, "***")
        if not said or any(text.strip()[:20] in said for text in texts):
            return ""
        return ": " + (said if len(said) <= 160 else said[:157] + "...")

    def _may_pass(self, error: BaseException) -> bool:
        return (
            isinstance(error, Fault)
            and error.may_pass
            and (error.retry_after_s is None or error.retry_after_s <= self.wait_max_s)
        )

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, Fault) else None
        backoff = wait_random_exponential(multiplier=self.wait_s, max=self.wait_max_s)(state)
        # Never sooner than asked; jitter on top keeps requests that were refused together apart.
        return backoff if asked is None else asked + backoff * 0.1


class HttpEmbedder(BatchedEmbedder):
    """Base of the embedders behind an address: up to four requests at once, too large ones sent in halves.

    A subclass gives `_connect` and `_request`. Raises ConfigError where address or key cannot be right.
    """

    _at_once = 4

    def __init__(self, settings: EmbedSettings, *, url: str, api_key: str | None, sleep: Sleep) -> None:
        check_address(url, "embed")
        check_key(api_key, "embed")
        super().__init__(settings, f"{self.provider} embeddings at {shown(url)}")
        self._url = url.rstrip("/")
        self._api_key = api_key
        secrets = (api_key,) if api_key else ()
        self._server = Server(name=self._name, group="embed", secrets=secrets, sleep=sleep)
        self._client: Any = None

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @abstractmethod
    def _connect(self) -> Any:
        """Return a new client with a `close`. Raises Fault or KnowledgeError."""

    @abstractmethod
    def _request(self, texts: Sequence[str]) -> list[Any]:
        """Return the rows that one request brings. Raises Fault."""

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _vectors(self, texts: Sequence[str]) -> list[Any]:
        try:
            return self._in_parts(texts)
        except Fault as fault:
            raise KnowledgeError(str(fault)) from None

    def _in_parts(self, texts: Sequence[str]) -> list[Any]:
        """Send `texts`; what is refused as too large is sent in halves, and a single text by its first half.

        Halves, because servers do not say whether they have too many texts or one too long, and because a
        text's vector must not depend on the others sent with it.
        """
        try:
            rows = self._request(texts)
        except Fault as fault:
            if not fault.too_large or (len(texts) == 1 and len(texts[0]) <= _SHORTEST):
                raise
        else:
            if len(rows) != len(texts):
                raise Fault(f"{self._name}: {len(rows)} vectors came back for {len(texts)} texts; lower embed.batch")
            return rows
        if len(texts) == 1:
            return self._in_parts([texts[0][: len(texts[0]) // 2]])
        middle = len(texts) // 2
        return [*self._in_parts(texts[:middle]), *self._in_parts(texts[middle:])]


def open_client(timeout_s: float, api_key: str | None = None, *, library: Any = None) -> httpx2.Client:
    """Return an HTTP client, to be closed by the caller. Raises KnowledgeError where the proxy cannot be used.

    library: in place of httpx2, one of the same names.
    """
    if library is None:
        import httpx2 as library

    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        client: httpx2.Client = library.Client(timeout=timeout_s, headers=headers)
        return client
    except (ImportError, ValueError, library.InvalidURL):  # a SOCKS proxy without its package, or no address at all
        raise KnowledgeError("the proxy of the environment cannot be used; check HTTPS_PROXY and ALL_PROXY") from None


def check_address(url: str, group: str) -> None:
    """Raise ConfigError unless `url` is an http or https address."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"setting {group}.base_url: not an address; give one like http://127.0.0.1:8080/v1")


def check_key(api_key: str | None, group: str) -> None:
    """Raise ConfigError where `api_key` cannot stand in a header; an HTTP client's own error would print it."""
    if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise ConfigError(f"setting {group}.api_key: holds spaces or characters that no key has; copy it again")


def shown(url: str) -> str:
    """Return `url` without a user name, password or query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _words_of(body: object) -> str:
    """Return the sentence in the error forms of OpenAI, Ollama, TEI, Cohere and FastAPI."""
    if isinstance(body, list):
        return _words_of(body[0]) if body else ""
    if isinstance(body, dict):
        return _words_of(next((body[key] for key in ("error", "message", "detail", "msg") if body.get(key)), ""))
    return body if isinstance(body, str) else ""

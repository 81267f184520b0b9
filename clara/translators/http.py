"""Asking a translation service over HTTP: in time, again where that may help, and one line where it fails."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from clara.errors import (
    ConfigError,
    ModelAuthError,
    ModelBadOutput,
    ModelError,
    ModelRateLimited,
    ModelStatusError,
    ModelTimeout,
    ModelUnreachable,
)
from clara.languages import english_name
from clara.waiting import retry_after_s

if TYPE_CHECKING:
    import httpx2

Sleep = Callable[[float], Awaitable[None]]

_ATTEMPTS = 3
_FIRST_WAIT_S = 0.5
_LASTING = {
    404: "no such address (404); check translator.base_url",
    413: "the question is too long for the service (413); shorten it",
    456: "the quota is used up (456); check the account, or set translator.provider to model",
}


class Service:
    """One service behind an address.

    name: what errors call it; key: never shown; headers: sent with every request.
    timeout_s: the longest time for one try, and the longest wait between two that it may ask for.
    Raises ConfigError for an address or a key that cannot be right.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        key: str | None,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        _check(url, key)
        parts = urlsplit(url)
        self._url = url.rstrip("/")
        # Without a user name, password or query, which may be secret.
        self.name = f"{name} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self._key = key
        self._timeout_s = timeout_s
        self._headers = dict(headers or {})
        self._sleep = sleep
        self._backoff = wait_random_exponential(multiplier=_FIRST_WAIT_S, max=timeout_s)
        self._per_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )

    async def ask(self, path: str, body: Mapping[str, Any] | None = None, *, texts: Sequence[str] = ()) -> Any:
        """Return the JSON that a request brings, POST with a `body` and GET without; tried at most three times.

        texts: what is sent; an error that repeats one of them is not shown. Raises ModelError.
        """
        retrying = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            retry=retry_if_exception(self._may_pass),
            sleep=self._sleep,
            reraise=True,
        )
        attempts = 0
        try:
            async for attempt in retrying:
                attempts = attempt.retry_state.attempt_number
                with attempt:
                    return await self._once(path, body, texts)
        except ModelError as error:
            error.attempts = attempts
            raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def unknown(self, source: str, target: str) -> ModelError:
        """Return the error for a pair of languages that the service does not translate between."""
        return ModelError(
            f"{self.name}: does not translate {english_name(source)} into {english_name(target)}; "
            "add these languages there, or set translator.provider to model"
        )

    def unreadable(self) -> ModelBadOutput:
        """Return the error for a reply in another form than the service's own."""
        return ModelBadOutput(f"{self.name}: the reply is not in its own form; check translator.base_url")

    async def aclose(self) -> None:
        """Close the client of the running loop; calling it again does nothing."""
        if client := self._per_loop.pop(asyncio.get_running_loop(), None):
            await client.aclose()

    def _client(self) -> httpx2.AsyncClient:
        """Return the client of the running loop: connections belong to the loop that opened them."""
        import httpx2

        loop = asyncio.get_running_loop()
        if loop not in self._per_loop:
            # A cookie sent back would tie one asker's questions together.
            no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            try:
                self._per_loop[loop] = httpx2.AsyncClient(
                    timeout=self._timeout_s, headers={"User-Agent": "clara", **self._headers}, cookies=no_cookies
                )
            except (ImportError, ValueError, httpx2.InvalidURL):  # a SOCKS proxy without its package, or no address
                raise _final(
                    ModelUnreachable(f"{self.name}: the proxy cannot be used; check HTTPS_PROXY and ALL_PROXY")
                ) from None
        return self._per_loop[loop]

    async def _once(self, path: str, body: Mapping[str, Any] | None, texts: Sequence[str]) -> Any:
        import httpx2

        client, method = self._client(), "GET" if body is None else "POST"
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await client.request(method, self._url + path, json=body)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise map_error(error, self.name, self._timeout_s) from None
        if not response.is_success:
            raise self._refusal(response, texts)
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise ModelBadOutput(f"{self.name}: the reply is not JSON; check translator.base_url") from None

    def _refusal(self, response: httpx2.Response, texts: Sequence[str]) -> ModelError:
        """Return the error that a status stands for."""
        status, wait = response.status_code, retry_after_s(response.headers)
        said = self._said(response, texts)
        # LibreTranslate asks for a missing key with 400 and bans an address with 403.
        if status in (401, 403) or (status == 400 and "api key" in said.lower()):
            return ModelAuthError(
                f"{self.name}: the service refused the key or the caller ({status}{said}); set translator.api_key or "
                "CLARA_TRANSLATOR__API_KEY",
                status=status,
            )
        if status in (429, 529):
            return ModelRateLimited(f"{self.name}: the service asks to slow down ({status})", retry_after_s=wait)
        if status >= 500:
            what = f"the service failed ({status}{said}); try again later or see its log"
        else:
            what = _LASTING.get(
                status, f"the service refused the request ({status}{said}); check the translator settings"
            )
        return ModelStatusError(f"{self.name}: {what}", status=status, retry_after_s=wait)

    def _said(self, response: httpx2.Response, texts: Sequence[str]) -> str:
        """Return the service's own words, after a colon; nothing where they hold a text that was sent."""
        try:
            body = response.json()
        except (ValueError, RecursionError):
            return ""
        found = [body.get(name) for name in ("error", "message", "detail")] if isinstance(body, dict) else []
        said = " ".join(" ".join(part for part in found if isinstance(part, str)).split())
        if self._key:
            said = said.replace(self._key, "***")
        if not said or any(text.strip()[:20] in said for text in texts):
            return ""
        return ": " + (said if len(said) <= 160 else said[:157] + "...")

    def _may_pass(self, error: BaseException) -> bool:
        return (
            isinstance(error, ModelError)
            and error.retryable
            and (error.retry_after_s is None or error.retry_after_s <= self._timeout_s)
        )

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, ModelError) else None
        # Never sooner than asked; jitter on top keeps callers that were refused together apart.
        return self._backoff(state) if asked is None else asked + self._backoff(state) * 0.1


def map_error(error: Exception, name: str, timeout_s: float) -> ModelError:
    """Return the error of our tree for what an HTTP client raised instead of bringing a reply.

    Only a connection that broke is worth another try: where a service is not there, or too slow, the chat model can
    translate at once.
    """
    import httpx2

    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return _final(ModelTimeout(f"{name}: no reply within {timeout_s:g} s; raise translator.timeout_s"))
    if isinstance(error, httpx2.ReadError | httpx2.WriteError | httpx2.CloseError | httpx2.RemoteProtocolError):
        return ModelUnreachable(f"{name}: the connection broke; try again later")
    if isinstance(error, httpx2.DecodingError):
        return ModelBadOutput(f"{name}: the reply cannot be decoded; check translator.base_url")
    if isinstance(error, httpx2.ProxyError):
        return _final(ModelUnreachable(f"{name}: the proxy refuses; check HTTPS_PROXY and ALL_PROXY"))
    advice = "cannot reach it; start it, or check translator.base_url and the network"
    return _final(ModelUnreachable(f"{name}: {advice}"))


def _final(error: ModelError) -> ModelError:
    """Return `error` as one after which nothing is tried again."""
    error.retryable = False
    return error


async def each(texts: Sequence[str], send: Callable[[list[str]], Awaitable[list[str]]]) -> list[str]:
    """Return what `send` makes of the texts that are not blank, each in its place; blank ones come back empty.

    Halves of characters, which UTF-8 cannot hold, are sent as question marks.
    """
    wanted = [text.encode("utf-8", "replace").decode() for text in texts if text.strip()]
    made = iter(await send(wanted) if wanted else [])
    return [next(made) if text.strip() else "" for text in texts]


def _check(url: str, key: str | None) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError("setting translator.base_url: not an address; give one like http://127.0.0.1:5000")
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError("setting translator.api_key: holds spaces or characters that no key has; copy it again")

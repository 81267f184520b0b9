"""Asking a public service over HTTP: in turn, in time, again where that may help, and one line where it does not."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_random_exponential

from clara.errors import KnowledgeError
from clara.knowledge.live.limiter import Limiter
from clara.waiting import retry_after_s

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

_ATTEMPTS = 3
_FIRST_WAIT_S = 0.5
_MOST_BYTES = 8 << 20
_BUSY = (408, 429, 503)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no answer now, where there may be one later. `wait_s`: seconds the service asked to wait."""

    reason: str
    wait_s: float | None = None


class Clients:
    """HTTP clients, one per event loop, shared by all live sources.

    agent: the User-Agent, which names CLARA and whom to write to.
    """

    def __init__(self, *, agent: str, timeout_s: float) -> None:
        self._agent, self._timeout_s = agent, timeout_s
        self._per_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )

    def client(self) -> httpx2.AsyncClient:
        """Return the client of the running loop: connections belong to the loop that opened them."""
        import httpx2

        loop = asyncio.get_running_loop()
        if loop not in self._per_loop:
            agent = f"{self._agent} httpx2/{httpx2.__version__}"
            # A cookie sent back would tie one asker's questions together.
            no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            self._per_loop[loop] = httpx2.AsyncClient(
                timeout=self._timeout_s, headers={"User-Agent": agent}, cookies=no_cookies
            )
        return self._per_loop[loop]

    async def aclose(self) -> None:
        """Close the client of the running loop; calling it again does nothing."""
        if client := self._per_loop.pop(asyncio.get_running_loop(), None):
            await client.aclose()


class Service:
    """One public service.

    label: what messages call it; advice: what they say to look at when it refuses a request for good.
    timeout_s: the longest time for one try, and the longest wait that it may ask for between two.
    """

    def __init__(
        self,
        label: str,
        *,
        advice: str,
        clients: Clients,
        limiter: Limiter,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._label = label
        self._advice = advice
        self._headers = dict(headers or {})
        self._clients = clients
        self._limiter = limiter
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._backoff = wait_random_exponential(multiplier=_FIRST_WAIT_S, max=timeout_s)

    async def post(self, url: str, form: Mapping[str, str], read: Callable[[bytes], T | Refusal]) -> T:
        """Send a form and return what `read` makes of the reply's body, after at most three tries.

        Forms keep questions and keys out of addresses, which proxies and logs record. `read` returns a
        Refusal where asking again may help. Raises KnowledgeError.
        """

        async def once() -> T | Refusal:
            return await self._once(url, form, read)

        retrying = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._backoff,  # what the service asks for on top is waited out by the limiter
            retry=retry_if_result(self._may_pass),
            retry_error_callback=_last_result,
            sleep=self._sleep,
        )
        result: T | Refusal = await retrying(once)
        if isinstance(result, Refusal):
            raise KnowledgeError(f"{self._label} {result.reason}; try again later, or take it out of live.sources")
        return result

    def give_up(self, what: str) -> KnowledgeError:
        """Return the error for a request that will not succeed as it is."""
        return KnowledgeError(f"{self._label} {what}; check {self._advice}")

    async def aclose(self) -> None:
        """Close the connections of the running loop, those of the other sources with them."""
        await self._clients.aclose()

    async def _once(self, url: str, form: Mapping[str, str], read: Callable[[bytes], T | Refusal]) -> T | Refusal:
        import httpx2

        async with self._limiter.place():
            if (held_s := self._limiter.held_s) > self._timeout_s:
                return Refusal(reason=f"asked to be left alone for {held_s:.0f} s", wait_s=held_s)
            await self._limiter.start()
            try:
                async with asyncio.timeout(self._timeout_s):
                    status, headers, body = await self._send(url, form)
            except (TimeoutError, httpx2.RequestError, httpx2.InvalidURL) as error:
                return self._failed(error)
            refused = self._judge(status)
            result: T | Refusal = read(body) if refused is None else refused
            if isinstance(result, Refusal):
                result = Refusal(reason=result.reason, wait_s=retry_after_s(headers))
                if result.wait_s is not None:
                    self._limiter.hold(result.wait_s)  # before the next one takes the place
            return result

    def _judge(self, status: int) -> Refusal | None:
        """Return the refusal that a status stands for, None for success. Raises KnowledgeError for one that stays."""
        if status in _BUSY:
            return Refusal(reason=f"asks to be asked less often ({status})")
        if status >= 500:
            return Refusal(reason=f"is out of order ({status})")
        if status != 200:
            raise self.give_up(f"refuses the request ({status})")
        return None

    async def _send(self, url: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        async with self._clients.client().stream("POST", url, data=dict(form), headers=self._headers) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise self.give_up(f"sends more than {_MOST_BYTES >> 20} MB")
            return response.status_code, response.headers, bytes(body)

    def _failed(self, error: Exception) -> Refusal:
        """Return the refusal for a try that brought no reply; raises KnowledgeError where another would not either."""
        import httpx2

        if isinstance(error, TimeoutError | httpx2.TimeoutException):
            return Refusal(reason=f"gave no reply within {self._timeout_s:g} s")
        lasting = httpx2.ConnectError | httpx2.ProxyError | httpx2.UnsupportedProtocol | httpx2.InvalidURL
        if isinstance(error, lasting):
            raise self.give_up("cannot be reached") from None
        return Refusal(reason="broke the connection off")

    def _may_pass(self, result: object) -> bool:
        return isinstance(result, Refusal) and (result.wait_s is None or result.wait_s <= self._timeout_s)


def _last_result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else None

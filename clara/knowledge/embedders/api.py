"""Embeddings from OpenAI, and from every server that speaks its /v1/embeddings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clara.config import EmbedSettings
from clara.knowledge.embedders.http import Fault, HttpEmbedder, Sleep, open_client
from clara.sdk import openai_http

if TYPE_CHECKING:
    import httpx2
    import openai

OPENAI_URL = "https://api.openai.com/v1"


class OpenAIEmbedder(HttpEmbedder):
    """Embeds by POST {base_url}/embeddings, through OpenAI's own client.

    With `api_key` None the client reads OPENAI_API_KEY itself: give None for OpenAI's own address only.
    """

    provider = "openai"

    def __init__(self, settings: EmbedSettings, *, api_key: str | None, sleep: Sleep = time.sleep) -> None:
        super().__init__(settings, url=settings.base_url or OPENAI_URL, api_key=api_key, sleep=sleep)

    def _connect(self) -> openai.OpenAI:
        import openai

        http = open_client(self._settings.timeout_s, library=openai_http())
        try:
            # Retries are ours, so that one rule serves every server.
            return openai.OpenAI(api_key=self._api_key, base_url=self._url, max_retries=0, http_client=http)
        except openai.OpenAIError:
            http.close()
            raise Fault(f"{self._name}: no key; set embed.api_key, CLARA_EMBED__API_KEY or OPENAI_API_KEY") from None

    def _request(self, texts: Sequence[str]) -> list[Any]:
        reply = self._server.ask(lambda: self._send(texts), texts)
        try:
            # Some servers answer in another order than asked; `index` says which text a vector is of.
            rows = {int(item.get("index", i)): item["embedding"] for i, item in enumerate(reply["data"])}
            return [rows[i] for i in range(len(reply["data"]))]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Fault(f"{self._name}: the reply is not in the form of /v1/embeddings; check embed.base_url") from None

    def _send(self, texts: Sequence[str]) -> httpx2.Response:
        import httpx2
        import openai

        settings = self._settings
        try:
            raw = self._open().embeddings.with_raw_response.create(
                model=settings.model or "",
                input=list(texts),
                encoding_format="float",  # base64, the client's default, is not spoken by every server
                dimensions=openai.omit if settings.dimensions is None else settings.dimensions,
            )
        except openai.APIStatusError as error:
            refused: httpx2.Response = error.response  # read by the one table for all servers
            return refused
        except openai.APIConnectionError as error:
            # Read by the same table: httpx, which openai 2 sends with, has the same names for what went wrong.
            kind = getattr(httpx2, type(error.__cause__).__name__, httpx2.ReadError)
            raise kind(str(error.__cause__ or error)) from None
        except UnicodeEncodeError:
            raise Fault(f"{self._name}: OPENAI_API_KEY holds characters that no key has; set it again") from None
        response: httpx2.Response = raw.http_response
        return response

"""Embeddings from Ollama's own API."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clara.config import EmbedSettings
from clara.knowledge.embedders.http import Fault, HttpEmbedder, Sleep, open_client

if TYPE_CHECKING:
    import httpx2

OLLAMA_URL = "http://127.0.0.1:11434"


class OllamaEmbedder(HttpEmbedder):
    """Embeds by POST {base_url}/api/embed; a key is sent where one is set, as hosted Ollama wants."""

    provider = "ollama"

    def __init__(self, settings: EmbedSettings, *, api_key: str | None = None, sleep: Sleep = time.sleep) -> None:
        url = (settings.base_url or OLLAMA_URL).rstrip("/")
        # The address that its OpenAI form is known by, often pasted here.
        super().__init__(settings, url=url.removesuffix("/v1"), api_key=api_key, sleep=sleep)

    def _connect(self) -> httpx2.Client:
        return open_client(self._settings.timeout_s, self._api_key)

    def _request(self, texts: Sequence[str]) -> list[Any]:
        # Truncation is its default; recent versions refuse long texts all the same, and get them in halves.
        body: dict[str, Any] = {"model": self._settings.model, "input": list(texts), "truncate": True}
        if self._settings.dimensions is not None:
            body["dimensions"] = self._settings.dimensions
        client = self._open()
        try:
            reply = self._server.ask(lambda: client.post(f"{self._url}/api/embed", json=body), texts)
        except Fault as fault:
            if fault.status == 404:
                raise Fault(
                    f"{self._name}: no such model or address (404); run: ollama pull {self._settings.model}, or check "
                    "embed.base_url",
                    status=404,
                ) from None
            raise
        rows = reply.get("embeddings") if isinstance(reply, dict) else None
        if not isinstance(rows, list):
            raise Fault(f"{self._name}: the reply is not in the form of /api/embed; check embed.base_url")
        return rows

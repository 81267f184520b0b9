"""Reranking: a cross-encoder behind an address reads query and passage together."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from clara.config import RerankSettings
from clara.errors import KnowledgeError
from clara.knowledge.embedders.batched import encodable
from clara.knowledge.embedders.http import Fault, Server, Sleep, check_address, check_key, open_client, shown

if TYPE_CHECKING:
    import httpx2


class Reranker(Protocol):
    """Scores passages for a query; slower and better than comparing vectors."""

    def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return a relevance from 0 to 1 per text, in the order of `texts`. Raises KnowledgeError in one line."""

    def close(self) -> None:
        """Release connections; calling it again does nothing."""


class HttpReranker:
    """Asks POST {base_url}/rerank in the form of Cohere, which Jina, vLLM and llama.cpp speak, or in that of TEI.

    The first reply settles which form the server speaks. Scores outside 0 to 1 are logits: from then on all
    scores of this server go through the logistic function. A failed request is tried once more, not longer:
    a search is waiting, and has an order of its own. Raises ConfigError for an address or key that cannot be right.
    """

    def __init__(self, settings: RerankSettings, *, sleep: Sleep = time.sleep) -> None:
        url = (settings.base_url or "").rstrip("/")
        self._key = settings.api_key.get_secret_value().strip() if settings.api_key else None
        check_address(url, "rerank")
        check_key(self._key, "rerank")
        self._settings = settings
        self._url = f"{url}/rerank"
        self._server = Server(
            name=f"reranker at {shown(url)}",
            group="rerank",
            secrets=(self._key,) if self._key else (),
            attempts=2,
            wait_s=0.2,
            wait_max_s=2.0,
            sleep=sleep,
        )
        self._speaks_tei: bool | None = None
        self._logits = False
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None

    def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return a relevance from 0 to 1 per text, in the order of `texts`. Raises KnowledgeError in one line."""
        if not texts:
            return []
        try:
            scores = self._scores(self._ask(encodable(query), [encodable(text) for text in texts]), len(texts))
        except Fault as fault:
            raise KnowledgeError(str(fault)) from None
        if any(not 0.0 <= score <= 1.0 for score in scores):
            self._logits = True
        return [_logistic(score) for score in scores] if self._logits else scores

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, query: str, texts: Sequence[str]) -> Any:
        if self._speaks_tei:
            return self._post({"query": query, "texts": list(texts), "truncate": True})
        body: dict[str, Any] = {"query": query, "documents": list(texts), "top_n": len(texts)}
        if self._settings.model:
            body["model"] = self._settings.model
        try:
            reply = self._post(body)
        except Fault as refused:
            if self._speaks_tei is False or refused.status not in (400, 422):
                raise
            try:
                reply = self._post({"query": query, "texts": list(texts), "truncate": True})
            except Fault:
                raise refused from None  # it speaks neither; the common form's error says more
            self._speaks_tei = True
            return reply
        self._speaks_tei = False
        return reply

    def _post(self, body: dict[str, Any]) -> Any:
        with self._lock:
            client = self._client = self._client or open_client(self._settings.timeout_s, self._key)
        sent = [body["query"], *(body.get("documents") or body["texts"])]
        return self._server.ask(lambda: client.post(self._url, json=body), sent)

    def _scores(self, reply: Any, count: int) -> list[float]:
        """Return the scores of a reply in either form, in the order asked. Raises Fault."""
        try:
            results = reply["results"] if isinstance(reply, dict) else reply
            found = {
                int(r["index"]): float(r["relevance_score" if "relevance_score" in r else "score"]) for r in results
            }
        except (KeyError, TypeError, ValueError):
            raise Fault(f"{self._server.name}: the reply is not in a known form; check rerank.base_url") from None
        if set(found) != set(range(count)) or not all(map(math.isfinite, found.values())):
            raise Fault(f"{self._server.name}: not one score per passage came back; check rerank.model")
        return [found[i] for i in range(count)]


def build_reranker(settings: RerankSettings) -> Reranker | None:
    """Return the reranker that the settings name, None without `rerank.base_url`. Raises ConfigError."""
    return HttpReranker(settings) if settings.base_url else None


def _logistic(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(x / 2.0))  # never overflows

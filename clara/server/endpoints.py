"""The routes beside the answers: models, embeddings, health and metrics."""

from __future__ import annotations

import asyncio
import base64

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from clara import __version__
from clara.config import Settings
from clara.server.body import read_json
from clara.server.catalogue import CLARA
from clara.server.connection import while_connected
from clara.server.errors import RequestError
from clara.server.exchange import exchange_of
from clara.server.metrics import CONTENT_TYPE
from clara.server.replies import send_json
from clara.server.schemas import EmbeddingsRequest, checked
from clara.server.service import service_of
from clara.text import estimated_tokens

_MOST_TEXTS = 2048


async def models(request: Request) -> Response:
    """`GET /v1/models`."""
    data = [_model(name) for name in service_of(request.scope).catalogue.names()]
    return JSONResponse({"object": "list", "data": data})


async def model(request: Request) -> Response:
    """`GET /v1/models/{name}`."""
    name = request.path_params["name"]
    service_of(request.scope).catalogue.find(name)
    return JSONResponse(_model(name))


class Embeddings:
    """`POST /v1/embeddings`: the vectors of the knowledge base's embedder."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with service_of(scope).admission.entry():
            await self._embed(scope, receive, send)

    async def _embed(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = service_of(scope)
        body, _ = await read_json(scope, receive, service.settings.server)
        _refuse_tokens(body.get("input"))
        asked = checked(EmbeddingsRequest, body)
        name = embedder_name(service.settings)
        if asked.model not in (CLARA, name):
            raise RequestError(
                404, "model_not_found", f"the embedder here is {name!r}; ask for it, or for {CLARA}", param="model"
            )
        exchange_of(scope).model = name
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        if not texts or len(texts) > _MOST_TEXTS or not all(text.strip() for text in texts):
            raise RequestError(
                400, "invalid_request", f"input: give 1 to {_MOST_TEXTS} texts, none blank", param="input"
            )
        embedder = (await asyncio.to_thread(service.clara.knowledge)).space.embedder
        async with service.admission.place(), asyncio.timeout(service.settings.server.request_s):
            vectors = await while_connected(receive, asyncio.to_thread(embedder.embed, texts))
        if asked.dimensions not in (None, vectors.shape[1]):
            raise RequestError(
                400, "invalid_request", f"vectors have {vectors.shape[1]} dimensions here", param="dimensions"
            )
        exact = vectors.astype("<f4")
        data = [
            {
                "object": "embedding",
                "index": i,
                "embedding": base64.b64encode(row.tobytes()).decode()
                if asked.encoding_format == "base64"
                else row.tolist(),
            }
            for i, row in enumerate(exact)
        ]
        tokens = sum(estimated_tokens(text) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        await send_json(send, {"object": "list", "model": asked.model, "data": data, "usage": usage})


async def healthz(request: Request) -> Response:
    """`GET /healthz`: the process lives."""
    return JSONResponse({"status": "ok", "checks": {}, "version": __version__})


async def readyz(request: Request) -> Response:
    """`GET /readyz`: it can answer, and is not about to stop."""
    service = service_of(request.scope)
    checks = await service.checks()
    if service.draining:
        checks = {**checks, "process": "is about to stop"}
    ready = all(found == "ok" for found in checks.values())
    return JSONResponse({"status": "ok" if ready else "unready", "checks": checks}, 200 if ready else 503)


async def metrics(request: Request) -> Response:
    """`GET /metrics`, for Prometheus."""
    return Response(service_of(request.scope).metrics.page(), media_type=CONTENT_TYPE)


def embedder_name(settings: Settings) -> str:
    """Return the name of the knowledge base's embedder."""
    return settings.embed.model or settings.embed.provider


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": CLARA if name.startswith(CLARA) else "upstream"}


def _refuse_tokens(given: object) -> None:
    """Say what to do where a client sends numbers of another model's tokens. Raises RequestError."""
    first = given[0] if isinstance(given, list) and given else None
    if isinstance(first, int | list):
        raise RequestError(
            400, "tokens_not_read", "input: send text, not tokens (OpenAIEmbeddings: check_embedding_ctx_length=False)",
            param="input",
        )  # fmt: skip

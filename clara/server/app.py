"""The application: routes, what is around them, and what lives as long as it does."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clara.engine import Clara
from clara.languages import detect
from clara.server import endpoints
from clara.server.answers import Answers
from clara.server.catalogue import is_openai
from clara.server.errors import failure_of
from clara.server.exchange import exchange_of
from clara.server.forms import ChatForm, ResponsesForm
from clara.server.middleware import Guarding, Recording
from clara.server.openapi import openapi_document
from clara.server.page import page, page_file
from clara.server.service import open_service


def build_app(clara: Clara) -> Starlette:
    """Return the service as an ASGI application. `clara` is closed with it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with clara, open_service(clara) as service:
            app.state.service = service
            await asyncio.to_thread(_load, clara)
            gc.freeze()  # all is loaded now; looking through it for garbage would hold requests up for 0.1 s and more
            try:
                yield
            finally:
                gc.unfreeze()

    document = openapi_document()

    async def openapi(request: Request) -> Response:
        return JSONResponse(document)

    routes = [
        Route("/v1/chat/completions", Answers(ChatForm), methods=["POST"], name="chat_completions"),
        Route("/v1/responses", Answers(ResponsesForm), methods=["POST"], name="responses"),
        Route("/v1/embeddings", endpoints.Embeddings(), methods=["POST"], name="embeddings"),
        Route("/v1/models", endpoints.models),
        Route("/v1/models/{name:path}", endpoints.model),
        Route("/healthz", endpoints.healthz),
        Route("/readyz", endpoints.readyz),
        Route("/metrics", endpoints.metrics),
        Route("/openapi.json", openapi),
        Route("/", page),
        Route("/page/{name:path}", page_file),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Recording), Middleware(Guarding)],
        exception_handlers={HTTPException: _not_served},
        lifespan=lifespan,
    )
    app.state.paths = {route.endpoint: route.path for route in routes}
    return app


def _load(clara: Clara) -> None:
    """Open and import what the first question would wait for."""
    clara.knowledge()
    detect("Is the eye red?")
    if clara.models is not None and is_openai(clara.settings.model):
        importlib.import_module("langchain_openai")


async def _not_served(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: a path or a method that is not there."""
    failure = failure_of(error)
    exchange_of(request.scope).error = failure.code
    return JSONResponse(failure.body, failure.status, dict(failure.headers))

"""OpenTelemetry spans of requests and their model calls, where a collector is named. They hold no text either.

Spans are made once a request has ended, from its record, so that nothing waits for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.types import Scope

from clara.errors import ConfigError
from clara.server.exchange import Exchange

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

_NANO = 1_000_000_000


class Tracing:
    """Sends spans to a collector. provider: of spans; the one that sends to `endpoint` if not given.

    Raises ConfigError where the packages are missing.
    """

    def __init__(self, endpoint: str, provider: TracerProvider | None = None) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise ConfigError("server.otlp_endpoint needs packages: pip install 'clara-debias[otel]'") from None
        if provider is None:
            provider = TracerProvider(resource=Resource.create({"service.name": "clara"}))
            insecure = endpoint.startswith("http://")
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=insecure)))
        self._provider = provider
        self._tracer = provider.get_tracer("clara.server")

    def record(self, exchange: Exchange, scope: Scope) -> None:
        """Make the spans of a request that has ended, below the caller's span where it names one."""
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        attributes: dict[str, Any] = {
            "http.request.method": exchange.method,
            "http.route": exchange.route,
            "http.response.status_code": exchange.status,
            "clara.request_id": exchange.request_id,
            "gen_ai.request.model": exchange.model or "",
            "gen_ai.usage.input_tokens": exchange.prompt_tokens,
            "gen_ai.usage.output_tokens": exchange.completion_tokens,
        }
        ended = exchange.at_ns + int(exchange.seconds * _NANO)
        span = self._tracer.start_span(
            f"{exchange.method} {exchange.route}", context=_caller(scope), kind=SpanKind.SERVER,
            attributes=attributes, start_time=exchange.at_ns,
        )  # fmt: skip
        if exchange.status >= 500 or exchange.error:
            span.set_attribute("error.type", exchange.error or str(exchange.status))
            if exchange.status >= 500:
                span.set_status(Status(StatusCode.ERROR))
        below = set_span_in_context(span)
        for answer in (reply.answer for reply in exchange.replies if reply.answer):
            # An answer's clock starts when it is begun, which is a moment after its request came.
            length = max((event.at_s for event in answer.trace), default=0.0)
            begun = ended - int(length * _NANO)
            for event in answer.trace:
                if event.kind != "call":
                    continue
                end = begun + int(event.at_s * _NANO)
                call = self._tracer.start_span(
                    f"chat {event.data['model']}", context=below, kind=SpanKind.CLIENT,
                    start_time=end - int(event.data["seconds"] * _NANO),
                    attributes={
                        "gen_ai.operation.name": "chat",
                        "gen_ai.request.model": event.data["model"],
                        "gen_ai.usage.input_tokens": event.data.get("prompt_tokens", 0),
                        "gen_ai.usage.output_tokens": event.data.get("completion_tokens", 0),
                        "clara.stage": event.stage,
                        "clara.outcome": event.data["outcome"],
                    },
                )  # fmt: skip
                call.end(end)
        span.end(ended)

    def close(self) -> None:
        """Send what has not been sent, and stop."""
        self._provider.shutdown()


def _caller(scope: Scope) -> Context:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    names = (b"traceparent", b"tracestate")
    carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in names}
    return TraceContextTextMapPropagator().extract(carrier)

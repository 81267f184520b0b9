"""What those who run `clara serve` see: health, metrics, traces; and the description it gives of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent import futures
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from prometheus_client.parser import text_string_to_metric_families

from clara import KnowledgeBase
from clara.server import page as page_module
from clara.server import schemas
from clara.server.openapi import openapi_document
from tests.fake_openai import FakeOpenAI, Reply
from tests.integration.test_chat_api import ASKED, CHOICE, doctor, translate_choice
from tests.serving import Served, serving

MESSAGES = [{"role": "user", "content": ASKED}]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def start(fake: FakeOpenAI, base: KnowledgeBase, home: Path, **settings: Any) -> Any:
    return serving(base, model="openai:fake-1", base_url=fake.base_url, home=home, attempts=1, **settings)


def ask(served: Served, **more: Any) -> httpx2.Response:
    return httpx2.post(f"{served.api}/chat/completions", json={"model": "clara", "messages": MESSAGES} | more)


def samples(served: Served) -> Samples:
    page = httpx2.get(f"{served.url}/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(page.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Samples, name: str, **labels: str) -> float:
    return sum(v for (n, have), v in found.items() if n == name and set(labels.items()) <= have)


def test_metrics_count_what_happened(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    openai_server.script = doctor().serve
    with start(openai_server, shipped_kb, tmp_path, prices={"fake-1": (1.0, 2.0)}) as served:
        whole = ask(served).json()
        ask(served, stream=True)
        chooser = doctor(translate=translate_choice)
        openai_server.script = replace(chooser, picks={**chooser.picks, "evidence": "halos and severe pain"}).serve
        ask(served, messages=[{"role": "user", "content": CHOICE}])
        calls = len(openai_server.requests)
        openai_server.script = lambda _: Reply(status=429)
        ask(served)
        ask(served, model="not-there")
        found = samples(served)
    route = "/v1/chat/completions"
    assert value(found, "clara_requests_total", route=route, model="clara", status="200") == 3
    assert value(found, "clara_requests_total", status="429", error="upstream_rate_limited") == 1
    assert value(found, "clara_requests_total", status="404", model="", error="model_not_found") == 1
    assert value(found, "clara_request_seconds_count", route=route) == 5
    assert value(found, "clara_upstream_calls_total", model="fake-1", outcome="ok") == calls
    assert value(found, "clara_stage_seconds_count", stage="translate/question") == 3
    assert value(found, "clara_answers_total", method="clara", language="es", outcome="answered") == 3
    assert value(found, "clara_answers_total", outcome="abstained") == 0
    assert value(found, "clara_agreement_total", language="es", outcome="agree") == 3
    tokens = value(found, "clara_tokens_total", kind="completion", language="es")
    assert tokens > 2 * whole["usage"]["completion_tokens"]
    prompts = value(found, "clara_tokens_total", kind="prompt", language="es")
    assert value(found, "clara_cost_total") == pytest.approx((prompts + 2 * tokens) / 1e6)
    assert value(found, "clara_running") == value(found, "clara_waiting") == 0
    assert not any("halos" in str(labels) or ASKED in str(labels) for _, labels in found)


def test_abstentions_and_models_as_they_are_are_counted(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path
) -> None:
    openai_server.script = lambda _: "plain words"
    with start(openai_server, shipped_kb, tmp_path) as served:
        ask(served, model="fake-1")
        unknown = [{"role": "user", "content": "Wie wird ein gebrochener Arm eines Drachen behandelt?"}]
        told = ask(served, model="clara:evidence", messages=unknown).json()["clara"]
        found = samples(served)
    assert told["abstained"]
    assert value(found, "clara_answers_total", method="evidence", language=told["language"], outcome="abstained") == 1
    assert value(found, "clara_tokens_total", kind="completion", language="") == 2


def test_health_tells_living_from_being_able_to_answer(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start(openai_server, shipped_kb, tmp_path) as served:
        assert httpx2.get(f"{served.url}/healthz").json()["status"] == "ok"
        ready = httpx2.get(f"{served.url}/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (200, {"knowledge": "ok", "model": "ok"})
        for _ in range(5):
            httpx2.get(f"{served.url}/readyz")
        assert len(openai_server.requests) == 1  # the provider is not asked each time
        served.service.draining = True
        leaving = httpx2.get(f"{served.url}/readyz")
        assert leaving.status_code == 503 and leaving.json()["checks"]["process"] == "is about to stop"
        assert httpx2.get(f"{served.url}/healthz").status_code == 200
    with serving(shipped_kb, model="openai:x", base_url="http://127.0.0.1:9/v1", home=tmp_path) as served:
        unready = httpx2.get(f"{served.url}/readyz")
        assert unready.status_code == 503 and unready.json()["status"] == "unready"
        assert unready.json()["checks"]["model"].startswith("unreachable")


def test_a_service_without_a_model_answers_from_the_evidence(shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    with serving(shipped_kb, home=tmp_path) as served:
        names = [model["id"] for model in httpx2.get(f"{served.api}/models").json()["data"]]
        assert names == ["clara", "clara:evidence"]
        reply = ask(served, messages=[{"role": "user", "content": "मोतियाबिंद का इलाज क्या है?"}]).json()
        assert reply["clara"]["language"] == "hi" and reply["clara"]["citations"]
        assert httpx2.get(f"{served.url}/readyz").json()["checks"] == {"knowledge": "ok"}


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "How is a cataract treated?"),
        ("es", "¿Cómo se trata la catarata?"),
        ("pt", "Quais são os sintomas da catarata e como é o tratamento?"),
        ("fr", "Comment traite-t-on la cataracte ?"),
        ("zh-Hans", "白内障怎么治疗？"),
        ("hi", "मोतियाबिंद का इलाज कैसे होता है?"),
        ("fil", "Paano ginagamot ang katarata?"),
        ("ar", "كيف يُعالَج إعتام عدسة العين؟"),
    ],
)
def test_every_language_goes_in_and_out_whole(shipped_service: Served, language: str, question: str) -> None:
    messages = [{"role": "user", "content": question}]
    whole = ask(shipped_service, messages=messages).json()
    assert whole["clara"]["language"] == language
    said = whole["choices"][0]["message"]["content"]
    assert said and "\ufffd" not in said
    assert whole["clara"]["abstained"] or whole["clara"]["citations"][0]["language"] == language
    lines = ask(shipped_service, messages=messages, stream=True).text.splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == said


@pytest.fixture(scope="module")
def shipped_service(shipped_kb: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(shipped_kb, home=tmp_path_factory.mktemp("languages")) as served:
        yield served


class Collector(TraceServiceServicer):
    def __init__(self) -> None:
        self.spans: list[Any] = []

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:  # noqa: N802
        for resource in request.resource_spans:
            assert resource.resource.attributes[0].value.string_value
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A collector of traces on loopback, over gRPC as a real one."""
    server, kept = grpc.server(futures.ThreadPoolExecutor(2)), Collector()
    add_TraceServiceServicer_to_server(kept, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield kept, f"http://127.0.0.1:{port}"
    server.stop(None).wait()


def test_spans_of_requests_and_their_calls_reach_a_collector(
    openai_server: FakeOpenAI, shipped_kb: KnowledgeBase, tmp_path: Path, collector: tuple[Collector, str]
) -> None:
    openai_server.script = doctor().serve
    trace = "0af7651916cd43dd8448eb211c80319c"
    with start(openai_server, shipped_kb, tmp_path, server={"otlp_endpoint": collector[1]}) as served:
        headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "x-request-id": "traced-1"}
        body = {"model": "clara", "messages": MESSAGES}
        httpx2.post(f"{served.api}/chat/completions", json=body, headers=headers)
        openai_server.script = lambda _: Reply(status=500)
        ask(served)
    spans = [span for span in collector[0].spans if span.trace_id.hex() == trace]
    (request,) = [span for span in spans if span.name == "POST /v1/chat/completions"]
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    attributes = {a.key: a.value for a in request.attributes}
    assert attributes["clara.request_id"].string_value == "traced-1"
    assert attributes["http.response.status_code"].int_value == 200
    calls = [span for span in spans if span.parent_span_id == request.span_id]
    stages = {a.value.string_value for span in calls for a in span.attributes if a.key == "clara.stage"}
    assert {"translate/question", "draft/free_evidence", "verify/claims", "write/answer"} <= stages
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano <= request.end_time_unix_nano for span in calls)
    failed = [span for span in collector[0].spans if span.trace_id.hex() != trace and span.status.code == 2]
    assert len(failed) == 1
    assert "glaucoma" not in str(collector[0].spans)


def test_the_description_is_whole_and_served(shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    with serving(shipped_kb, home=tmp_path) as served:
        served_document = httpx2.get(f"{served.url}/openapi.json").json()
    document = openapi_document()
    assert served_document == document
    named = document["components"]["schemas"]
    references = _references(document)
    assert references and {ref.rpartition("/")[2] for ref in references} <= set(named)
    request = named["ChatCompletionRequest"]["properties"]
    assert {"messages", "model", "n", "stop", "tools", "response_format", "stream", "clara"} <= set(request)
    assert set(schemas.ClaraExtension.model_fields) == {
        "method", "languages", "country", "policy", "budget", "explain",
    }  # fmt: skip


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(inner) for inner in value.values()))
    return set().union(*(_references(inner) for inner in value)) if isinstance(value, list) else set()


def test_the_page_comes_whole_under_a_strict_policy(shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    with serving(shipped_kb, home=tmp_path) as served, httpx2.Client(base_url=served.url) as client:
        page = client.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8" and "<title>CLARA</title>" in page.text
        parts = re.findall(r'(?:src|href)="(page/[^"]+)"', page.text)
        scripts = {path.name for path in Path(page_module.__file__).parent.glob("*.js")}
        assert {part.removeprefix("page/") for part in parts} == scripts | {"page.css", "icon.svg"}  # fetched at once
        replies = [page, *(client.get(f"/{part}") for part in parts), client.get("/page/words/zh-Hans.json")]
        for reply in replies:
            assert reply.status_code == 200 and reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["referrer-policy"] == "no-referrer"
            policy = dict(rule.partition(" ")[::2] for rule in reply.headers["content-security-policy"].split("; "))
            assert policy["default-src"] == policy["frame-ancestors"] == "'none'" and policy["script-src"] == "'self'"
            assert not any("unsafe" in value for value in policy.values())
        again = client.get("/", headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("nothing.js", "__init__.py", "../app.py", "%2e%2e/app.py", "words"):
            assert client.get(f"/page/{name}").status_code == 404, name

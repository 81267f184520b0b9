"""The reranker: two forms of one request, scores from 0 to 1, and every fault in one line."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr

from clara.config import RerankSettings
from clara.errors import ConfigError, KnowledgeError
from clara.knowledge.rerank import HttpReranker, build_reranker
from tests.fake_embeddings import KEY, FakeEmbeddings, overlap
from tests.fake_openai import Reply

# Question and passages of one meaning, a related one and an unrelated one, in that order.
ASKED = {
    "en": ("why is my eye red", ["my eye is red", "red spot", "the knee"]),
    "es": ("por qué tengo el ojo rojo", ["tengo el ojo rojo", "mancha rojo", "la rodilla"]),
    "pt": ("por que meu olho está vermelho", ["meu olho está vermelho", "ponto vermelho", "o joelho"]),
    "fr": ("pourquoi mon œil est rouge", ["mon œil est rouge", "point rouge", "le genou"]),
    "zh": ("眼睛 为什么 发红", ["眼睛 发红", "皮肤 发红", "膝盖"]),
    "hi": ("मेरी आँख लाल क्यों है", ["मेरी आँख लाल है", "लाल धब्बा", "घुटना"]),
    "fil": ("bakit namumula ang mata ko", ["namumula ang mata ko", "ang balat", "tuhod"]),
    "unknown": ("zorb quen pilatha mornu", ["zorb quen pilatha", "quen vek", "lunta"]),
    "mixed": ("meri eye red kyon hai", ["meri eye red hai", "red spot", "ghutna"]),
    "ar": ("لماذا عيني حمراء", ["عيني حمراء", "بقعة حمراء", "الركبة"]),
}


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeEmbeddings]:
    with FakeEmbeddings() as server:
        yield server


@pytest.fixture
def server(_server: FakeEmbeddings) -> FakeEmbeddings:
    _server.reset()
    return _server


class Rerankers:
    """Builds rerankers for the server, whose waits are noted instead of passing, and closes them."""

    def __init__(self, server: FakeEmbeddings) -> None:
        self.waits: list[float] = []
        self.made: list[HttpReranker] = []
        self._url = f"{server.url}/v1"

    def __call__(self, **changes: Any) -> HttpReranker:
        settings = RerankSettings(**({"base_url": self._url, "model": "fake-rerank"} | changes))
        self.made.append(HttpReranker(settings, sleep=self.waits.append))
        return self.made[-1]


@pytest.fixture
def make(server: FakeEmbeddings) -> Iterator[Rerankers]:
    rerankers = Rerankers(server)
    yield rerankers
    for reranker in rerankers.made:
        reranker.close()


def failure(reranker: HttpReranker) -> str:
    with pytest.raises(KnowledgeError) as caught:
        reranker.rerank("लाल आँख", ["आँख लाल है", "घुटना"])
    message = str(caught.value)
    assert "\n" not in message and message.startswith("reranker at http://127.0.0.1:")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # a traceback may hold a key
    return message


def test_without_an_address_there_is_no_reranker() -> None:
    assert build_reranker(RerankSettings()) is None
    assert build_reranker(RerankSettings(model="bge-reranker-v2-m3")) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "127.0.0.1:8080"}, r"rerank\.base_url: not an address"),
        ({"base_url": "http://h/v1", "api_key": "a\nb"}, r"rerank\.api_key: holds spaces or characters"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_reranker(RerankSettings(**settings))


@pytest.mark.parametrize("tei", [False, True])
@pytest.mark.parametrize("language", ASKED)
def test_scores_stand_in_the_order_of_the_texts(
    server: FakeEmbeddings, make: Rerankers, language: str, tei: bool
) -> None:
    server.speaks_tei = tei
    query, texts = ASKED[language]
    scores = make().rerank(query, texts)
    assert scores == [pytest.approx(overlap(query, text)) for text in texts]
    assert 1 >= scores[0] > scores[1] >= scores[2] >= 0
    assert make().rerank(query, texts[::-1]) == scores[::-1]


def test_the_common_form_is_sent_with_key_and_model(server: FakeEmbeddings, make: Rerankers) -> None:
    server.key = KEY
    reranker = make(api_key=SecretStr(KEY))
    reranker.rerank("red eye", ["a", "b"])
    assert KEY not in repr(reranker)
    (request,) = server.requests
    assert request.path == "/v1/rerank" and request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {"model": "fake-rerank", "query": "red eye", "documents": ["a", "b"], "top_n": 2}


def test_without_a_model_none_is_named(server: FakeEmbeddings, make: Rerankers) -> None:
    make(model=None).rerank("red eye", ["a"])
    assert "model" not in server.requests[0].body and "authorization" not in server.requests[0].headers


def test_the_form_that_works_is_remembered(server: FakeEmbeddings, make: Rerankers) -> None:
    server.speaks_tei = True
    reranker = make()
    for _ in range(3):
        reranker.rerank("red eye", ["red", "knee"])
    assert ["documents" in r.body for r in server.requests] == [True, False, False, False]
    assert server.requests[-1].body == {"query": "red eye", "texts": ["red", "knee"], "truncate": True}


def test_a_refusal_by_a_server_that_spoke_the_common_form_is_final(server: FakeEmbeddings, make: Rerankers) -> None:
    reranker = make()
    reranker.rerank("red eye", ["red"])
    server.faults = [Reply(status=400, text="query too long")]
    assert "refused the request (400: query too long)" in failure(reranker)
    assert len(server.requests) == 2


def test_a_server_that_speaks_neither_form_is_told_by_its_first_words(server: FakeEmbeddings, make: Rerankers) -> None:
    server.faults = [Reply(status=422, text="model does not rerank"), Reply(status=422, text="what is texts")]
    reranker = make()
    assert "(422: model does not rerank); check the rerank settings" in failure(reranker)
    assert reranker.rerank("red eye", ["red"]) == [0.5]  # nothing was learnt from it


@pytest.mark.parametrize("tei", [False, True])
def test_logits_are_mapped_into_0_to_1(server: FakeEmbeddings, make: Rerankers, tei: bool) -> None:
    logits = {"a": 7.7, "b": -2.3, "c": 0.4, "d": -900.0, "e": 900.0}
    server.speaks_tei, server.score = tei, lambda _, text: logits[text]
    reranker = make()
    scores = reranker.rerank("q", list(logits))
    expected = [1 / (1 + math.exp(-x)) for x in (7.7, -2.3, 0.4)] + [0.0, 1.0]
    assert scores == pytest.approx(expected)
    # A later reply that happens to lie in 0 to 1 is on the same scale still.
    assert reranker.rerank("q", ["c"]) == pytest.approx([expected[2]])


def test_scores_within_0_and_1_stay_as_they_are(server: FakeEmbeddings, make: Rerankers) -> None:
    given = {"a": 0.0, "b": 0.25, "c": 1.0}
    server.score = lambda _, text: given[text]
    assert make().rerank("q", ["c", "a", "b"]) == [1.0, 0.0, 0.25]


def test_no_texts_need_no_request(server: FakeEmbeddings, make: Rerankers) -> None:
    assert make().rerank("red eye", []) == [] and not server.requests


def test_a_lone_surrogate_does_no_harm(server: FakeEmbeddings, make: Rerankers) -> None:
    assert len(make().rerank("red \ud800 eye", ["red", "\udcff"])) == 2
    assert server.requests[0].body["query"] == "red ? eye"


def test_one_more_try_and_no_longer_wait(server: FakeEmbeddings, make: Rerankers) -> None:
    reranker = make()
    server.faults = [Reply(status=503)]
    assert reranker.rerank("red eye", ["red"]) == [0.5]
    server.faults = [Reply(mode="drop")] * 2
    assert failure(reranker).endswith("the connection broke; try again later")
    assert len(make.waits) == 2 and len(server.requests) == 4 and max(make.waits) <= 2.0
    server.faults = [Reply(status=429, headers={"retry-after": "20"})]
    assert failure(reranker).endswith("asks to slow down (429); try again in 20 s")
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=401, text=f"bad {KEY}"), "refused the key (401); set rerank.api_key or CLARA_RERANK__API_KEY"),
        (Reply(status=404), "no such model or address (404); check rerank.model and rerank.base_url"),
        (Reply(status=413, text="batch size 50 > maximum"), "refused the request (413: batch size 50 > maximum)"),
        (Reply(status=418, text="आँख लाल है is no tea"), "refused the request (418); check"),
        (Reply(body=b"<html>"), "the reply is not JSON; check rerank.base_url"),
    ],
)
def test_every_refusal_is_one_line(server: FakeEmbeddings, make: Rerankers, reply: Reply, message: str) -> None:
    server.faults = [reply]
    said = failure(make(api_key=SecretStr(KEY)))
    assert message in said and KEY not in said and len(server.requests) == 1


def results(*scores: Any) -> bytes:
    return json.dumps({"results": [{"index": i, "relevance_score": s} for i, s in scores]}).encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "not in a known form"),
        (b"5", "not in a known form"),
        (b"null", "not in a known form"),
        (b'{"results": [1, 2]}', "not in a known form"),
        (b'{"results": [{"index": 0}, {"index": 1}]}', "not in a known form"),
        (results((0, "high"), (1, "low")), "not in a known form"),
        (results((0, None), (1, 0.5)), "not in a known form"),
        (results((0, 0.5)), "not one score per passage"),
        (results((0, 0.5), (0, 0.6)), "not one score per passage"),
        (results((1, 0.5), (2, 0.6)), "not one score per passage"),
        (results((0, 0.5), (1, 0.6), (2, 0.7)), "not one score per passage"),
        (results((0, float("nan")), (1, 0.6)), "not one score per passage"),
        (results((0, float("inf")), (1, 0.6)), "not one score per passage"),
        (b"[]", "not one score per passage"),
    ],
)
def test_a_reply_that_does_not_score_the_passages_is_refused(
    server: FakeEmbeddings, make: Rerankers, body: bytes, message: str
) -> None:
    server.faults = [Reply(body=body)]
    assert message in failure(make())


def test_a_server_that_is_not_there_or_never_answers(server: FakeEmbeddings, make: Rerankers) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert f"{address}: cannot reach it; start the server, or check rerank.base_url" in failure(
            make(base_url=address)
        )
    server.faults = [Reply(mode="hang")] * 2
    assert failure(make(timeout_s=0.1)).endswith("no reply in time; raise rerank.timeout_s")


def test_threads_may_share_one_and_closing_twice_does_nothing(server: FakeEmbeddings, make: Rerankers) -> None:
    reranker = make()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda asked: reranker.rerank(*asked), list(ASKED.values()) * 2))
    assert found == [[overlap(q, text) for text in texts] for q, texts in ASKED.values()] * 2
    reranker.close()
    reranker.close()
    assert reranker.rerank("red eye", ["red"]) == [0.5]

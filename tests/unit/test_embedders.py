"""Embedders one by one: what is sent and read, every fault in one line, pooling by hand, and the hashed default."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from clara.config import EmbedSettings
from clara.errors import ConfigError, KnowledgeError
from clara.knowledge.embedders import Embedder, HashedNGrams, Vectors, api, build_embedder, same_space, space_name
from clara.knowledge.embedders.api import OpenAIEmbedder
from clara.knowledge.embedders.batched import hash_files
from clara.knowledge.embedders.http import HttpEmbedder, retry_after_s, shown
from clara.knowledge.embedders.ollama import OllamaEmbedder
from clara.knowledge.embedders.onnx import OnnxEmbedder, _pad_to_longest
from clara.knowledge.embedders.sentence_transformers import SentenceTransformersEmbedder
from tests.fake_embeddings import (
    DIMENSION,
    KEY,
    FakeEmbeddings,
    make_onnx_folder,
    sentence_transformers_module,
    vector,
)
from tests.fake_openai import Reply

HASHED = HashedNGrams()


def unit(rows: list[list[float]]) -> Vectors:
    found = np.array(rows, dtype=np.float64)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


# --- the hashed default ---


def likeness(a: str, b: str) -> float:
    """Cosine of two texts' vectors."""
    x, y = HASHED.embed([a, b])
    return float(x @ y)


@pytest.mark.parametrize("text", ["", " ", "?!", "。。", "😀", "\u200b"])
def test_a_text_without_letters_gives_zeros(text: str) -> None:
    assert not HASHED.embed([text]).any()


def test_the_hash_is_the_same_on_every_machine() -> None:
    # " ey", "eye", "ye ", " eye", "eye ", " eye " by CRC-32 modulo 960, each weighing 1/sqrt(6).
    found = HASHED.embed(["eye"])[0]
    assert {int(i): round(float(found[i]), 3) for i in np.flatnonzero(found)} == {
        648: 0.408,
        561: -0.408,
        807: 0.408,
        641: -0.408,
        728: -0.408,
        925: -0.408,
    }


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Cataract", "cataract"),
        ("visión", "vision"),
        ("ＩＯＰ", "iop"),
        ("आँख", "आंख"),
        ("ग्लूकोमा।", "ग्लूकोमा"),
        ("red, eye!", "red eye"),
    ],
)
def test_spellings_of_the_same_words_have_the_same_vector(a: str, b: str) -> None:
    assert likeness(a, b) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("word", "form", "other"),
    [
        ("cataract", "cataracts", "conjunctivitis"),
        ("glaucoma", "glucoma", "pterygium"),  # misspelt
        ("catarata", "cataratas", "pterigión"),
        ("inflamação", "inflamado", "retina"),
        ("opérer", "opération", "cornée"),
        ("青光眼", "急性青光眼", "白内障"),
        ("मोतियाबिंद", "मोतियाबिंदु", "आँसू"),
        ("magpatingin", "nagpatingin", "glaucoma"),
        ("glaucoma", "glaucome", "kératite"),  # a cognate
        ("conjunctivitis", "conjuntivitis", "catarata"),
    ],
)
def test_forms_and_cognates_are_nearer_than_other_words(word: str, form: str, other: str) -> None:
    assert likeness(word, form) > 0.3 > likeness(word, other)


@pytest.mark.parametrize(("a", "b"), [("cataract", "白内障"), ("cataract", "मोतियाबिंद"), ("青光眼", "ग्लूकोमा")])
def test_it_does_not_cross_scripts(a: str, b: str) -> None:
    assert abs(likeness(a, b)) < 0.3


@given(st.text(max_size=60))
def test_any_text_gives_a_unit_vector_or_zeros(text: str) -> None:
    norm = float(np.linalg.norm(HASHED.embed([text])[0]))
    assert norm == pytest.approx(1.0, abs=1e-4) or norm == 0.0


def test_a_space_is_named_by_every_choice_that_changes_a_vector() -> None:
    class Other(HashedNGrams):
        dimension = 512

    assert space_name(HASHED) != space_name(Other())
    assert "960" in HASHED.fingerprint and space_name(HASHED).isalnum()


# --- the canary ---


def test_a_space_is_the_same_while_every_canary_keeps_its_place() -> None:
    stored = unit([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    near, far = np.cos(0.04), np.cos(0.05)  # 0.9992 and 0.9988
    assert same_space(stored, unit([[1, 0, 0], [0, 1, 0], [0, np.sqrt(1 - near**2), near]]))
    assert not same_space(stored, unit([[1, 0, 0], [0, 1, 0], [0, np.sqrt(1 - far**2), far]]))
    assert same_space(stored, stored.astype(np.float16).astype(np.float32))
    assert not same_space(stored, -stored)


def test_canaries_of_another_shape_or_without_length_are_of_another_space() -> None:
    stored = unit([[1, 0], [0, 1], [1, 1]])
    assert not same_space(stored, unit([[1, 0, 0], [0, 1, 0], [1, 1, 0]]))
    assert not same_space(stored, stored[:2])
    nothing = np.zeros((3, 2), dtype=np.float32)
    assert not same_space(stored, nothing) and not same_space(nothing, nothing)


# --- what settings build ---


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"provider": "openai"}, r"embed\.model: openai needs one, e\.g\. text-embedding-3-small"),
        ({"provider": "ollama"}, r"embed\.model: ollama needs one"),
        ({"provider": "onnx"}, r"embed\.model: onnx needs one, e\.g\. a folder"),
        ({"provider": "sentence-transformers", "model": ""}, r"embed\.model: sentence-transformers needs one"),
        ({"provider": "ollama", "model": "m", "base_url": "localhost:11434"}, r"embed\.base_url: not an address"),
        ({"provider": "ollama", "model": "m", "base_url": "http://"}, r"embed\.base_url: not an address"),
        ({"provider": "ollama", "model": "m", "base_url": "http://host:99999"}, r"embed\.base_url: not an address"),
        ({"provider": "openai", "model": "m", "base_url": "ftp://host/v1"}, r"embed\.base_url: not an address"),
        ({"provider": "openai", "model": "m", "api_key": "sk-a b"}, r"embed\.api_key: holds spaces or characters"),
        ({"provider": "ollama", "model": "m", "api_key": "clé-secrète"}, r"embed\.api_key: holds spaces or characters"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        build_embedder(EmbedSettings(**settings))
    assert "\n" not in str(caught.value)
    assert "sk-a b" not in str(caught.value) and "secrète" not in str(caught.value)


def test_building_loads_nothing_heavy() -> None:
    code = (
        "import sys; from clara.config import EmbedSettings; from clara.knowledge.embedders import build_embedder\n"
        "for provider in ('hashed', 'openai', 'ollama', 'sentence-transformers'):\n"
        "    build_embedder(EmbedSettings(provider=provider, model='m')).close()\n"
        "heavy = {'openai', 'httpx2', 'onnxruntime', 'tokenizers', 'sentence_transformers', 'torch', 'chromadb'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- servers ---


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeEmbeddings]:
    with FakeEmbeddings() as server:
        yield server


@pytest.fixture
def server(_server: FakeEmbeddings) -> FakeEmbeddings:
    _server.reset()
    return _server


Make = Callable[..., HttpEmbedder]


@pytest.fixture(params=["openai", "ollama"])
def make(request: pytest.FixtureRequest, server: FakeEmbeddings) -> Iterator[Make]:
    """Builds an embedder behind the server; its waits go into `make.waits` instead of passing."""
    made: list[HttpEmbedder] = []

    def build(**changes: Any) -> HttpEmbedder:
        waits: list[float] = changes.pop("waits", [])
        own = request.param == "openai"
        base = {"provider": request.param, "model": "fake-embed", "base_url": server.url + ("/v1" if own else "")}
        settings = EmbedSettings(**(base | changes))
        key = settings.api_key.get_secret_value() if settings.api_key else "not-needed"
        cls = OpenAIEmbedder if own else OllamaEmbedder
        made.append(cls(settings, api_key=key, sleep=waits.append))
        return made[-1]

    yield build
    for embedder in made:
        embedder.close()


def failure(embedder: Embedder, *texts: str) -> str:
    """Return the one line of the error that embedding ends in."""
    with pytest.raises(KnowledgeError) as caught:
        embedder.embed(texts or ["लाल आँख"])
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400 and type(caught.value) is KnowledgeError
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # a traceback may hold a key
    return message


def test_vectors_come_back_as_the_model_gave_them_at_unit_length(server: FakeEmbeddings, make: Make) -> None:
    texts = ["red eye", "眼睛发红", "लाल आँख"]
    assert make().embed(texts) == pytest.approx(unit([vector(text) for text in texts]), abs=1e-6)
    sent = server.requests[0].body
    assert sent["model"] == "fake-embed" and sorted(sent["input"]) == sorted(texts) and "dimensions" not in sent


def test_batches_are_bounded_and_four_run_at_once(server: FakeEmbeddings, make: Make) -> None:
    server.hold_for = 4
    texts = [f"text number {i}" for i in range(23)]
    vectors = make(batch=3).embed(texts)
    assert vectors == pytest.approx(unit([vector(text) for text in texts]), abs=1e-6)
    assert sorted(len(r.body["input"]) for r in server.requests) == [2, 3, 3, 3, 3, 3, 3, 3]
    assert server.most_open == 4


def test_texts_of_like_length_share_a_batch(server: FakeEmbeddings, make: Make) -> None:
    make(batch=2).embed(["a", "b" * 90, "c" * 2, "d" * 80])
    assert sorted(r.body["input"] for r in server.requests) == [["a", "c" * 2], ["d" * 80, "b" * 90]]


def test_what_passes_is_tried_again(server: FakeEmbeddings, make: Make) -> None:
    server.faults = [Reply(status=503, text="loading"), Reply(mode="drop"), Reply(mode="truncate", body=b"{}" * 50)]
    waits: list[float] = []
    assert make(waits=waits).embed(["red eye"]) == pytest.approx(unit([vector("red eye")]), abs=1e-6)
    assert len(server.requests) == 4 and len(waits) == 3
    assert all(0 <= wait <= limit for wait, limit in zip(waits, [0.5, 1.0, 2.0], strict=True))


def test_retry_after_is_waited_out(server: FakeEmbeddings, make: Make) -> None:
    server.faults = [Reply(status=429, headers={"retry-after": "7"}), Reply(status=503, headers={"retry-after": "9"})]
    waits: list[float] = []
    make(waits=waits).embed_query("red eye")
    assert 7 <= waits[0] <= 7.1 and 9 <= waits[1] <= 9.2


def test_a_long_retry_after_ends_it_at_once(server: FakeEmbeddings, make: Make) -> None:
    server.faults = [Reply(status=429, headers={"retry-after": "900"})]
    waits: list[float] = []
    assert failure(make(waits=waits)).endswith("the server asks to slow down (429); try again in 900 s")
    assert len(server.requests) == 1 and not waits


@pytest.mark.parametrize(
    ("reply", "tries", "message"),
    [
        (Reply(status=401, text=f"bad key {KEY}"), 1, "the server refused the key (401); set embed.api_key or CLARA_"),
        (Reply(status=403), 1, "the server refused the key (403)"),
        (Reply(status=408), 4, "the server failed (408)"),
        (Reply(status=429), 4, "the server asks to slow down (429); try again later"),
        (Reply(status=429, body=b'{"error": {"code": "insufficient_quota"}}'), 1, "the quota is used up (429)"),
        (Reply(status=500, text="boom"), 4, "the server failed (500: boom); try again later or see its log"),
        (Reply(status=503, body=b"<html>"), 4, "the server failed (503); try"),
        (Reply(status=501, text="start it with --embeddings"), 1, "refused the request (501: start it with --emb"),
        (Reply(status=400, text="no such option"), 1, "the server refused the request (400: no such option); check"),
        (Reply(status=422, body=b'{"detail": [{"msg": "Field required"}]}'), 1, "(422: Field required)"),
        (Reply(status=424, body=b'{"message": "not an embedding model"}'), 1, "(424: not an embedding model)"),
        (Reply(status=400, body=b'{"error": {"message": "two\\nlines"}}'), 1, "(400: two lines)"),
        (Reply(status=400, text=f"key {KEY} is odd"), 1, "(400: key *** is odd)"),
        (Reply(status=400, text="cannot read 'लाल आँख'"), 1, "the server refused the request (400); check"),
        (Reply(status=400, text="x" * 500), 1, "xxx...); check"),
        (Reply(status=301, headers={"location": "http://127.0.0.1:1/"}), 1, "refused the request (301)"),
        (Reply(mode="drop"), 4, "the connection broke; try again later"),
        (Reply(body=b"<html>"), 1, "the reply is not JSON; check embed.base_url"),
        (Reply(body=b"\xff\xfe"), 1, "the reply is not JSON"),
        (Reply(body=b"[" * 100_000), 1, "the reply is not JSON"),
    ],
)
def test_every_refusal_is_one_line(server: FakeEmbeddings, make: Make, reply: Reply, tries: int, message: str) -> None:
    server.faults = [reply] * 5
    said = failure(make(api_key=SecretStr(KEY)))
    assert message in said and KEY not in said
    assert len(server.requests) == tries


def test_an_unknown_model_or_address_is_named(server: FakeEmbeddings, make: Make) -> None:
    for changes in ({"model": "other"}, {"base_url": f"{server.url}/nowhere"}):
        said = failure(make(**changes))
        assert "no such model or address (404" in said and "embed.base_url" in said
    assert len(server.requests) == 2


def test_a_server_that_is_not_there_is_named_without_its_password(make: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        waits: list[float] = []
        said = failure(make(base_url=f"http://user:hidden@{address}", waits=waits))
    assert f"embeddings at http://{address}: cannot reach it; start the server" in said
    assert len(waits) == 3 and "hidden" not in said


def test_a_server_that_never_answers_is_given_up(server: FakeEmbeddings, make: Make) -> None:
    server.faults = [Reply(mode="hang")] * 4
    assert failure(make(timeout_s=0.1)).endswith("no reply in time; raise embed.timeout_s")
    assert len(server.requests) == 4


def answer(*rows: object) -> Reply:
    """A reply that holds `rows`, in the form of both APIs."""
    data = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
    return Reply(body=json.dumps({"data": data, "embeddings": rows}).encode())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, float("nan")], [1.0, 2.0]], "not finite"),
        ([[1.0, None], [1.0, 2.0]], "not finite"),
        ([[1.0, 2.0], [1.0, float("inf")]], "not finite"),
        ([[1.0, 2.0], [1.0]], "not lists of numbers of one length"),
        ([["a", "b"], ["c", "d"]], "not lists of numbers of one length"),
        ([{"a": 1}, {"a": 2}], "not lists of numbers of one length"),
        ([1.0, 2.0], "not one vector per text"),
        ([[[1.0]], [[2.0]]], "not one vector per text"),
        ([[], []], "not one vector per text"),
        ([[1.0, 2.0]], "1 vectors came back for 2 texts"),
        ([[1.0], [2.0], [3.0]], "3 vectors came back for 2 texts"),
        ([], "0 vectors came back for 2 texts"),
    ],
)
def test_rows_that_are_no_vectors_are_refused(
    server: FakeEmbeddings, make: Make, rows: list[object], message: str
) -> None:
    server.faults = [answer(*rows)]
    assert message in failure(make(), "red eye", "लाल आँख")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"5",
        b"null",
        b'{"data": 5, "embeddings": 5}',
        b'{"data": [1]}',
        b'{"data": [{"index": 0}]}',
        b'{"data": [{"index": 1, "embedding": [1.0]}]}',
        b'{"data": [{"index": null, "embedding": [1.0]}]}',
    ],
)
def test_a_reply_in_another_form_is_refused(server: FakeEmbeddings, make: Make, body: bytes) -> None:
    server.faults = [Reply(body=body)]
    assert "the reply is not in the form of /" in failure(make())


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_vectors_of_any_size_come_to_unit_length(server: FakeEmbeddings, make: Make, size: float) -> None:
    server.faults = [answer([3 * size, -4 * size], [0.0, 0.0])]
    assert make().embed(["one", "two"]).tolist() == [pytest.approx([0.6, -0.8]), [0.0, 0.0]]


def test_a_dimension_that_cannot_be_had_is_told(server: FakeEmbeddings, make: Make) -> None:
    embedder = make(dimensions=16)
    assert embedder.embed(["red eye"]).shape == (1, 16) and server.requests[0].body["dimensions"] == 16
    server.shortens = False
    assert f"vectors have {DIMENSION} numbers, not the 16 of embed.dimensions; unset it" in failure(embedder)


def test_a_dimension_that_changes_is_told(server: FakeEmbeddings, make: Make) -> None:
    embedder = make()
    embedder.embed(["red eye"])
    server.dimension = 32
    assert f"vectors have 32 numbers now and had {DIMENSION} before; another model" in failure(embedder)
    assert embedder.dimension == DIMENSION


def test_the_dimension_is_asked_for_once_and_only_where_nobody_said_it(server: FakeEmbeddings, make: Make) -> None:
    assert make(dimensions=64).fingerprint and not server.requests
    embedder = make()
    assert embedder.fingerprint and not server.requests
    assert embedder.dimension == DIMENSION
    assert len(server.requests) == 1
    other = make()
    other.embed(["red eye"])
    assert other.dimension == DIMENSION and len(server.requests) == 2


def test_blank_texts_are_not_sent(server: FakeEmbeddings, make: Make) -> None:
    vectors = make(passage_prefix="passage: ").embed(["", "red eye", " \n"])
    assert [r.body["input"] for r in server.requests] == [["passage: red eye"]]
    assert [bool(row.any()) for row in vectors] == [False, True, False]


def test_too_many_texts_are_sent_in_halves(server: FakeEmbeddings, make: Make) -> None:
    server.most_texts = 5
    texts = [f"text {i}" for i in range(17)]
    assert make().embed(texts) == pytest.approx(unit([vector(text) for text in texts]), abs=1e-6)


@pytest.mark.parametrize(
    "refusal",
    [
        Reply(status=400, text="the input length exceeds the context length"),
        Reply(status=413, text="payload"),
        Reply(status=500, text="input (992 tokens) is too large to process. increase the physical batch size"),
    ],
)
def test_a_text_that_is_too_long_is_cut_alone(server: FakeEmbeddings, make: Make, refusal: Reply) -> None:
    server.most_characters, server.too_long = 300, refusal
    long = "आँख का दबाव " * 80
    texts = ["red eye", long, "眼睛发红"]
    expected = unit([vector("red eye"), vector(long[: len(long) // 4]), vector("眼睛发红")])
    waits: list[float] = []
    assert make(waits=waits).embed(texts) == pytest.approx(expected, abs=1e-6)
    assert not waits  # nothing of this passes by waiting


def test_a_refusal_that_no_cut_mends_ends_soon(server: FakeEmbeddings, make: Make) -> None:
    server.most_characters = 0
    said = failure(make(), *["x" * 1000] * 64)
    assert "(400: the input length exceeds the context length); check the embed settings" in said
    assert len(server.requests) <= 12


@pytest.mark.parametrize("proxy", ["socks5://user:hidden@127.0.0.1:1", "gopher://hidden"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    make: Make, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    said = failure(make())
    assert said == "the proxy of the environment cannot be used; check HTTPS_PROXY and ALL_PROXY"


# --- OpenAI's API ---


def openai(server: FakeEmbeddings, **changes: Any) -> Embedder:
    base = {"provider": "openai", "model": "fake-embed", "base_url": f"{server.url}/v1"}
    return build_embedder(EmbedSettings(**(base | changes)))


def test_rows_are_put_in_order_by_their_index(server: FakeEmbeddings) -> None:
    server.shuffle = True
    embedder = openai(server)
    texts = ["red eye", "blurred sight", "眼睛发红"]
    assert embedder.embed(texts) == pytest.approx(unit([vector(text) for text in texts]), abs=1e-6)
    embedder.close()


def test_a_key_of_the_environment_never_goes_to_another_address(
    server: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    embedder = openai(server)
    embedder.embed_query("red eye")
    embedder.close()
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer not-needed"]


def test_without_an_address_the_key_of_the_environment_is_used(
    server: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(api, "OPENAI_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/elsewhere")  # the client's own variable has no say
    embedder = openai(server, base_url=None)
    embedder.embed_query("red eye")
    assert KEY not in repr(embedder)
    embedder.close()
    own = openai(server, base_url=None, api_key=SecretStr(" sk-own-key\n"))
    own.embed_query("red eye")
    own.close()
    assert [r.headers["authorization"] for r in server.requests] == [f"Bearer {KEY}", "Bearer sk-own-key"]


def test_without_any_key_it_says_which_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = build_embedder(EmbedSettings(provider="openai", model="text-embedding-3-small"))
    said = failure(embedder)
    assert said.endswith("no key; set embed.api_key, CLARA_EMBED__API_KEY or OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-clé")
    assert failure(embedder).endswith("OPENAI_API_KEY holds characters that no key has; set it again")
    embedder.close()


def test_a_key_with_a_line_break_from_the_environment_is_not_shown(
    server: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\nx")
    monkeypatch.setattr(api, "OPENAI_URL", f"{server.url}/v1")
    embedder = OpenAIEmbedder(EmbedSettings(provider="openai", model="fake-embed"), api_key=None, sleep=lambda _: None)
    said = failure(embedder)
    assert said.endswith("the key cannot be sent; it holds characters that no key has")
    assert KEY not in said and not server.requests
    embedder.close()


# --- Ollama ---


def test_ollama_gets_what_its_own_api_takes(server: FakeEmbeddings) -> None:
    server.key = KEY
    settings = EmbedSettings(
        provider="ollama", model="fake-embed", base_url=f"{server.url}/v1/", api_key=SecretStr(KEY), dimensions=8
    )
    embedder = build_embedder(settings)
    embedder.embed(["red eye"])
    embedder.close()
    assert server.requests[0].path == "/api/embed"
    assert server.requests[0].body == {"model": "fake-embed", "input": ["red eye"], "truncate": True, "dimensions": 8}


def test_ollama_says_how_to_get_a_model(server: FakeEmbeddings) -> None:
    embedder = build_embedder(EmbedSettings(provider="ollama", model="bge-m3", base_url=server.url))
    assert "run: ollama pull bge-m3" in failure(embedder)
    assert "authorization" not in server.requests[0].headers
    embedder.close()


# --- ONNX ---


def onnx(folder: str = "model", **changes: Any) -> OnnxEmbedder:
    return OnnxEmbedder(EmbedSettings(provider="onnx", model=folder, **changes))


def write(path: str, value: object) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(value) if not isinstance(value, str) else value, encoding="utf-8")


def rows_of(table: Vectors, text: str) -> Vectors:
    """The token vectors of `text`: [CLS], its bytes, [SEP]."""
    letters = json.loads(Path("model/tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return table[[1, *(letters[c] for c in text), 2]]


def test_tokens_are_averaged_without_the_padding() -> None:
    table = make_onnx_folder(Path("model"))
    expected = unit([rows_of(table, text).mean(axis=0).tolist() for text in ("eye", "conjunctivitis")])
    assert onnx().embed(["eye", "conjunctivitis"]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "config",
    [
        {"word_embedding_dimension": 24, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
        {"embedding_dimension": 24, "pooling_mode": "cls", "include_prompt": True},
    ],
)
@pytest.mark.parametrize("direction", ["right", "left"])
def test_the_first_token_is_taken_where_the_model_says_so(config: dict[str, Any], direction: str) -> None:
    table = make_onnx_folder(Path("model"))
    write("model/1_Pooling/config.json", config)
    tokenizer = json.loads(Path("model/tokenizer.json").read_text(encoding="utf-8"))
    # As some models ship it: every text padded to one length, here on either side.
    tokenizer["padding"] = {"strategy": {"Fixed": 64}, "direction": direction.title(), "pad_to_multiple_of": None}
    tokenizer["padding"] |= {"pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}
    write("model/tokenizer.json", tokenizer)
    embedder = onnx()
    assert embedder.embed(["eye", "conjunctivitis"]) == pytest.approx(unit([table[1].tolist()] * 2), abs=1e-6)
    padding = embedder._model.tokenizer.padding if embedder._model else {}
    assert (padding["direction"], padding["length"]) == (direction, None)


def test_an_output_that_is_pooled_is_taken_as_it_is() -> None:
    table = make_onnx_folder(Path("model"), output="sentence_embedding")
    write("model/1_Pooling/config.json", {"pooling_mode": "lasttoken"})
    write("model/modules.json", [{"type": "sentence_transformers.models.Dense"}])
    assert onnx().embed(["eye"]) == pytest.approx(unit([table[1].tolist()]), abs=1e-6)


@pytest.mark.parametrize(
    "inputs", [("input_ids",), ("attention_mask", "input_ids"), ("input_ids", "attention_mask", "token_type_ids")]
)
@pytest.mark.parametrize("integers", ["INT64", "INT32"])
def test_a_model_is_fed_what_it_declares(inputs: tuple[str, ...], integers: str) -> None:
    table = make_onnx_folder(Path("model"), inputs=inputs, integers=integers)
    expected = unit([rows_of(table, "eye").mean(axis=0).tolist()])
    assert onnx().embed(["eye"]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("files", "tokens"),
    [
        ({}, 512),
        ({"tokenizer_config": {"model_max_length": 8}}, 8),
        ({"tokenizer_config": {"model_max_length": 1000000000000000019884624838656}}, 512),
        ({"tokenizer_config": {"model_max_length": 16}, "sentence_bert_config": {"max_seq_length": 6}}, 6),
        ({"tokenizer_config": {"model_max_length": 16}, "sentence_bert_config": {"max_seq_length": None}}, 16),
    ],
)
def test_texts_are_cut_at_the_longest_input(files: dict[str, Any], tokens: int) -> None:
    table = make_onnx_folder(Path("model"))
    for name, content in files.items():
        write(f"model/{name}.json", content)
    text = "abcdefghijklmnopqrstuvwxyz" * 40
    expected = unit([rows_of(table, text[: tokens - 2]).mean(axis=0).tolist()])
    assert onnx().embed([text]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, ("right", 5, 0, "<pad>")),  # found in the vocabulary
        ({"direction": "left", "pad_id": 9, "pad_type_id": 3, "pad_token": "[X]", "length": 64}, ("left", 9, 3, "[X]")),
    ],
)
def test_padding_goes_to_the_longest_and_is_else_the_model_s_own(
    own: dict[str, Any] | None, expected: tuple[str, int, int, str]
) -> None:
    tokenizer = Tokenizer(WordLevel({"eye": 0, "<pad>": 5, "[X]": 9}, unk_token="eye"))
    if own:
        tokenizer.enable_padding(**own)
    _pad_to_longest(tokenizer)
    padding = tokenizer.padding
    assert padding is not None and padding["length"] is None
    assert (padding["direction"], padding["pad_id"], padding["pad_type_id"], padding["pad_token"]) == expected


def test_the_model_may_lie_in_the_folder_onnx() -> None:
    make_onnx_folder(Path("model"))
    before = onnx().embed(["लाल आँख"])
    Path("model/onnx").mkdir()
    shutil.move("model/model.onnx", "model/onnx/model.onnx")
    assert onnx().embed(["लाल आँख"]) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize(
    ("config", "modules", "lacking"),
    [
        ({"pooling_mode": "lasttoken"}, [], "pooling by lasttoken"),
        ({"pooling_mode": ["mean", "max"]}, [], r"pooling by mean\+max"),
        ({"pooling_mode_max_tokens": True}, [], "pooling by max_tokens"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, [], r"pooling by cls\+mean"),
        ({}, ["models.Transformer", "models.Pooling", "models.Dense", "models.Normalize"], "needs Dense after ONNX"),
    ],
)
def test_a_model_whose_vectors_would_be_wrong_is_refused(
    config: dict[str, Any], modules: list[str], lacking: str
) -> None:
    make_onnx_folder(Path("model"))
    write("model/1_Pooling/config.json", config)
    write("model/modules.json", [{"type": f"sentence_transformers.{kind}"} for kind in modules])
    with pytest.raises(KnowledgeError, match=f"{lacking}.*output sentence_embedding, or set embed.provider"):
        onnx().embed(["eye"])


def test_a_model_with_a_foreign_input_is_refused() -> None:
    make_onnx_folder(Path("model"), inputs=("input_ids", "attention_mask", "past_key_values.0.key"))
    assert "wants the input past_key_values.0.key" in failure(onnx())


def test_missing_files_are_named() -> None:
    with pytest.raises(KnowledgeError, match=r"from nowhere: no model\.onnx there; set embed\.model to a folder"):
        onnx("nowhere")
    make_onnx_folder(Path("model"))
    Path("model/tokenizer.json").unlink()
    with pytest.raises(KnowledgeError, match=r"no tokenizer\.json there"):
        onnx()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_damaged_files_are_told(name: str) -> None:
    make_onnx_folder(Path("model"))
    write(f"model/{name}", "no model")
    assert "cannot load the model" in failure(onnx())


@pytest.mark.parametrize("content", ["{", "[1]", "5"])
@pytest.mark.parametrize("name", ["1_Pooling/config.json", "tokenizer_config.json"])
def test_damaged_settings_of_a_model_are_told(name: str, content: str) -> None:
    make_onnx_folder(Path("model"))
    write(f"model/{name}", content)
    with pytest.raises(KnowledgeError, match=rf"cannot read model.*{Path(name).name}; copy the model's folder again"):
        onnx()


def test_a_model_that_fails_or_gives_no_numbers_is_told() -> None:
    make_onnx_folder(Path("model"), fill=float("nan"))
    assert "not finite" in failure(onnx())
    make_onnx_folder(Path("model"), fill=0.0)
    assert not onnx().embed(["eye"]).any()
    tokenizer = json.loads(Path("model/tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"]["e"] = 5000  # beyond the table
    write("model/tokenizer.json", tokenizer)
    assert "the model cannot run" in failure(onnx(), "eye")


def test_a_vector_of_onnx_can_only_be_shortened() -> None:
    make_onnx_folder(Path("model"))
    assert "vectors have 24 numbers, not the 64 of embed.dimensions" in failure(onnx(dimensions=64))


def test_the_fingerprint_follows_the_files_of_a_model_and_not_its_place() -> None:
    make_onnx_folder(Path("model"))
    first = onnx().fingerprint
    shutil.copytree("model", "elsewhere/model")
    assert onnx("elsewhere/model").fingerprint == first
    seen = {first}
    for name, content in {
        "model.onnx_data": "weights beside the model",
        "1_Pooling/config.json": {"pooling_mode": "cls"},
        "sentence_bert_config.json": {"max_seq_length": 64},
    }.items():
        write(f"model/{name}", content)
        seen.add(onnx().fingerprint)
    make_onnx_folder(Path("model"), fill=1.0)
    assert len(seen | {onnx().fingerprint}) == 5


def test_a_hash_reads_names_sizes_and_both_ends() -> None:
    size = 3 << 20
    path = Path("weights.bin")

    def hashed(at: int | None = None) -> str:
        content = bytearray(size)
        if at is not None:
            content[at] = 1
        path.write_bytes(content)
        return hash_files([path])

    assert hashed() == hashed(size // 2)  # cheap: the middle is not read
    assert len({hashed(), hashed(0), hashed(size - 1)}) == 3
    path.write_bytes(bytes(size + 1))
    assert hash_files([path]) != hashed()
    with pytest.raises(KnowledgeError, match=r"cannot read gone: No such file.*check embed\.model"):
        hash_files([Path("gone")])


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_missing_package_is_named_with_its_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_onnx_folder(Path("model"))
    monkeypatch.setitem(sys.modules, package, None)
    assert f"needs the package {package}: pip install 'clara-debias[embed]'" in failure(onnx())


# --- sentence-transformers ---


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, int | None]]:
    """What the stand-in for sentence-transformers was asked to load: model, revision, dimension."""
    module = sentence_transformers_module()
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    made: list[tuple[str, str | None, int | None]] = module.made
    return made


def local(model: str, **changes: Any) -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(EmbedSettings(provider="sentence-transformers", model=model, **changes))


def test_a_name_is_loaded_once_at_its_revision(loaded: list[Any]) -> None:
    embedder = local("org/model", revision="abc123", dimensions=8)
    assert not loaded
    embedder.embed(["red eye"])
    embedder.embed_query("red eye")
    assert loaded == [("org/model", "abc123", 8)]
    assert "org/model" in embedder.fingerprint and "abc123" in embedder.fingerprint


def test_a_folder_is_known_by_its_files(loaded: list[Any]) -> None:
    write("models/mine/model.safetensors", "weights")
    embedder = local("models/mine", revision="a label of my own")
    embedder.embed(["red eye"])
    assert loaded == [(str(Path("models/mine")), None, None)]
    before = embedder.fingerprint
    assert '"mine ' in before and "models" not in before
    write("models/mine/model.safetensors", "other weights")
    assert local("models/mine", revision="a label of my own").fingerprint != before


def test_a_folder_that_is_not_there_is_told_at_once() -> None:
    for missing in ("./absent", "/absent/folder", "~/absent"):
        with pytest.raises(KnowledgeError, match=r"no such folder; set embed\.model to a model's folder or name"):
            local(missing)


def test_a_model_that_cannot_be_had_or_run_is_told(loaded: list[Any]) -> None:
    assert "cannot load the model (OSError); give a folder that holds it, or go online" in failure(local("org/absent"))
    assert "the model cannot run (RuntimeError); lower embed.batch" in failure(local("org/model"), "out of memory")
    assert [name for name, _, _ in loaded] == ["org/model"]


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    assert "needs the package sentence_transformers: pip install 'clara-debias[embed]'" in failure(local("org/model"))


def test_a_package_whose_library_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr("clara.knowledge.embedders.batched.importlib.import_module", broken)
    assert "needs the package sentence_transformers" in failure(local("org/model"))


# --- small parts of the HTTP clients ---


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("-3", None),
        ("Thu, 26 Nov 2026 10:00:30 GMT", 30.0),
        ("Thu, 26 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("Thu, 99 Nov 2026 10:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    now = dt.datetime(2026, 11, 26, 10, 0, tzinfo=dt.UTC)
    assert retry_after_s({"retry-after": value}, now=now) == seconds
    assert retry_after_s({}) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
        ("https://user:pass@host/v1?key=abc#x", "https://host/v1"),
        ("http://[::1]:11434", "http://[::1]:11434"),
    ],
)
def test_an_address_is_shown_without_secrets(url: str, expected: str) -> None:
    assert shown(url) == expected

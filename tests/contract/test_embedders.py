"""One conformance suite for everything that implements `Embedder`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from clara.config import EmbedSettings
from clara.knowledge.embedders import Embedder, build_embedder, canary, same_space, space_name
from tests.fake_embeddings import KEY, FakeEmbeddings, make_onnx_folder, sentence_transformers_module

TEXTS = {
    "en": "My eye is red and it hurts.",
    "es": "Tengo el ojo rojo y me duele.",
    "pt": "Estou com o olho vermelho e com dor.",
    "fr": "J'ai l'œil rouge et il me fait mal.",
    "zh": "我的眼睛又红又痛。",
    "hi": "मेरी आँख लाल है और दर्द कर रही है।",
    "fil": "Namumula at masakit ang mata ko.",
    "unknown": "Zorb quen pilatha mornu vek.",
    "mixed": "Doctor, meri eye bahut red hai aur dard ho raha hai.",
    "ar": "عيني حمراء وتؤلمني.",
}


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeEmbeddings]:
    with FakeEmbeddings() as server:
        yield server


def openai(server: FakeEmbeddings, _: pytest.MonkeyPatch) -> EmbedSettings:
    server.key = KEY
    return EmbedSettings(
        provider="openai", model="fake-embed", base_url=f"{server.url}/v1", api_key=SecretStr(KEY), batch=3
    )


def ollama(server: FakeEmbeddings, _: pytest.MonkeyPatch) -> EmbedSettings:
    return EmbedSettings(provider="ollama", model="fake-embed", base_url=server.url, batch=3)


def onnx(_: FakeEmbeddings, __: pytest.MonkeyPatch) -> EmbedSettings:
    make_onnx_folder(Path("model"))
    return EmbedSettings(provider="onnx", model="model", batch=3)


def sentence_transformers(_: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch) -> EmbedSettings:
    monkeypatch.setitem(sys.modules, "sentence_transformers", sentence_transformers_module())
    return EmbedSettings(provider="sentence-transformers", model="org/fake", batch=3)


PROVIDERS: dict[str, Callable[[FakeEmbeddings, pytest.MonkeyPatch], EmbedSettings]] = {
    "hashed": lambda _, __: EmbedSettings(),
    "openai": openai,
    "ollama": ollama,
    "onnx": onnx,
    "sentence-transformers": sentence_transformers,
}


# The rest can be set up: they have prefixes, a dimension, a revision.
MODELS = pytest.mark.parametrize("settings", [name for name in PROVIDERS if name != "hashed"], indirect=True)


@pytest.fixture(params=PROVIDERS)
def settings(request: pytest.FixtureRequest, _server: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch) -> EmbedSettings:
    _server.reset()
    made = PROVIDERS[request.param](_server, monkeypatch)
    assert made.provider == request.param
    return made


@pytest.fixture
def embedder(settings: EmbedSettings) -> Iterator[Embedder]:
    made = build_embedder(settings)
    yield made
    made.close()


def test_passages_give_unit_rows_of_the_stated_dimension(embedder: Embedder) -> None:
    vectors = embedder.embed(list(TEXTS.values()))
    assert vectors.shape == (len(TEXTS), embedder.dimension) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_the_rows_stand_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = list(TEXTS.values())
    alone = np.stack([embedder.embed([text])[0] for text in texts])
    # A vector depends on its text only: not on its batch, its padding or its place.
    assert embedder.embed(texts) == pytest.approx(alone, abs=1e-5)
    assert embedder.embed(texts[::-1]) == pytest.approx(alone[::-1], abs=1e-5)
    likeness = alone @ alone.T - np.eye(len(texts))
    assert likeness.max() < 0.999  # so that a row out of place would have been seen


@pytest.mark.parametrize("language", TEXTS)
def test_a_query_without_a_prefix_has_the_vector_of_the_same_passage(embedder: Embedder, language: str) -> None:
    query = embedder.embed_query(TEXTS[language])
    assert query.shape == (embedder.dimension,) and query.dtype == np.float32
    assert query == pytest.approx(embedder.embed([TEXTS[language]])[0], abs=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("blank", ["", " ", "\n\t ", "\u3000"])
def test_a_blank_text_gives_zeros_among_others(embedder: Embedder, blank: str) -> None:
    vectors = embedder.embed([TEXTS["hi"], blank, TEXTS["zh"]])
    assert [bool(row.any()) for row in vectors] == [True, False, True]
    assert not embedder.embed_query(blank).any()


@pytest.mark.parametrize("text", ["\ud800 broken", "\x00 nul", "e\u0301" * 50, "😀👩‍⚕️", "\u202eright to left"])
def test_odd_characters_do_no_harm(embedder: Embedder, text: str) -> None:
    vectors = embedder.embed([text])
    assert np.isfinite(vectors).all() and vectors.shape == (1, embedder.dimension)


def test_the_fingerprint_is_one_line_and_stays(settings: EmbedSettings, embedder: Embedder) -> None:
    before = embedder.fingerprint
    embedder.embed(["a text"])
    other = build_embedder(settings)
    assert before == embedder.fingerprint == other.fingerprint
    assert "\n" not in before and KEY not in before
    assert space_name(embedder) == space_name(other) and space_name(embedder).isalnum()
    other.close()


@MODELS
def test_a_model_s_choices_are_in_the_fingerprint(settings: EmbedSettings, embedder: Embedder) -> None:
    seen = {embedder.fingerprint}
    for change in (
        {"revision": "2"},
        {"dimensions": 16},
        {"query_prefix": "query: "},
        {"passage_prefix": "passage: "},
        {"query_prefix": "x", "passage_prefix": "y"},
        {"query_prefix": "y", "passage_prefix": "x"},
    ):
        other = build_embedder(settings.model_copy(update=change))
        seen.add(other.fingerprint)
        other.close()
    assert len(seen) == 7
    assert embedder.crosslingual is True
    assert build_embedder(settings.model_copy(update={"crosslingual": False})).crosslingual is False


@MODELS
def test_prefixes_go_before_queries_and_passages(settings: EmbedSettings, embedder: Embedder) -> None:
    prefixed = build_embedder(settings.model_copy(update={"query_prefix": "query: ", "passage_prefix": "passage: "}))
    text = TEXTS["fr"]
    assert prefixed.embed_query(text) == pytest.approx(embedder.embed_query(f"query: {text}"), abs=1e-5)
    assert prefixed.embed([text])[0] == pytest.approx(embedder.embed([f"passage: {text}"])[0], abs=1e-5)
    assert not prefixed.embed([" "]).any()  # a prefix does not make a text of nothing
    prefixed.close()


@MODELS
def test_vectors_can_be_shortened(settings: EmbedSettings, embedder: Embedder) -> None:
    shorter = build_embedder(settings.model_copy(update={"dimensions": 8}))
    full, short = embedder.embed(list(TEXTS.values())), shorter.embed(list(TEXTS.values()))
    assert short.shape == (len(TEXTS), 8) and shorter.dimension == 8
    cut = full[:, :8] / np.linalg.norm(full[:, :8], axis=1, keepdims=True)
    assert short == pytest.approx(cut, abs=1e-5)
    shorter.close()


def test_threads_may_share_one(embedder: Embedder) -> None:
    texts = list(TEXTS.values())
    alone = [embedder.embed_query(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(embedder.embed_query, texts * 4))
    assert np.stack(together) == pytest.approx(np.stack(alone * 4), abs=1e-5)


def test_closing_twice_does_nothing_and_the_next_use_opens_again(embedder: Embedder) -> None:
    before = embedder.embed_query(TEXTS["pt"])
    embedder.close()
    embedder.close()
    assert embedder.embed_query(TEXTS["pt"]) == pytest.approx(before, abs=1e-5)


def test_a_canary_knows_its_space(embedder: Embedder) -> None:
    stored = canary(embedder)
    assert stored.shape == (3, embedder.dimension)
    assert same_space(stored, canary(embedder))
    assert not same_space(stored, np.roll(stored, 1, axis=1))


def test_nothing_shows_the_key(embedder: Embedder) -> None:
    embedder.embed_query(TEXTS["fil"])
    assert KEY not in repr(embedder) and KEY not in str(embedder)

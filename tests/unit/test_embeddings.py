"""Hashed character n-grams: what the vectors are, what they bring together, and what they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.knowledge import HashedNGrams
from clara.knowledge.embedders import space_name

EMBEDDER = HashedNGrams()


def likeness(a: str, b: str) -> float:
    """Cosine of two texts' vectors."""
    x, y = EMBEDDER.embed([a, b])
    return float(x @ y)


def test_vectors_are_unit_rows_of_the_stated_dimension() -> None:
    texts = ["red eye", "ojo rojo", "olho vermelho", "œil rouge", "眼睛发红", "आँख लाल", "mapulang mata"]
    vectors = EMBEDDER.embed(texts)
    assert vectors.shape == (7, EMBEDDER.dimension) == (7, 960) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(7), abs=1e-5)


@pytest.mark.parametrize("text", ["", " ", "?!", "。。", "😀", "\u200b"])
def test_a_text_without_letters_gives_zeros(text: str) -> None:
    assert not EMBEDDER.embed([text]).any()


def test_no_texts_give_no_rows() -> None:
    assert EMBEDDER.embed([]).shape == (0, 960)


def test_a_vector_does_not_depend_on_its_neighbours_or_the_run() -> None:
    alone = EMBEDDER.embed(["मोतियाबिंद"])[0]
    among = HashedNGrams().embed(["cataract", "मोतियाबिंद", ""])[1]
    assert np.array_equal(alone, among)


def test_the_hash_is_the_same_on_every_machine() -> None:
    # " ey", "eye", "ye ", " eye", "eye ", " eye " by CRC-32 modulo 960, each weighing 1/sqrt(6).
    vector = EMBEDDER.embed(["eye"])[0]
    assert {int(i): round(float(vector[i]), 3) for i in np.flatnonzero(vector)} == {
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
    norm = float(np.linalg.norm(EMBEDDER.embed([text])[0]))
    assert norm == pytest.approx(1.0, abs=1e-4) or norm == 0.0


def test_a_space_is_named_by_every_choice_that_changes_a_vector() -> None:
    class Other(HashedNGrams):
        dimension = 512

    assert space_name(EMBEDDER) == space_name(HashedNGrams())
    assert space_name(EMBEDDER) != space_name(Other())
    assert "960" in EMBEDDER.fingerprint and space_name(EMBEDDER).isalnum()

"""Text in every script: what is cleaned away, what counts as a word, a number and a sentence."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clara.text import (
    ascii_digits,
    clean,
    fold,
    has_unspaced,
    numbers,
    sentences,
    strip_accents,
    terms,
    word_count,
    words,
)

any_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("red\x00 eye\x07", "red eye"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\u202ereverse\u202c", "reverse"),
        ("\u2066isolate\u2069", "isolate"),
        ("שלום\u200f", "שלום"),
        ("العين\u061c", "العين"),
        ("\ufeffBOM", "BOM"),
        ("zero\u200bwidth", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("tag\U000e0041\U000e0042", "tag"),
        ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
        ("cafe\u0301", "café"),
        ("e\u200b\u0301", "é"),
        ("目\ufe00", "目"),
    ],
)
def test_invisible_and_control_characters_are_removed(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("क्\u200dष", "क्\u200dष"),  # a half form in Hindi
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian "I want"
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("pass\u200dword", "password"),
        ("\u200cstart", "start"),
        ("क\u200d\u200d\u200dष", "क\u200dष"),
    ],
)
def test_joiners_stay_where_they_carry_meaning_only(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(any_text)
@example("e\u200b\u0301")
@example("\r\x00\n")
@example("क\x00\u200d")
def test_clean_is_idempotent_and_composed(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in once)
    assert not set(once) & set("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@given(any_text)
def test_no_text_makes_the_term_functions_raise(text: str) -> None:
    for term in terms(text):
        assert term and not term.isspace() and '"' not in term
    assert word_count(text) >= 0
    assert all(number[0].isdigit() for number in numbers(text))
    assert all(sentence == sentence.strip() and sentence for sentence in sentences(text))


@given(any_text)
@example("ß\u0301")
@example("ᾂ")
def test_folding_is_idempotent_for_comparison(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("०१२३४५६७८९", "0123456789"),
        ("٢٠/٢٠", "20/20"),
        ("۵۰", "50"),
        ("２４", "24"),
        ("0٫5", "0.5"),
        ("๑๒", "12"),
        ("½ ²", "½ ²"),
    ],
)
def test_digits_of_other_scripts_become_ascii(text: str, plain: str) -> None:
    assert ascii_digits(text) == plain


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("The “RED” eye", 'the "red"  eye'),
        ("l’œil", "l'œil"),
        ("ＩＯＰ　２４", "iop 24"),
        ("眼睛痛。", "眼睛痛."),
        ("दर्द है।", "दर्द है."),
        ("STRASSE", "straße"),
        ("20–25 mmHg", "20-25 mmHg"),
        ("नंबर १२", "नंबर 12"),
    ],
)
def test_spellings_of_the_same_quote_fold_together(a: str, b: str) -> None:
    assert fold(a) == fold(b)


def test_folding_keeps_accents_apart() -> None:
    assert fold("año") != fold("ano")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My eye is RED.", ["my", "eye", "is", "red"]),
        ("Visión borrosa y lagrimeo", ["vision", "borrosa", "y", "lagrimeo"]),
        ("Pressão intraocular não alta", ["pressao", "intraocular", "nao", "alta"]),
        ("l'œil naïf", ["l", "œil", "naif"]),
        ("आँखों में दर्द क्यों होता है?", ["आंखों", "में", "दर्द", "क्यों", "होता", "है"]),
        ("मोतियाबिंद", ["मोतियाबिंद"]),
        ("क्\u200dषेत्र", ["क्षेत्र"]),
        ("aankh mein dard", ["aankh", "mein", "dard"]),
        ("Masakit po ang mga mata ko", ["masakit", "po", "ang", "mga", "mata", "ko"]),
        ("青光眼的症状", ["青光", "光眼", "眼的", "的症", "症状"]),
        ("青光眼，IOP升高", ["青光", "光眼", "iop", "升高"]),
        ("視網膜", ["視網", "網膜"]),
        ("眼", ["眼"]),
        ("目が痛い", ["目が", "が痛", "痛い"]),
        ("الزَّرَق", ["الزرق"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("눈이 아파요", ["눈이", "아파요"]),
        ("Острая глаукома", ["острая", "глаукома"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
        ("?!… — 。", []),
    ],
)
def test_terms_are_folded_words_and_pairs(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_accents_go_and_vowel_signs_stay() -> None:
    assert strip_accents("señal à œil ä ά й") == "senal a œil a α и"
    assert strip_accents("दृष्टि") == "दृष्टि"
    assert strip_accents("شُعَاع") == "شعاع"
    assert strip_accents("أذن") == "أذن"  # a letter of its own, no point


def test_words_keep_their_accents_and_joiners() -> None:
    assert words("Visión de l'œil") == ["Visión", "de", "l", "œil"]
    assert words("काला मोतिया (glaucoma)") == ["काला", "मोतिया", "glaucoma"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("timolol 0.5% and 24 mmHg", ["0.5", "24"]),
        ("timolol al 0,5 %", ["0.5"]),
        ("टिमोलोल ०.५ प्रतिशत", ["0.5"]),
        ("تيمولول ٠٫٥", ["0.5"]),
        ("vision 20/20 or 6 / 12", ["20/20", "6/12"]),
        ("दृष्टि २०/४०", ["20/40"]),
        ("视力５.０", ["5.0"]),
        ("in 2-3 days, 10.", ["2", "3", "10"]),
        ("no figure", []),
    ],
)
def test_numbers_are_read_in_every_script(text: str, found: list[str]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It hurts. It is red! Why?", ["It hurts.", "It is red!", "Why?"]),
        ("¿Le duele? ¡Vaya ya!", ["¿Le duele?", "¡Vaya ya!"]),
        ("Dói muito. Vá hoje.", ["Dói muito.", "Vá hoje."]),
        ("C'est urgent ! Allez-y.", ["C'est urgent !", "Allez-y."]),
        ("眼睛痛。看不清！为什么？", ["眼睛痛。", "看不清！", "为什么？"]),
        ("他说：“眼睛痛。”今天去看。", ["他说：“眼睛痛。”", "今天去看。"]),
        ("दर्द है। पानी आता है।", ["दर्द है।", "पानी आता है।"]),
        ("Masakit po. Magpatingin agad.", ["Masakit po.", "Magpatingin agad."]),
        ("ما هذا؟ هذا ألم.", ["ما هذا؟", "هذا ألم."]),
        ("آنکھ میں درد ہے۔ ڈاکٹر کو دکھائیں۔", ["آنکھ میں درد ہے۔", "ڈاکٹر کو دکھائیں۔"]),
        ("Take 0.5 mg. Stop.", ["Take 0.5 mg.", "Stop."]),
        ("See Dr. Cruz today. Use drops (e.g. timolol).", ["See Dr. Cruz today.", "Use drops (e.g. timolol)."]),
        ("- one\n* two\n• three\n1. four\n2) five\n\n", ["one", "two", "three", "four", "five"]),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_sentences_end_as_their_script_ends_them(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@pytest.mark.parametrize(
    ("text", "count"), [("red eye", 2), ("急性青光眼", 3), ("眼压 24 mmHg", 3), ("आँख लाल है", 3), ("", 0)]
)
def test_two_characters_of_an_unspaced_script_count_as_a_word(text: str, count: int) -> None:
    assert word_count(text) == count


@pytest.mark.parametrize(
    ("text", "unspaced"), [("眼", True), ("ตา", True), ("目が", True), ("आँख", False), ("eye", False)]
)
def test_unspaced_scripts_are_known(text: str, unspaced: bool) -> None:
    assert has_unspaced(text) is unspaced

"""The glossary: which concepts a text names, and that the shipped one is whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clara.errors import ResourceError
from clara.knowledge import Concept, Glossary, load_glossary
from clara.languages import SUPPORTED, script_counts
from clara.text import fold, strip_accents
from tests.conftest import SHIPPED

FILE = SHIPPED / "glossary.tsv"
LANGUAGES = (*SUPPORTED, "hi-Latn")
ROWS = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def concept(name: str, abbreviations: str = "", **terms: str) -> Concept:
    return Concept(
        id=name,
        terms={tag.replace("_", "-"): tuple(cell.split("|")) for tag, cell in terms.items()},
        abbreviations=tuple(filter(None, abbreviations.split("|"))),
        do_not_confuse=(),
    )


SMALL = Glossary(
    [
        concept("eye", en="eye", hi="आँख", zh_Hans="眼睛", fil="mata", es="ojo", pt="olho"),
        concept("glaucoma", en="glaucoma", hi="काला मोतिया", zh_Hans="青光眼", fil="glaucoma", hi_Latn="kala motia"),
        concept(
            "open", "OAG|es:GAA", en="open-angle glaucoma", zh_Hans="开角型青光眼", es="glaucoma de ángulo abierto"
        ),
        concept("cataract", en="cataract", hi="मोतियाबिंद|मोतिया", zh_Hans="白内障", fil="katarata", fr="cataracte"),
        concept("left", "OS", en="left eye", pt="olho esquerdo"),
        concept("pressure", "IOP|es:PIO|pt:PIO", en="eye pressure", es="presión ocular", hi="आँख का दबाव"),
        concept("zoster", en="shingles", fr="zona"),
        concept("area", en="area", es="zona"),
        concept("blindness", en="blindness", fr="cécité", hi="अंधापन"),
        concept("myopia", en="near-sightedness", zh_Hans="近视"),
        concept("sight", en="sight", zh_Hans="视力下降|视力"),
        concept("bus", en="bus"),
    ]
)


def ids(text: str, language: str) -> list[str]:
    return [found.id for found in SMALL.find(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("Is open-angle glaucoma worse than glaucoma?", "en", ["open", "glaucoma"]),
        ("open-angle glaucoma", "en", ["open"]),
        ("high eye pressure in my left eye", "en", ["pressure", "left"]),
        ("开角型青光眼和白内障", "zh-Hans", ["open", "cataract"]),
        ("काला मोतिया या मोतियाबिंद?", "hi", ["glaucoma", "cataract"]),
        ("आँख का दबाव और आँख", "hi", ["pressure", "eye"]),
        ("Glaucoma de ángulo abierto", "es", ["open"]),
        ("GLAUCOMA DE ANGULO ABIERTO", "es", ["open"]),
        ("no medical word", "en", []),
        ("", "en", []),
    ],
)
def test_the_longest_term_is_meant(text: str, language: str, named: list[str]) -> None:
    assert ids(text, language) == named


def test_a_longer_term_that_begins_inside_a_chinese_term_wins() -> None:
    assert ids("最近视力下降", "zh-Hans") == ["sight"]  # 近视 is not what it says
    assert ids("近视的人", "zh-Hans") == ["myopia"]


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("My IOP is 24", "en", ["pressure"]),
        ("my iop is 24", "en", []),
        ("OS 20/200", "en", ["left"]),
        ("Meus olhos doem, os dois", "pt", ["eye"]),
        ("Mi PIO es 24", "es", ["pressure"]),
        ("My PIO is 24", "en", []),
        ("我的IOP是24，正常吗？", "zh-Hans", ["pressure"]),
        ("मेरा IOP 24 है", "hi", ["pressure"]),
        ("ano po ang IOP ko?", "fil", ["pressure"]),
        ("IOP?", "en", ["pressure"]),
        ("SHOULD I TAKE THE OS ROAD", "en", []),  # shouted: nothing marks an abbreviation
        ("XIOPX", "en", []),
        ("COAGULATION and coag", "en", []),
    ],
)
def test_abbreviations_count_only_in_capitals(text: str, language: str, named: list[str]) -> None:
    assert ids(text, language) == named


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("J'ai un zona", "fr", ["zoster"]),
        ("Tengo roja esta zona", "es", ["area"]),
        ("zona", "en", []),
        ("cataracte", "es", []),
        ("cataract surgery kab karni chahiye", "hi-Latn", ["cataract"]),  # English inside Hindi
        ("kala motia", "hi", ["glaucoma"]),  # Hindi in its other script
        ("मेरी eye लाल है", "hi", ["eye"]),
        ("masakit ang mata, glaucoma ba ito", "fil", ["eye", "glaucoma"]),
        ("katarata", "und", ["cataract"]),
        ("白内障", "und", ["cataract"]),
    ],
)
def test_words_of_other_languages_do_not_mislead(text: str, language: str, named: list[str]) -> None:
    assert ids(text, language) == named


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("cataracts", "en", ["cataract"]),
        ("left eyes", "en", ["left"]),
        ("cataractes", "fr", ["cataract"]),
        ("ojos", "es", ["eye"]),
        ("buses", "en", ["bus"]),
        ("eyelid", "en", []),
        ("blindnes", "en", []),
    ],
)
def test_plurals_are_the_same_concept(text: str, language: str, named: list[str]) -> None:
    assert ids(text, language) == named


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("मोतिया", ["cataract"]),
        ("मोतियाबिंद", ["cataract"]),
        ("मोतियाना", []),
        ("आँखें", []),
        ("(आँख)", ["eye"]),
        ("आँख।", ["eye"]),
        ("आंख", ["eye"]),  # the other nasal sign
    ],
)
def test_devanagari_terms_are_whole_words(text: str, named: list[str]) -> None:
    assert ids(text, "hi") == named


def test_terms_are_translated_by_concept() -> None:
    assert SMALL.translate_terms("मोतियाबिंद से अंधापन", "hi", "fr") == ["cataracte", "cécité"]
    assert SMALL.translate_terms("मोतियाबिंद", "hi", "pt") == []  # none is known
    assert SMALL.translate_terms("mata", "fil", "zh-Hans") == ["眼睛"]


def test_synonyms_become_the_preferred_term() -> None:
    assert SMALL.prefer("क्या मोतिया ठीक होता है", "hi").startswith("क्या मोतियाबिंद ठीक")
    untouched = "Nothing of the kind."
    assert SMALL.prefer(untouched, "en") == untouched


def test_what_terms_cover_and_leave_is_told_apart() -> None:
    inside, outside = SMALL.rest("Can glaucoma hurt the left eye badly?", "en")
    assert inside.split() == ["glaucoma", "left", "eye"]
    assert "glaucoma" not in outside and "badly" in outside and "hurt" in outside


def test_an_empty_glossary_finds_nothing() -> None:
    assert Glossary([]).find("eye IOP", "en") == []


def test_a_file_is_read_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "g.tsv"
    path.write_text(
        'concept\ten\tsw\tabbreviations\neye\teye | eyeball\t"jicho"\tE1|sw:J1\nempty\tnothing\t\t\n', encoding="utf-8"
    )
    glossary = load_glossary(path)
    eye = glossary.concepts["eye"]
    assert eye.terms == {"en": ("eye", "eyeball"), "sw": ('"jicho"',)} and eye.abbreviations == ("E1", "sw:J1")
    assert (
        eye.term("sw") == '"jicho"'
        and eye.term("fr") is None
        and glossary.concepts["empty"].terms == {"en": ("nothing",)}
    )


@pytest.mark.parametrize("content", [None, b"", b"name\ten\n", b"concept\ten\nx\t\xff\n"])
def test_an_unreadable_glossary_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "g.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResourceError, match=r"g\.tsv"):
        load_glossary(path)


def test_the_shipped_glossary_has_every_column_in_every_row() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == [
        "concept",
        *SUPPORTED[:6],
        "hi-Latn",
        "fil",
        "abbreviations",
        "do_not_confuse",
        "sources",
    ]
    assert len(lines) > 300
    assert [line for line in lines if line.count("\t") != 11] == []


def test_no_shipped_language_cell_is_empty_or_malformed() -> None:
    for row in ROWS:
        for tag in LANGUAGES:
            cells = row[tag].split("|")
            assert all(cell == cell.strip() and cell for cell in cells), (row["concept"], tag)
            assert len(set(cells)) == len(cells), (row["concept"], tag)
            assert not any(mark in row[tag] for mark in '()[]"'), (row["concept"], tag)
        assert row["sources"].strip(), row["concept"]


def test_shipped_concepts_are_unique_and_refer_to_concepts() -> None:
    names = [row["concept"] for row in ROWS]
    assert len(set(names)) == len(names)
    for row in ROWS:
        confused = [name for name in row["do_not_confuse"].split("|") if name]
        assert set(confused) <= set(names), row["concept"]
        assert row["concept"] not in confused


@pytest.mark.parametrize("tag", LANGUAGES)
def test_shipped_terms_are_in_their_script(tag: str) -> None:
    wanted = {"hi": "Deva", "zh-Hans": "Hani"}.get(tag, "Latn")
    for row in ROWS:
        for term in row[tag].split("|"):
            counts = script_counts(term)
            foreign = {name: n for name, n in counts.items() if name not in (wanted, "Latn", "Grek")}
            assert not foreign, (row["concept"], term)
        assert script_counts(row[tag].split("|")[0]).get(wanted), (row["concept"], row[tag])


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_shipped_term_names_two_concepts_of_one_language(tag: str) -> None:
    owner: dict[str, str] = {}
    for row in ROWS:
        for term in row[tag].split("|"):
            first = owner.setdefault(strip_accents(fold(term)), row["concept"])
            assert first == row["concept"], f"{term!r} names {first} and {row['concept']}"


def test_a_shipped_abbreviation_of_two_concepts_is_a_declared_confusion() -> None:
    owner: dict[str, str] = {}
    for row in ROWS:
        for short in filter(None, row["abbreviations"].split("|")):
            language, _, letters = short.rpartition(":")
            assert language in ("", *LANGUAGES) and letters, short
            first = owner.setdefault(short, row["concept"])
            assert first == row["concept"] or first in row["do_not_confuse"].split("|"), short


@pytest.mark.parametrize(
    ("text", "language", "named"),
    [
        ("Could it be angle-closure glaucoma?", "en", "angle-closure-glaucoma"),
        ("¿Tengo desprendimiento de retina?", "es", "retinal-detachment"),
        ("Tenho descolamento de retina?", "pt", "retinal-detachment"),
        ("Ai-je un décollement de la rétine ?", "fr", "retinal-detachment"),
        ("我有视网膜脱离吗？", "zh-Hans", "retinal-detachment"),
        ("क्या मुझे काला मोतिया है?", "hi", "glaucoma"),
        ("kya mujhe kala motia hai?", "hi-Latn", "glaucoma"),
        ("May katarata po ba ako?", "fil", "cataract"),
    ],
)
def test_the_shipped_glossary_knows_what_patients_say(text: str, language: str, named: str) -> None:
    assert named in [found.id for found in load_glossary(FILE).find(text, language)]


def test_black_and_white_pearls_are_kept_apart_in_hindi() -> None:
    glossary = load_glossary(FILE)
    assert [c.id for c in glossary.find("काला मोतिया", "hi")] == ["glaucoma"]
    assert [c.id for c in glossary.find("सफ़ेद मोतिया", "hi")] == ["cataract"]
    assert "cataract" in glossary.concepts["glaucoma"].do_not_confuse

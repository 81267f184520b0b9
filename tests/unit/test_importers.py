"""Terminologies in their published forms become concepts; the files here are small ones of our own making."""

from __future__ import annotations

from pathlib import Path

import pytest

from clara.errors import KnowledgeError
from clara.knowledge import KnowledgeBase
from clara.knowledge.glossary import load_glossary, write_concepts
from clara.knowledge.importers import merge, read_terms
from tests.conftest import SHIPPED

ORPHANET = """<?xml version="1.0" encoding="{encoding}"?>
<JDBOR date="2026-06-01"><DisorderList count="2">
<Disorder id="1"><OrphaCode>791</OrphaCode><Name lang="{tag}">{name}</Name>
<SynonymList count="1"><Synonym lang="{tag}">{synonym}</Synonym></SynonymList></Disorder>
<Disorder id="2"><OrphaCode>65</OrphaCode><Name lang="{tag}">Leber</Name><SynonymList count="0"/></Disorder>
</DisorderList></JDBOR>
"""
_COLUMNS = (
    "source_language translation_language subject_id predicate_id source_value translation_value translation_status"
)
HPO = "\n".join(
    "\t".join(row)
    for row in (
        _COLUMNS.split(),
        ("en", "es", "HP:0000518", "rdfs:label", "Cataract", "Catarata", "OFFICIAL"),
        ("en", "es", "HP:0000518", "IAO:0000115", "A clouding of the lens.", "Opacidad del cristalino.", "OFFICIAL"),
        ("en", "es", "HP:0000501", "rdfs:label", "Glaucoma", "Glaucoma dudoso", "CANDIDATE"),
    )
)
HPO_SYNONYMS = """subject_id\ttranslation_value\tcomment\tStatus
HP:0000518\topacité du cristallin|cataracte\tsynonyms\tOFFICIAL
HP:0000501\tdouteux\tsynonyms\tCANDIDATE
"""
TABLE = "code\tEnglish\thi\tzh-CN\tpage\nT1\tfloaters|spots\tउड़ते धब्बे\t飞蚊症\t12\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {
        "en.xml": ORPHANET.format(
            encoding="UTF-8", tag="en", name="Retinitis pigmentosa", synonym="Rod-cone dystrophy"
        ),
        "es.xml": ORPHANET.format(encoding="UTF-8", tag="es", name="Retinosis pigmentaria", synonym="Distrofia"),
        "hp-es.babelon.tsv": HPO,
        "hp-fr.synonyms.tsv": HPO_SYNONYMS,
        "terms.tsv": TABLE,
    }
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in made}


def test_orphanet_files_of_several_languages_become_one_concept(files: dict[str, Path]) -> None:
    merged = {c.id: c for c in merge([*read_terms(files["en.xml"]), *read_terms(files["es.xml"])])}
    assert set(merged) == {"ORPHA:791", "ORPHA:65"}
    assert merged["ORPHA:791"].terms == {
        "en": ("Retinitis pigmentosa", "Rod-cone dystrophy"),
        "es": ("Retinosis pigmentaria", "Distrofia"),
    }


def test_latin1_orphanet_files_are_read_as_they_declare(tmp_path: Path) -> None:
    text = ORPHANET.format(encoding="ISO-8859-1", tag="fr", name="Rétinite pigmentaire", synonym="Dystrophie")
    (tmp_path / "fr.xml").write_bytes(text.encode("latin-1"))
    assert next(iter(read_terms(tmp_path / "fr.xml"))).terms["fr"][0] == "Rétinite pigmentaire"


def test_hpo_labels_and_synonyms_are_read_and_candidates_left_out(files: dict[str, Path]) -> None:
    merged = {
        c.id: c for c in merge([*read_terms(files["hp-es.babelon.tsv"]), *read_terms(files["hp-fr.synonyms.tsv"])])
    }
    assert set(merged) == {"HP:0000518"}
    assert merged["HP:0000518"].terms == {
        "en": ("Cataract",), "es": ("Catarata",), "fr": ("opacité du cristallin", "cataracte")
    }  # fmt: skip


def test_any_table_is_read_by_its_header(files: dict[str, Path]) -> None:
    (concept,) = merge(read_terms(files["terms.tsv"]))
    assert concept.terms == {"en": ("floaters", "spots"), "hi": ("उड़ते धब्बे",), "zh-Hans": ("飞蚊症",)}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.xml", "<html></html>", "no Orphanet disorders"),
        ("x.xml", "<JDBOR><Disorder>", "cannot be read"),
        ("x.tsv", "a\tb\n1\t2\n", "names no language"),
        ("x.tsv", "", "names no language"),
        ("synonyms.tsv", HPO_SYNONYMS, "hp-es.synonyms.tsv"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=said) as caught:
        list(read_terms(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_written_concepts_are_read_back(files: dict[str, Path], tmp_path: Path) -> None:
    concepts = merge([*read_terms(files["en.xml"]), *read_terms(files["terms.tsv"])])
    write_concepts(tmp_path / "own.tsv", concepts)
    glossary = load_glossary(SHIPPED / "glossary.tsv", tmp_path / "own.tsv")
    assert [c.id for c in glossary.find("Is rod-cone dystrophy hereditary?", "en")] == ["ORPHA:791"]
    # 飞蚊症 stands in both files: the shipped one decides.
    assert "T1" not in {c.id for c in glossary.find("飞蚊症怎么办", "zh-Hans")} and glossary.concepts["T1"]


def test_terms_are_added_beside_the_shipped_ones_and_stay(files: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "kb"
    with KnowledgeBase(folder, SHIPPED) as kb:
        shipped = len(kb.glossary.concepts)
        assert kb.add_terms([files["en.xml"]]) == 2
        assert kb.add_terms([files["es.xml"]]) == 2
        with pytest.raises(KnowledgeError):
            kb.add_terms([files["terms.tsv"], tmp_path / "missing.tsv"])
    with KnowledgeBase(folder, SHIPPED) as kb:
        assert len(kb.glossary.concepts) == shipped + 2
        assert kb.glossary.translate_terms("rod-cone dystrophy", "en", "es") == ["Retinosis pigmentaria"]


def test_a_large_terminology_stays_quick_to_search(tmp_path: Path) -> None:
    lines = ["id\ten", *(f"X{i}\tdisorder number {i} of the eye" for i in range(20_000))]
    (tmp_path / "large.tsv").write_text("\n".join(lines), encoding="utf-8")
    write_concepts(tmp_path / "own.tsv", merge(read_terms(tmp_path / "large.tsv")))
    glossary = load_glossary(SHIPPED / "glossary.tsv", tmp_path / "own.tsv")
    found = glossary.find("Is disorder number 19999 of the eye worse than disorder number 7 of the eye?", "en")
    assert {c.id for c in found} == {"X19999", "X7"}

"""The shipped evidence: every topic says the same in all seven languages, claim by claim, and names its sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml

from clara.knowledge import KnowledgeBase
from clara.languages import SUPPORTED, is_written_in, script_counts
from clara.text import ascii_digits, numbers
from tests.conftest import SHIPPED

ROOT = SHIPPED / "ophthalmology"
TOPICS = sorted(path.name for path in ROOT.iterdir() if path.is_dir())
OTHERS = [tag for tag in SUPPORTED if tag != "en"]

HEADINGS = {
    "en": (
        "What it is", "Symptoms", "Causes and risks", "Warning signs and when to seek care", "Examination", "Treatment",
        "Prevention",
    ),
    "es": (
        "Qué es", "Síntomas", "Causas y riesgos", "Señales de alarma y cuándo consultar", "Exploración", "Tratamiento",
        "Prevención",
    ),
    "pt": (
        "O que é", "Sintomas", "Causas e riscos", "Sinais de alerta e quando procurar atendimento", "Exame",
        "Tratamento", "Prevenção",
    ),
    "fr": (
        "Définition", "Symptômes", "Causes et risques", "Signes d'alerte et quand consulter", "Examen", "Traitement",
        "Prévention",
    ),
    "zh-Hans": ("概述", "症状", "病因与危险因素", "警示信号与就医时机", "检查", "治疗", "预防"),
    "hi": (
        "क्या है", "लक्षण", "कारण और जोखिम", "चेतावनी के संकेत और डॉक्टर को कब दिखाएँ", "जाँच", "इलाज", "बचाव",
    ),
    "fil": (
        "Ano ito", "Mga sintomas", "Mga sanhi at panganib", "Mga babalang senyales at kailan magpatingin", "Pagsusuri",
        "Paggamot", "Pag-iwas",
    ),
}  # fmt: skip

# Where English warns "do not" or "never", a version without one of these words has lost the warning.
WARNS = re.compile(r"\b(do not|don't|never|must not|should not)\b", re.IGNORECASE)
NEGATED = {
    "es": r"\b(no|nunca|ni|sin|evit\w+)\b",
    "pt": r"\b(não|nunca|jamais|nem|sem|evit\w+)\b",
    "fr": r"\b(ne|jamais|sans|évit\w+|pas)\b|\bn['’]",
    "zh-Hans": r"[不勿别禁未无]|切忌|避免",
    "hi": r"(?<![\u0900-\u097f])(?:न|ना|नहीं|मत|बिना|बच\w*)(?![\u0900-\u0963])|बचें",
    "fil": r"\b(huwag|hindi|wala|walang|iwasan|bawal)\b",
}


@dataclass(frozen=True)
class Version:
    """One file: its front matter, title line and claims by section."""

    meta: dict[str, Any]
    title: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def body(self) -> str:
        """Every claim, in order."""
        return " ".join(claim for _, claims in self.sections for claim in claims)


@cache
def version(topic: str, language: str) -> Version:
    text = (ROOT / topic / f"{language}.md").read_text(encoding="utf-8")
    front = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    assert front, f"{topic}/{language}: no front matter"
    title, sections = "", list[tuple[str, list[str]]]()
    for line in front[2].splitlines():
        if line.startswith("# "):
            title = line[2:].strip()
        elif line.startswith("## "):
            sections.append((line[3:].strip().replace("’", "'"), []))
        elif line.startswith("- "):
            sections[-1][1].append(line[2:].strip())
        else:
            assert not line.strip(), f"{topic}/{language}: stray line: {line}"
    return Version(yaml.safe_load(front[1]), title, tuple((heading, tuple(claims)) for heading, claims in sections))


def claims(topic: str, language: str) -> list[tuple[str, str, str]]:
    """(where, English claim, claim in `language`) for every claim of a topic."""
    pairs = []
    for number, (english, other) in enumerate(
        zip(version(topic, "en").sections, version(topic, language).sections, strict=True), 1
    ):
        for i, (a, b) in enumerate(zip(english[1], other[1], strict=True), 1):
            pairs.append((f"{topic}/{language} section {number} claim {i}", a, b))
    return pairs


def test_all_topics_are_there() -> None:
    assert len(TOPICS) == 42


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_one_file_per_language_and_nothing_else(topic: str) -> None:
    assert sorted(path.name for path in (ROOT / topic).iterdir()) == sorted(f"{tag}.md" for tag in SUPPORTED)


@pytest.mark.parametrize("topic", TOPICS)
def test_front_matter_is_whole_and_the_same_in_all_languages(topic: str) -> None:
    english = version(topic, "en").meta
    for tag in SUPPORTED:
        meta = version(topic, tag).meta
        assert set(meta) == {"group", "title", "lang", "sources", "reviewed", "licence", "trust"}
        assert all(meta.values())
        assert (meta["lang"], meta["group"]) == (tag, topic)
        assert meta["title"] == version(topic, tag).title
        for shared in ("sources", "reviewed", "licence", "trust"):
            assert meta[shared] == english[shared], (tag, shared)
    assert (english["licence"], english["trust"]) == ("CC-BY-4.0", "curated")


@pytest.mark.parametrize("topic", TOPICS)
def test_source_lines_name_who_what_and_where(topic: str) -> None:
    sources = version(topic, "en").meta["sources"]
    assert 2 <= len(sources) <= 4 and len(set(sources)) == len(sources)
    for source in sources:
        assert re.fullmatch(r"\S.+?\. .+\. https://[\w.-]+\.[a-z]+(?:/\S*)?", source), source


@pytest.mark.parametrize("topic", TOPICS)
def test_the_seven_sections_stand_in_order_with_as_many_claims_as_in_english(topic: str) -> None:
    counts = [len(listed) for _, listed in version(topic, "en").sections]
    assert all(2 <= count <= 4 for count in counts)
    for tag in SUPPORTED:
        sections = version(topic, tag).sections
        assert tuple(heading for heading, _ in sections) == HEADINGS[tag], tag
        assert [len(listed) for _, listed in sections] == counts, tag


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("topic", TOPICS)
def test_each_claim_has_the_numbers_of_the_english_one(topic: str, language: str) -> None:
    for where, english, other in claims(topic, language):
        assert sorted(numbers(other)) == sorted(numbers(english)), where


@pytest.mark.parametrize("topic", TOPICS)
def test_decimals_are_written_as_the_language_does_and_digits_as_0_to_9(topic: str) -> None:
    for tag in SUPPORTED:
        body = version(topic, tag).body
        assert ascii_digits(body) == body, tag
        wrong = r"\d\.\d" if tag in ("es", "pt", "fr") else r"\d,\d"
        assert not re.search(wrong, body), tag


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("topic", TOPICS)
def test_no_warning_loses_its_negation(topic: str, language: str) -> None:
    for where, english, other in claims(topic, language):
        if WARNS.search(english):
            assert re.search(NEGATED[language], other, re.IGNORECASE), where


@pytest.mark.parametrize("topic", TOPICS)
def test_each_file_has_the_agreed_length(topic: str) -> None:
    for tag in SUPPORTED:
        body = version(topic, tag).body
        if tag == "zh-Hans":
            assert 220 <= script_counts(body)["Hani"] <= 700, tag
        else:
            assert 150 <= len(body.split()) <= 350, tag


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("topic", TOPICS)
def test_each_file_is_written_in_its_language_and_script(topic: str, language: str) -> None:
    body = version(topic, language).body
    assert is_written_in(body, language)
    counts = script_counts(body)
    wanted = {"zh-Hans": "Hani", "hi": "Deva"}.get(language, "Latn")
    assert counts[wanted] >= 0.6 * sum(counts.values())
    assert set(counts) <= {wanted, "Latn", "Grek"}


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("topic", TOPICS)
def test_every_claim_is_a_sentence_of_its_own(topic: str, language: str) -> None:
    ends = {"zh-Hans": "。", "hi": "।"}.get(language, ".")
    listed = [claim for _, section in version(topic, language).sections for claim in section]
    assert all(claim.endswith(ends) for claim in listed), [claim for claim in listed if not claim.endswith(ends)]
    assert len(set(listed)) == len(listed)


def test_every_translation_group_is_held_in_all_languages(shipped_kb: KnowledgeBase) -> None:
    held = shipped_kb.store.languages()
    assert set(held) == set(SUPPORTED)
    assert len(set(held.values())) == 1
    for chunk_id in shipped_kb.store.chunk_ids("en"):
        group = shipped_kb.store.passages([chunk_id])[chunk_id].group
        assert set(shipped_kb.store.in_group(group)) == set(SUPPORTED), group

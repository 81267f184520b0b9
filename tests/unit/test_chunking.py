"""From a body to chunks: sections along headings, and long ones cut where a reader would pause."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.knowledge.chunking import Section, first_heading, sections, split


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in split(text, 0, len(text))]


def held(body: str) -> list[tuple[int, str, str]]:
    """Level, heading and stripped text of each section."""
    return [(s.level, s.heading, body[s.start : s.end].strip()) for s in sections(body)]


def test_sections_lie_between_headings_and_hold_text() -> None:
    body = (
        "Before.\n# Ojo rojo\n\nIntroducción.\n\n## Síntomas ##\n- Duele.\n\n## Vacía\n\n### Tratamiento\nLágrimas.\n"
    )
    assert held(body) == [
        (0, "", "Before."),
        (1, "Ojo rojo", "Introducción."),
        (2, "Síntomas", "- Duele."),
        (3, "Tratamiento", "Lágrimas."),
    ]
    assert list(sections("")) == [] and list(sections("# Only\n\n## Headings\n")) == []
    assert list(sections("No heading.")) == [Section(0, "", 0, 11)]


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("# 白内障", "白内障"),
        ("## मोतियाबिंद के लक्षण", "मोतियाबिंद के लक्षण"),
        ("###### Six", "Six"),
        ("#\tTab", "Tab"),
        ("## Closed ##", "Closed"),
        ("## C# and F#", "C# and F#"),
        ("# العين الحمراء", "العين الحمراء"),
    ],
)
def test_what_is_a_heading(line: str, heading: str) -> None:
    assert [s.heading for s in sections(f"{line}\ntext")] == [heading]


@pytest.mark.parametrize("line", ["####### Seven", "#hashtag", "Not # one", "\\# escaped", "    ## code"])
def test_what_is_none(line: str) -> None:
    assert held(f"{line}\ntext") == [(0, "", f"{line}\ntext".strip())]


def test_an_empty_heading_does_not_swallow_the_line_below() -> None:
    for mark in ("## ", "##", "## \t"):
        assert held(f"{mark}\nKept line.")[-1][2].endswith("Kept line.")


def test_the_first_heading_of_level_one_is_the_title() -> None:
    assert first_heading("## Second\n\n# 青光眼 #\n\n# Later") == "青光眼"
    assert first_heading("## None of level one\n\ntext") == ""


@pytest.mark.parametrize(
    ("sentence", "mark"),
    [
        ("The pressure inside the eye rises and damages the optic nerve. ", "."),
        ("La presión dentro del ojo sube y daña el nervio óptico. ", "."),
        ("A pressão dentro do olho sobe e lesa o nervo óptico. ", "."),
        ("La pression dans l'œil augmente et abîme le nerf optique. ", "."),
        ("眼内压力升高会损伤视神经，导致视野缺损。", "。"),
        ("आँख का दबाव बढ़ने से नस खराब होती है। ", "।"),
        ("Tumataas ang presyon sa loob ng mata at nasisira ang nerve. ", "."),
        ("Aankh ka pressure badhne se optic nerve kharab hoti hai. ", "."),
        ("يرتفع الضغط داخل العين ويتلف العصب البصري. ", "."),
        ("آنکھ کا دباؤ بڑھنے سے بصری اعصاب خراب ہو جاتے ہیں۔ ", "۔"),
        ("آیا فشار چشم به عصب بینایی آسیب می‌زند؟ ", "؟"),
    ],
)
def test_a_long_paragraph_is_cut_after_sentences(sentence: str, mark: str) -> None:
    whole = (sentence * 100).strip()
    chunks = cut(whole)
    assert len(chunks) > 1
    assert all(300 < len(chunk) <= 1200 for chunk in chunks[:-1])
    assert all(chunk.endswith(mark) for chunk in chunks)
    assert "".join(chunks).replace(" ", "") == whole.replace(" ", "")


@pytest.mark.parametrize("pause", ["\n\n", "\n", ". ", "। ", "。"])
def test_the_end_of_a_thought_is_preferred_to_a_later_space(pause: str) -> None:
    text = "x" * 500 + pause + "y" * 300 + " " + "z" * 600
    assert cut(text)[0] == "x" * 500 + pause.strip()


def test_text_without_any_pause_is_cut_by_length() -> None:
    assert [len(chunk) for chunk in cut("眼" * 3000)] == [1200, 1200, 600]
    assert cut("眼" * 1200) == ["眼" * 1200]


def test_an_early_pause_does_not_leave_a_crumb() -> None:
    """A cut in the first third would make a chunk too short to be worth quoting."""
    text = "Short.\n\n" + "x" * 2000
    assert len(cut(text)[0]) == 1200


@given(st.text(st.sampled_from("ab。. \n眼#-।"), min_size=1, max_size=4000))
def test_cutting_loses_no_letter(text: str) -> None:
    spans = list(split(text, 0, len(text)))
    assert re.sub(r"\s", "", "".join(text[a:b] for a, b in spans)) == re.sub(r"\s", "", text)
    assert all(a < b <= a + 1200 for a, b in spans)
    assert all(b <= c for (_, b), (c, _) in itertools.pairwise(spans))
    assert all(text[a:b] == text[a:b].strip() for a, b in spans)


@given(st.text(st.sampled_from("ab# \n眼"), max_size=300))
def test_sections_lose_no_letter_and_do_not_overlap(text: str) -> None:
    found = list(sections(text))
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    # Whatever is no heading line is in a section.
    outside = [
        text[a:b] for a, b in itertools.pairwise([0, *(at for s in found for at in (s.start, s.end)), len(text)])
    ]
    assert all(line.startswith("#") for gap in outside[::2] for line in gap.split("\n") if line.strip())

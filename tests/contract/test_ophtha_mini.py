"""`ophtha-mini`: form, balance and parallelism, and what the embedded default reaches on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from clara import Clara
from clara.knowledge import KnowledgeBase
from clara.languages import SUPPORTED, is_written_in
from clara.text import fold, numbers
from tests.conftest import SHIPPED
from tests.contract.knowledge_doc import PAGE
from tests.contract.mini_doc import measure, questions, rewritten, table


@pytest.fixture(scope="module")
def by_id() -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for record in questions():
        found[record["id"]][record["language"]] = record
    return found


def test_seventy_questions_in_seven_languages(by_id: dict[str, dict[str, dict[str, Any]]]) -> None:
    assert len(by_id) == 70
    for versions in by_id.values():
        assert tuple(versions) == SUPPORTED
        assert len({(v["answer"], str(v["tags"])) for v in versions.values()}) == 1
        for language, version in versions.items():
            assert len({fold(o) for o in version["options"]}) == 4
            assert is_written_in(version["question"], language)
            assert [sorted(numbers(o)) for o in version["options"]] == [
                sorted(numbers(o)) for o in versions["en"]["options"]
            ]


def test_answers_are_balanced_and_coverage_is_as_said(by_id: dict[str, dict[str, dict[str, Any]]]) -> None:
    english = [versions["en"] for versions in by_id.values()]
    assert set(Counter(q["answer"] for q in english).values()) <= {17, 18}
    covered = [q for q in english if q["tags"]["covered"]]
    assert len(covered) == 50 and set(Counter(q["answer"] for q in covered).values()) <= {12, 13}
    topics = {p.name for p in (SHIPPED / "ophthalmology").iterdir()}
    assert {q["tags"]["topic"] for q in covered} == topics
    assert not {q["tags"]["topic"] for q in english if not q["tags"]["covered"]} & topics


def test_the_embedded_default_reaches_the_bar(shipped_home: Path, shipped_kb: KnowledgeBase) -> None:
    with Clara(home=shipped_home, knowledge=shipped_kb) as clara:
        counts = measure(clara)
    print(table(counts))
    right = {language: counts[language, True]["right"] / 50 for language in SUPPORTED}
    assert min(right.values()) >= 0.70
    assert right["en"] - min(right.values()) < 0.10
    for language in SUPPORTED:
        assert counts[language, False]["abstained"] > counts[language, False]["wrong"]
    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page, counts), "run: python -m tests.contract.mini_doc"

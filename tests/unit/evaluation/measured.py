"""A measured folder as a run leaves it, with everything a report can show: seven languages and Arabic, every status,
drafts, evidence, verdicts, tokens, and text that attacks the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from clara.evaluation.datasets.base import Dataset, Item, make_dataset
from clara.evaluation.measures import measure
from clara.evaluation.results import manifest
from clara.types import Option
from tests.unit.evaluation.questions import TEXTS, write_lines

LANGUAGES = ("en", "es", "pt", "fr", "zh-Hans", "hi", "fil", "ar")
ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
_STATUSES = ("unparsed", "refused", "abstained")


def one(page: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """Return the first element of a page that a selector names."""
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def dataset(questions: int, languages: Sequence[str] = LANGUAGES) -> Dataset:
    """Return parallel questions that differ in their number, all with the answer B."""
    items = [
        Item(
            id=str(number), language=tag, question=f"{number}. {TEXTS[tag][0]}",
            options=tuple(Option(id=mark, text=text) for mark, text in zip("ABCD", TEXTS[tag][1], strict=True)),
            answer="B", flags=("option inside a line",) if number == 2 else (),
        )
        for number in range(1, questions + 1)
        for tag in languages
    ]  # fmt: skip
    return make_dataset("parallel", items, where=Path("parallel"), source="made up for the test", licence="CC0-1.0")


def row(method: str, tag: str, number: int, **changed: Any) -> dict[str, Any]:
    """Return an answer: `direct` is right in English and in two questions of three elsewhere, `clara` in nine of ten.

    Question 7 gets another status in each language, question 3 attacks.
    """
    place = LANGUAGES.index(tag)
    right = tag == "en" or (number + place) % 3 != 0 if method == "direct" else (number + place) % 10 != 0
    status = _STATUSES[place % 3] if number == 7 else "ok"
    choice = ("B" if right else "ACD"[number % 3]) if status == "ok" else None
    english, own = TEXTS["en"][1]["ABCD".index(choice or "A")], TEXTS[tag][1]["ABCD".index(choice or "A")]
    text = ATTACK if number == 3 else f"{choice}. {own}"
    confidence = round(0.5 + 0.05 * ((number + place) % 10), 2)
    drafts = [
        {"route": "native", "language": tag, "choice": choice, "confidence": confidence, "text": text, "error": None,
         "sufficient": True},
        {"route": "english", "language": "en", "choice": "B", "confidence": 0.8, "text": english, "error": None,
         "sufficient": True},
        {"route": "evidence", "language": "en", "choice": None, "confidence": 0.0, "text": "", "error": "ModelTimeout",
         "sufficient": False},
    ]  # fmt: skip
    source = "https://example.org/cataract" if number != 3 else "javascript:alert(1)"
    citation = {"id": f"cataract/{tag}#1", "title": TEXTS[tag][0], "language": tag, "quote": TEXTS[tag][1][1],
                "source": source, "state": "exact"}  # fmt: skip
    found = {
        "config": "0123456789ab", "method": method, "language": tag, "id": str(number), "epoch": 0, "status": status,
        "choice": choice, "answer": "B", "correct": choice == "B", "score": float(choice == "B"),
        "calls": 1 if method == "direct" else 3, "rounds": 2, "prompt_tokens": 60 + 25 * place + number,
        "completion_tokens": 20 + 5 * place, "cost": 0.0001 * (2 + place), "seconds": 0.5 + 0.1 * place, "text": text,
        "model": "fake", "answer_language": tag, "confidence": confidence, "agreement": 1.0 if right else 0.5,
        "values": {},
    }  # fmt: skip
    if method != "direct":
        found |= {
            "drafts": drafts, "citations": [citation], "decision": "two drafts agree", "warnings": ["for adults only"],
            "verdicts": [{"claim": own, "against": "evidence", "state": "supported", "reason": "the quote says so"}],
        }  # fmt: skip
    return found | changed


def rows(questions: int, languages: Sequence[str] = LANGUAGES) -> dict[str, list[dict[str, Any]]]:
    """Return method -> its answers to every question in every language."""
    return {
        method: [row(method, tag, number) for tag in languages for number in range(1, questions + 1)]
        for method in ("direct", "clara")
    }


def write_measured(
    folder: Path,
    questions: int = 12,
    *,
    answers: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    model: str = "openai:fake",
    asked: bool = True,
    languages: Sequence[str] = LANGUAGES,
) -> Path:
    """Write results.json, records.jsonl and, unless not asked, questions.jsonl, as a run does; the first method is the
    baseline. Returns the folder."""
    held, given = dataset(questions, languages), answers or rows(questions, languages)
    baseline = next(iter(given))
    results = {
        **manifest(held, questions=questions, model=model, seed=0),
        **measure(given, held, languages, baseline=baseline, seed=0),
    }
    results["manifest"] |= {"kind": "run", "baseline": baseline, "languages": list(languages), "profiles": {}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
    write_lines(folder / "records.jsonl", [found for listed in given.values() for found in listed])
    if asked:
        write_lines(folder / "questions.jsonl", [
            {"id": item.id, "language": item.language, "question": item.question, "answer": item.answer,
             "options": [{"id": option.id, "text": option.text} for option in item.options], "tags": list(item.tags),
             "flags": list(item.flags)}
            for item in held.items
        ])  # fmt: skip
    return folder

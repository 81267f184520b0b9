"""The questions of a report: which are shown, and what every method answered to them in every language."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from clara.evaluation.records import Key
from clara.evaluation.report.load import Mark, Measured, right
from clara.evaluation.report.tables import safe_text

# What the page shows of a row; a key that a row lacks is None there.
_RECORD = ("choice", "text", "answer_language", "confidence", "agreement", "calls", "decision", "error")
_PARTS = {
    "drafts": ("route", "language", "choice", "confidence", "text", "error", "sufficient"),
    "citations": ("id", "title", "language", "quote", "source", "state"),
    "verdicts": ("claim", "against", "state", "reason"),
}
_OPTION = ("id", "text")
_NAMES = {"ok": "wrong", "error": "error", "abstained": "abstained", "refused": "refused", "unparsed": "unparsed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one method answered in one language. outcome: `right`, `partly right`, `wrong`, a status, `missing`.

    said: the options chosen, an epoch after another. record: the whole row of the first epoch.
    """

    language: str
    outcome: str
    said: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One question as the page shows it. asked: language -> its row of questions.jsonl. epochs: how many there are."""

    id: str
    answer: str
    asked: dict[str, dict[str, Any]]
    replies: dict[str, list[Reply]]
    epochs: int
    changed: tuple[str, ...]


def in_order(measured: Measured) -> list[str]:
    """Return the ids, most instructive first: in turn where a method lost and where one gained most languages against
    the baseline; then where languages differ; then the rest as they were asked."""
    lost, gained, apart = {}, {}, {}
    for identifier in measured.questions:
        changes = _changes(measured, identifier)
        lost[identifier] = sum(change < 0 for change in changes)
        gained[identifier] = sum(change > 0 for change in changes)
        base = [_share(measured, identifier, tag, measured.baseline) for tag in measured.languages]
        apart[identifier] = len({share for share in base if share is not None})
    by_loss = sorted((q for q in lost if lost[q]), key=lambda q: -lost[q])
    by_gain = sorted((q for q in gained if gained[q]), key=lambda q: -gained[q])
    rest = sorted(measured.questions, key=lambda q: -apart[q])
    turns = chain.from_iterable(zip_longest(by_loss, by_gain))
    return list(dict.fromkeys(q for q in (*turns, *rest) if q is not None))


def show(measured: Measured, identifier: str, records: Mapping[Key, Mapping[str, Any]]) -> Shown:
    """Return one question with the rows of its answers, which are among the records."""
    cells = {tag: measured.answers.get((identifier, tag), {}) for tag in measured.languages}
    marks = {(method, tag): list(found.get(method, ())) for tag, found in cells.items() for method in measured.methods}
    rows = {
        (method, tag): records[method, tag, identifier, listed[0].epoch]
        for (method, tag), listed in marks.items()
        if listed
    }
    replies = {
        method: [
            Reply(
                language=tag, outcome=outcome(marks[method, tag]), said=_said(marks[method, tag]),
                record=_record(rows[method, tag]) if (method, tag) in rows else {},
            )
            for tag in measured.languages
        ]
        for method in measured.methods
    }  # fmt: skip
    asked = {tag: _asked(measured.asked.get((identifier, tag))) for tag in measured.languages}
    answers = dict.fromkeys(str(row["answer"]) for row in chain(asked.values(), rows.values()) if row.get("answer"))
    changes = _changes(measured, identifier)
    kinds = {"a method lost": any(c < 0 for c in changes), "a method gained": any(c > 0 for c in changes)}
    return Shown(
        id=identifier, answer=", ".join(answers), asked=asked, replies=replies,
        epochs=max((len(listed) for listed in marks.values()), default=0),
        changed=tuple(kind for kind, holds in kinds.items() if holds),
    )  # fmt: skip


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a row that are shown, each of the kind that the page expects."""
    shown: dict[str, Any] = {key: row.get(key) for key in _RECORD}
    for key, names in _PARTS.items():
        shown[key] = [_only(part, names) for part in _listed(row.get(key)) if isinstance(part, Mapping)]
    return shown | {"warnings": _listed(row.get("warnings"))}


def _asked(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    options = [_only(option, _OPTION) for option in _listed(row.get("options")) if isinstance(option, Mapping)]
    return {"question": row["question"], "answer": row.get("answer"), "options": options,
            "flags": _listed(row.get("flags"))}  # fmt: skip


def _only(found: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: found.get(name) for name in names}


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (list, tuple)) else []


def outcome(marks: Sequence[Mark]) -> str:
    """Return what became of an answer, over its epochs."""
    share = right(marks)
    if share is None:
        return "error" if marks else "missing"
    if share == 1:
        return "right"
    return "partly right" if share else _NAMES.get(marks[0].status, "wrong")


def write_questions(measured: Measured, path: Path) -> None:
    """Write every question in every language as comma-separated values, the methods side by side. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        heads = [f"{name}: {what}" for name in measured.methods for what in ("answer", "status", "per cent right")]
        writer.writerow(["id", "language", "question", "right answer", *map(safe_text, heads)])
        for identifier, tag in measured.answers:
            asked = measured.asked.get((identifier, tag), {})
            texts = (identifier, tag, str(asked.get("question", "")), str(asked.get("answer", "")))
            writer.writerow([*map(safe_text, texts), *_cells(measured, identifier, tag)])


def _cells(measured: Measured, identifier: str, tag: str) -> Iterator[Any]:
    for method in measured.methods:
        marks = measured.answers[identifier, tag].get(method, ())
        share = right(marks)
        statuses = " ".join(dict.fromkeys(mark.status for mark in marks))
        yield from (safe_text(_said(marks)), safe_text(statuses), None if share is None else round(100 * share, 2))


def _said(marks: Sequence[Mark]) -> str:
    return " ".join(mark.choice if isinstance(mark.choice, str) else "–" for mark in marks) if marks else ""


def _share(measured: Measured, identifier: str, tag: str, method: str) -> float | None:
    return right(measured.answers.get((identifier, tag), {}).get(method, ()))


def _changes(measured: Measured, identifier: str) -> list[float]:
    """Return what each other method changes in each language against the baseline, where both were measured."""
    changes = []
    for tag in measured.languages:
        before = _share(measured, identifier, tag, measured.baseline)
        for method in measured.methods:
            after = _share(measured, identifier, tag, method)
            if before is not None and after is not None:
                changes.append(after - before)
    return changes

"""A run's folder, and what makes two measurements the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clara.config import Settings
from clara.errors import ConfigError, DatasetError
from clara.evaluation.records import load_rows, read_rows, to_table
from clara.evaluation.results import write_atomically
from clara.evaluation.run.folder import RunFolder
from clara.evaluation.run.identity import check_same, config_of, make_identity, shown_settings
from tests.unit.evaluation.planned import dataset, row

# --- the folder ---


@pytest.mark.parametrize("torn", ["", "{", '{"config": "c"', "x" * 200_000])
def test_a_torn_last_line_is_cut_off_and_nothing_else(torn: str) -> None:
    with RunFolder(Path("run")) as folder:
        folder.mend()
        for number in range(3):
            folder.append(row(id=f"q{number}"))
        with folder.records.open("a") as file:
            file.write(torn)
        assert len(list(read_rows(folder.records))) == 3
        folder.mend()
        folder.append(row(id="q3"))
    assert [found["id"] for found in read_rows(Path("run/records.jsonl"))] == ["q0", "q1", "q2", "q3"]


def test_a_file_of_one_torn_line_is_emptied() -> None:
    Path("run").mkdir()
    Path("run/records.jsonl").write_text("x" * 100_000)
    with RunFolder(Path("run")) as folder:
        folder.mend()
        assert folder.records.read_bytes() == b""


@pytest.mark.parametrize(("room", "reason"), [(40, "no space left"), (0, "File too large")])
def test_a_full_disk_is_said_and_leaves_whole_rows(room: int, reason: str) -> None:
    """In a process of its own, whose files may grow only so far: the system writes what fits, and then nothing."""
    script = f"""
import resource
from pathlib import Path
from clara.errors import ConfigError
from clara.evaluation.run.folder import RunFolder
with RunFolder(Path("run")) as folder:
    folder.append({{"id": "q0"}})
    limit = folder.records.stat().st_size + {room}
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        folder.append({{"id": "x" * 200}})
    except ConfigError as error:
        print(error)
    if {room}:
        folder.append({{"id": "q1"}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write into run: {reason}; make room and run the same command again\n"
    kept = Path("run/records.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in kept] == ["q0", "q1"][: 1 + bool(room)]


@pytest.mark.parametrize("damage", ["not json\n", "[1]\n", '{"id": "q"}\n'])
def test_a_damaged_row_is_named(damage: str) -> None:
    Path("r.jsonl").write_text(json.dumps(row()) + "\n" + damage + json.dumps(row(id="q1")) + "\n")
    with pytest.raises(DatasetError, match=r"r\.jsonl, line 2: no record of an answer"):
        list(read_rows(Path("r.jsonl")))


def test_of_several_rows_for_one_answer_the_last_counts() -> None:
    lines = [row(status="error", correct=False), row(text="words"), row(id="q1")]
    write_atomically(Path("r.jsonl"), map(json.dumps, lines))
    found = load_rows(Path("r.jsonl"))
    assert [(kept["id"], kept["status"]) for kept in found] == [("q0", "ok"), ("q1", "ok")]
    assert "text" not in found[0] and load_rows(Path("r.jsonl"), words=True)[0]["text"] == "words"


def test_a_question_without_all_its_epochs_is_missing_in_the_table() -> None:
    rows = [row(), row(epoch=1, correct=False), row(id="q1"), row(id="q2", status="error"), row(id="q2", epoch=1)]
    table = to_table(rows, ["q0", "q1", "q2", "q3"], ["en"], epochs=2)
    assert table[:, 0].tolist() == pytest.approx([50.0] + [float("nan")] * 3, nan_ok=True)
    assert to_table([row(score=0.25)], ["q0"], ["en"])[0, 0] == 25.0


# --- what makes measurements the same ---


def identity(**changes: Any) -> dict[str, Any]:
    Path("prompts").mkdir(exist_ok=True)
    made: dict[str, Any] = {"settings": Settings(model="openai:m"), "seed": 0, "data": dataset()} | changes
    return make_identity(
        made["data"], made["settings"], model=made["settings"].model, prompts=Path("prompts"), seed=made["seed"]
    )


def test_the_same_measurement_has_the_same_fingerprint_and_another_does_not() -> None:
    base = identity()
    cells = {(m, tag): config_of(base, m, tag) for m in ("direct", "rag") for tag in ("en", "hi")}
    assert len(set(cells.values())) == 4
    same = identity(settings=Settings(model="openai:m", timeout_s=3, attempts=1, home=Path("elsewhere"), api_key="sk"))
    assert {cell: config_of(same, *cell) for cell in cells} == cells
    wider = identity(data=dataset(languages="en hi es"))
    assert {cell: config_of(wider, *cell) for cell in cells} == cells
    for other in (
        identity(seed=1), identity(settings=Settings(model="openai:m2")), identity(data=dataset(6)),
        identity(settings=Settings(model="openai:m", native=False)), base | {"prompts": "x"},
    ):  # fmt: skip
        assert not set(cells.values()) & {config_of(other, *cell) for cell in cells}
    evidence = base | {"knowledge": "abc"}
    assert config_of(evidence, "direct", "en") == cells["direct", "en"]
    assert config_of(evidence, "rag", "en") != cells["rag", "en"]


def test_prompts_are_part_of_the_measurement() -> None:
    before = identity()
    Path("prompts/a.md").write_text("x")
    assert identity()["prompts"] != before["prompts"]
    with pytest.raises(ConfigError, match="out holds a run with other prompts; choose another folder"):
        check_same(before, identity(), Path("out"))


def test_what_a_run_may_be_widened_by() -> None:
    found, wanted = identity(), identity(data=dataset(languages="hi es"))
    both = check_same(found, wanted | {"knowledge": "k"}, Path("out"))
    assert list(both["versions"]) == ["en", "hi", "es"] and both["knowledge"] == "k"
    assert check_same(found | {"knowledge": "k"}, found, Path("out"))["knowledge"] == "k"
    with pytest.raises(ConfigError, match="other documents in the knowledge base"):
        check_same(found | {"knowledge": "j"}, found | {"knowledge": "k"}, Path("out"))
    with pytest.raises(ConfigError, match="other questions in en, hi"):
        check_same(found, identity(data=dataset(4)), Path("out"))


def test_no_secret_is_among_the_settings_that_are_kept() -> None:
    settings = Settings(
        model="openai:m", api_key="sk-1", base_url="https://user:sk-2@host/v1",
        model_options={"default_headers": {"X": "sk-3"}, "max_tokens": 7, "extra": {"api_key": "sk-4"}},
        embed={"api_key": "sk-5"}, live={"pubmed_api_key": "sk-6"},
    )  # fmt: skip
    shown = json.dumps(shown_settings(settings))
    assert "sk-" not in shown and "https://host/v1" in shown and '"max_tokens": 7' in shown

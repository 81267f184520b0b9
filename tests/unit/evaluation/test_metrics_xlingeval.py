"""XLingEval's criteria: labels of a judge, likeness over samples, and telling right answers from wrong ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clara.evaluation.datasets import Item, load_dataset
from clara.evaluation.metrics import SCORERS, similarity
from clara.evaluation.metrics.similarity import length_variation, pairwise
from clara.evaluation.metrics.xlingeval import read_label, read_yes_no
from tests.unit.evaluation.layouts import HEALTH, write_live_qa
from tests.unit.evaluation.questions import write_lines
from tests.unit.evaluation.test_metrics_datasets import item, row, scored

LAST_LINE = {
    "neither": "Answer 2 provides neither contradictory nor similar information in comparison to Answer 1",
    "contradictory": "Answer 2 provides contradictory information in comparison to Answer 1",
    "more": "Answer 2 provides more comprehensive and appropriate information",
    "less": "Answer 2 provides less comprehensive and appropriate information",
}


@pytest.mark.parametrize("label", LAST_LINE)
def test_the_last_label_that_a_judge_states_counts(label: str) -> None:
    assert read_label(LAST_LINE[label]) == label
    assert read_label(f"Not contradictory information in comparison.\n\n**{LAST_LINE[label]}**.") == label
    other = next(words for name, words in LAST_LINE.items() if name != label)
    assert read_label(f"{other}. On reflection:\n{LAST_LINE[label].upper()}") == label
    assert read_label("Answer 2 is better.") is None and read_label("") is None


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Yes", True), ("no.", False), ("**Yes**", True), ("Sí", True), ("हाँ", True), ("नहीं।", False), ("是的。", True),
        ("不是。", False), ("No, it is not.", False), ("Yes and no", None), ("It depends", None), ("", None),
        ("I know nothing", None), ("जी हाँ, Yes", True),
    ],
)  # fmt: skip
def test_yes_and_no_are_read_in_the_language_asked(said: str, read: bool | None) -> None:
    assert read_yes_no(said) is read


def test_verifiability_is_macro_averaged_and_leaves_out_what_was_not_read() -> None:
    right, wrong = item(references=("yes",)), item("2", references=("no",))
    replies = [(right, "Yes"), (right, "Yes"), (right, "No"), (wrong, "No"), (wrong, "Yes"), (wrong, "who knows")]
    rows = [scored("xlinghealth-verify", asked, said) for asked, said in replies]
    found = SCORERS["xlinghealth-verify"].summarise(rows, [])["languages"]["en"]
    # yes: tp 2, fp 1, fn 1: P R F 2/3; no: tp 1, fp 1, fn 1: 1/2; AUC of hard answers = (2/3 + 1/2) / 2
    expected = round(100 * (2 / 3 + 1 / 2) / 2, 4)
    assert found == {
        "unparsed": round(100 / 6, 4), "n": 5, "macro_precision": expected, "macro_recall": expected,
        "macro_f1": expected, "accuracy": 60.0, "auc": expected,
    }  # fmt: skip
    only = SCORERS["xlinghealth-verify"].summarise(rows[:2], [])["languages"]["en"]
    assert only["auc"] is None and only["accuracy"] == 100.0
    none = SCORERS["xlinghealth-verify"].summarise(rows[-1:], [])["languages"]["en"]
    assert none["n"] == 0 and none["macro_f1"] is None and none["unparsed"] == 100.0


def test_words_pairs_of_words_and_lengths_are_compared_by_hand() -> None:
    # {warm, cloth, helps} and {warm, cloth, hurts}: 2 of 4; pairs: warm cloth | cloth helps | cloth hurts: 1 of 3
    found = pairwise([["Warm cloth helps", "warm cloth hurts"]])
    assert found["unigram"] == 50.0 and found["bigram"] == round(100 / 3, 4) and found["sentence"] is None
    assert pairwise([["눈이 아파요", "눈이 아파요"]])["unigram"] == 100.0
    three = pairwise([["a b", "a b", "c d"], ["x", "x"]])  # pairs 1, 0, 0 and 1: means 1/3 and 1
    assert three["unigram"] == round(100 * (1 / 3 + 1) / 2, 4)
    assert length_variation([["one two", "one two three four"], ["x", "x"]]) == {"length_mean": 2.0, "length_sd": 0.5}


@pytest.mark.parametrize("name", HEALTH)
def test_the_same_answer_is_alike_in_every_script_and_another_is_less(name: str) -> None:
    (_, first), (_, second) = HEALTH[name]
    same, other = pairwise([[first, first]]), pairwise([[first, second]])
    assert same["unigram"] == same["bigram"] == 100.0 and same["topic"] == pytest.approx(100.0, abs=0.01)
    assert other["unigram"] is not None and other["unigram"] < 50.0


def test_meaning_is_compared_where_an_embedder_that_knows_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    class Meaning:
        crosslingual = True

        def embed(self, texts: list[str]) -> Any:
            return np.array([[1.0, 0.0] if "warm" in text else [0.6, 0.8] for text in texts])

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr("clara.knowledge.embedders.build_embedder", lambda settings: Meaning())
    assert similarity.pairwise([["warm cloth", "a cold cloth"]])["sentence"] == 60.0
    assert closed == [True]


def test_consistency_is_over_the_epochs_of_each_question() -> None:
    asked = Item(id="1", language="en", question="?", references=("Use a warm cloth.",))
    rows = [
        {**scored("xlinghealth", asked, text), "epoch": epoch, "text": text}
        for epoch, text in enumerate(("Use a warm cloth.", "Use a cold cloth."))
    ]
    assert rows[0]["score"] == 1.0 and 0 < rows[1]["score"] < 1 and rows[1]["values"]["chrf"] < 100
    found = SCORERS["xlinghealth"].summarise(rows, [asked])["languages"]["en"]
    assert found["questions"] == 1 and found["unigram"] == 60.0  # use a cloth | warm | cold: 3 of 5
    once = SCORERS["xlinghealth"].summarise(rows[:1], [asked])["languages"]["en"]
    assert once["questions"] == 0 and once["unigram"] is None and once["chrf"] == 100.0


def test_a_run_is_judged_answer_by_answer_by_the_model_that_is_asked() -> None:
    write_live_qa(Path("data"))
    rows = [
        row("liveqa/0", tag, 0.5) | {"config": "c", "method": method, "text": f"{method} says in {tag}."}
        for method in ("direct", "clara") for tag in ("en", "hi")
    ]  # fmt: skip
    rows += [row("liveqa/1", "en", 0.0) | {"config": "c", "method": "direct", "status": "error", "text": "lost"}]
    write_lines(Path("run/records.jsonl"), rows)
    dataset = load_dataset("xlinghealth-correctness:data,run")
    assert [asked.id for asked in dataset.items if asked.language == "en"] == [
        "direct/0/liveqa/0", "clara/0/liveqa/0"
    ]  # fmt: skip
    hindi = next(asked for asked in dataset.items if asked.language == "hi")
    assert all(part in hindi.question for part in ("all in Hindi", *HEALTH["Hindi"][0], "direct says in hi."))
    fences = {re.search(r"<<(\w{12})\n", asked.question)[1] for asked in dataset.items}  # type: ignore[index]
    assert len(fences) == len(dataset.items) and all(asked.question.count("<<") == 4 for asked in dataset.items)
    said = {"direct": "less", "clara": "more"}
    judged = [scored("xlinghealth-correctness", asked, LAST_LINE[said[asked.tags[0]]]) for asked in dataset.items]
    judged[-1] |= {"status": "unparsed", "values": {}, "score": 0.0}
    found = SCORERS["xlinghealth-correctness"].summarise(judged, dataset.items)["methods"]
    assert found["direct"]["en"] == {"neither": 0.0, "contradictory": 0.0, "more": 0.0, "less": 100.0, "unparsed": 0.0}
    assert found["clara"]["en"]["more"] == 100.0
    assert found["clara"]["hi"] == {**dict.fromkeys(LAST_LINE), "unparsed": 100.0}

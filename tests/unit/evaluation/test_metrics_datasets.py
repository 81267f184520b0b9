"""The datasets' own metrics, each with an example worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.evaluation.datasets import Item
from clara.evaluation.metrics import SCORERS, rank_changes
from clara.evaluation.metrics.medrect import read_correction, rouge1
from clara.evaluation.metrics.multiloko import variants
from clara.types import Option

OPTIONS = (Option(id="A", text="x"), Option(id="B", text="y"))


def item(identifier: str = "1", language: str = "en", **more: Any) -> Item:
    return Item(id=identifier, language=language, question="?", **more)


def row(identifier: str, language: str, score: float, **more: Any) -> dict[str, Any]:
    return {"id": identifier, "language": language, "method": "m", "epoch": 0, "status": "ok", "correct": score == 1.0,
            "score": score, **more}  # fmt: skip


def scored(scorer: str, asked: Item, text: str) -> dict[str, Any]:
    """Return the row of an answer, as a run makes it."""
    found = SCORERS[scorer].score(asked, text, asked.language)
    return row(asked.id, asked.language, found.score) | {"status": found.status, "values": dict(found.values)}


def test_accuracy_on_what_needs_a_culture_and_what_does_not() -> None:
    items = [
        item(name, tag, options=OPTIONS, answer="A", tags=("law", "Social", *labels))
        for tag in ("en", "hi", "es")
        for name, labels in {"1": ("CS",), "2": ("CS",), "3": ("CA",), "4": ("CA",), "5": ()}.items()
    ]
    right = {"en": "1 3 4 5", "hi": "1 2 3", "es": "3 4 5"}
    rows = [row(i.id, i.language, float(i.id in right[i.language])) for i in items]
    found = SCORERS["global-mmlu"].summarise(rows, items)
    assert found["languages"]["en"] == {
        "sensitive": 50.0, "n_sensitive": 2, "agnostic": 100.0, "n_agnostic": 2, "difference": 50.0
    }  # fmt: skip
    assert found["languages"]["hi"]["difference"] == -50.0
    # agnostic: en 100, es 100, hi 50: ranks 1 1 3; sensitive: hi 100, en 50, es 0: ranks 2 3 1 for en es hi
    assert found["rank_change"] == {"en": -1, "hi": 2, "es": -2}


def test_rank_changes_are_of_models_too_and_leave_out_what_is_not_known() -> None:
    assert rank_changes({"a": (70, 60), "b": (65, 66), "c": (60, 50), "d": (99, None)}) == {"a": -1, "b": 1, "c": 0}
    assert rank_changes({}) == {}


ERROR = item(references=("3: Give pilocarpine drops.",))
SOUND = item("2", references=("CORRECT",))


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("CORRECT", (0, "")), ("`CORRECT`", (0, "")), ("**CORRECT.**", (0, "")), ("correct", (0, "")),
        ("3: Give drops.", (3, "Give drops.")), ("```text\n3: Give drops.\n```", (3, "Give drops.")),
        ("Sentence 3: Give drops.", (3, "Give drops.")), ("文3：点眼した。", (3, "点眼した。")),
        ("文番号: 12: 点眼した。", (12, "点眼した。")), ("３：点眼した。", (3, "点眼した。")),
        ("Reason: the eye is hard.\n\n3: Give drops.", (3, "Give drops.")),
        ("3: The correct dose is one drop.", (3, "The correct dose is one drop.")),
        ("", None), ("There is an error in sentence 3.", None), ("3:", None), ("2: x\n3: y", None),
        ("CORRECT\n3: y", None), ("Everything is correct here", None), ("3. Give drops.", None),
    ],
)  # fmt: skip
def test_a_correction_is_read_strictly(said: str, read: tuple[int, str] | None) -> None:
    assert read_correction(said) == read


def test_the_three_subtasks_are_scored_on_one_reply() -> None:
    # words of the reference: give pilocarpine drops; two of the three in "give atropine drops": P = R = F = 2/3
    assert rouge1("Give pilocarpine drops.", "Give atropine drops.", "en") == pytest.approx(2 / 3)
    found = scored("medrect", ERROR, "3: Give atropine drops.")
    assert (found["status"], found["score"]) == ("ok", pytest.approx(2 / 3))
    assert found["values"] == {"error": 1.0, "detected": 1.0, "sentence": 1.0, "rouge1": pytest.approx(2 / 3)}
    assert scored("medrect", ERROR, "CORRECT")["values"] == {"error": 1.0, "detected": 0.0, "sentence": 0.0}
    assert scored("medrect", SOUND, "CORRECT")["score"] == 1.0
    assert scored("medrect", SOUND, "1: x")["values"] == {"error": 0.0, "detected": 1.0, "sentence": 0.0}
    assert scored("medrect", ERROR, "I see nothing.")["status"] == "unparsed"


def test_japanese_is_compared_by_characters() -> None:
    # of the 5 characters of each, 点, 眼 and 。 are shared
    assert rouge1("点眼した。", "点眼する。", "ja") == pytest.approx(2 * 3 / 10)
    assert rouge1("点眼 した。", "点眼した。", "ja") == 1.0


def test_detection_sentence_and_correction_are_summed_up_as_by_the_authors() -> None:
    replies = [
        (ERROR, "3: Give pilocarpine drops."),  # all right
        (ERROR, "2: Give pilocarpine drops."),  # another sentence, the same correction
        (ERROR, "CORRECT"),  # missed
        (ERROR, "hm"),  # unread: counts as missed
        (SOUND, "CORRECT"),
        (SOUND, "1: x"),  # seen where there is none
        (SOUND, "hm"),  # unread: counts as seen
    ]
    found = SCORERS["medrect"].summarise([scored("medrect", asked, text) for asked, text in replies], [])["languages"]
    # tp 2, fn 2, fp 2, tn 1
    assert found["en"]["detection"] == {
        "accuracy": round(100 * 3 / 7, 4), "precision": 50.0, "recall": 50.0, "f1": 50.0
    }  # fmt: skip
    assert found["en"]["sentence"] == {"exact_match": round(100 * 2 / 7, 4), "on_errors": 25.0}
    assert found["en"]["correction"] == {"rouge1": 100.0, "pairs": 2, "composite": round(100 * 3 / 7, 4)}
    assert found["en"]["unparsed"] == round(100 * 2 / 7, 4)


@pytest.mark.parametrize(
    ("language", "said", "accepted"),
    [
        ("en", "The Iris.", "iris"), ("en", "The answer is: the iris", "Iris"), ("de", "die Iris", "Iris"),
        ("fr", "l'iris", "L’iris"), ("es", "¡El iris!", "iris"), ("pt", "a íris", "íris"), ("fil", "ang iris", "Iris"),
        ("ar", "القزحية", "قزحية"), ("he", "הקשתית", "קשתית"), ("ur", "جواب قزحیہ ہے", "قزحیہ"),
        ("ja", "虹彩です。", "虹彩"), ("zh-Hans", "《虹膜》。", "虹膜"), ("hi", "“आइरिस”", "आइरिस"),
        ("fa", "قطب‌زاده", "قطب زاده"), ("bn", "সর্দা‌র", "সর্দার"),
        ("en", "$1,902", "1902"), ("xx", "The iris", "the iris"),
    ],
)  # fmt: skip
def test_answers_match_in_every_form_of_the_authors_rule(language: str, said: str, accepted: str) -> None:
    assert not variants(said, language).isdisjoint(variants(accepted, language))
    found = scored("multiloko", item(language=language, references=("something else", accepted)), said)
    assert (found["status"], found["score"], found["values"]) == ("ok", 1.0, {"exact_match": 1.0})


@pytest.mark.parametrize(
    ("language", "said", "accepted"),
    [
        ("de", "Kind", "ein Kind"), ("vi", "Thiên môn", "Thiên An Môn"), ("es", "equipo", "El Equipo A"),
        ("he", "ר", "הר"), ("fr", "un", "le"), ("en", "the iris of the eye", "iris"), ("hi", "पुतली", "आइरिस"),
    ],
)  # fmt: skip
def test_another_answer_does_not_match(language: str, said: str, accepted: str) -> None:
    assert scored("multiloko", item(language=language, references=(accepted,)), said)["score"] == 0.0


@given(st.text(max_size=40), st.sampled_from(["en", "ar", "ur", "fr", "ja", "und"]))
def test_no_form_is_empty_and_a_text_matches_itself(text: str, language: str) -> None:
    forms = variants(text, language)
    assert "" not in forms
    assert (SCORERS["multiloko"].score(item(references=(text,)), text, language).score == 1.0) == bool(forms)


def test_gap_mother_tongue_and_locality_effect() -> None:
    cells = {
        "en": "1110",
        "hi": "1000",
        "zh-Hans": "1100",
        "en-x-hi": "1100",
        "hi-x-en": "1111",
        "en-x-zh-hans": "1000",
    }
    rows = [row(str(n), tag, float(mark)) for tag, marks in cells.items() for n, mark in enumerate(marks)]
    found = SCORERS["multiloko"].summarise(rows, [])
    assert found["exact_match"] == 50.0 and (found["best"], found["worst"], found["gap"]) == ("en", "hi", 50.0)
    assert found["mother_tongue_effect"] == {"mean": 0.0, "languages": {"hi": -25.0, "zh-Hans": 25.0}}
    assert found["locality_effect"] == {"mean": -75.0, "languages": {"hi": -75.0, "zh-Hans": None}}


BUS: dict[str, Any] = {"references": ("公交车",), "elsewhere": ("公車", "巴士")}


@pytest.mark.parametrize(
    ("language", "said", "label"),
    [
        ("zh-Hans", "公交车。", "correct"), ("zh-Hans", "是指“公交車”", "correct"), ("zh-Hans", "公車", "misaligned"),
        ("zh-Hans", "公车（台湾叫法），即公交车", "misaligned"), ("zh-Hans", "巴士", "misaligned"),
        ("zh-Hans", "汽车", "incorrect"), ("zh-Hans", "Bus", "incorrect"),
    ],
)  # fmt: skip
def test_a_term_is_correct_misaligned_or_incorrect(language: str, said: str, label: str) -> None:
    found = scored("sc-tc", item(language=language, **BUS), said)
    assert {name for name, value in found["values"].items() if value} == {label}
    assert found["score"] == float(label == "correct") and found["status"] == "ok"


def test_a_term_inside_a_longer_one_does_not_count() -> None:
    asked = item(language="zh-Hant", references=("月臺票",), elsewhere=("月臺",))
    assert scored("sc-tc", asked, "月台票")["values"]["correct"] == 1.0
    assert scored("sc-tc", asked, " ")["status"] == "unparsed"


def test_shares_of_terms_and_names_by_script() -> None:
    said = ["公交车", "公车", "汽车", "公交车"]
    rows = [scored("sc-tc", item(str(n), "zh-Hans", **BUS), text) for n, text in enumerate(said)]
    assert SCORERS["sc-tc"].summarise(rows, [])["languages"] == {
        "zh-Hans": {"correct": 50.0, "misaligned": 25.0, "incorrect": 25.0}
    }  # fmt: skip
    names: dict[str, Any] = {"references": ("王丽华", "张丽娟"), "elsewhere": ("陳麗華", "林淑華")}
    chosen = ["王丽华", "我选陳麗華。", "林淑華", "王丽华和陳麗華", "都一样", "張麗娟"]
    rows = [scored("sc-tc-names", item(str(n), "zh-Hant", **names), text) for n, text in enumerate(chosen)]
    assert [r["status"] for r in rows] == ["ok", "ok", "ok", "unparsed", "unparsed", "ok"]
    assert SCORERS["sc-tc-names"].summarise(rows, [])["languages"] == {"zh-Hant": {"mainland": 50.0, "taiwan": 50.0}}


def test_the_drop_from_standard_english() -> None:
    cells = {"en": "1111", "en-x-irish": "1110", "en-x-a-arabic": "1000", "en-x-b2-french": "1110"}
    rows = [row(str(n), tag, float(mark)) for tag, marks in cells.items() for n, mark in enumerate(marks)]
    assert SCORERS["trans-env"].summarise(rows, []) == {
        "standard": 100.0, "drop": {"en-x-irish": 25.0, "en-x-a-arabic": 75.0, "en-x-b2-french": 25.0},
        "mean_drop": round(125 / 3, 4), "mean_drop_dialects": 25.0, "mean_drop_learners": 50.0,
        "worst": "en-x-a-arabic",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "status", "score"),
    [("So 9 + 9 = 18. The answer is 18.", "ok", 1.0), ("$1,018", "ok", 0.0), ("It is १८.", "ok", 1.0),
     ("eighteen", "unparsed", 0.0), ("18.0 dollars", "ok", 1.0), ("18, not 19", "ok", 0.0)],
)  # fmt: skip
def test_of_numbers_the_last_one_counts(said: str, status: str, score: float) -> None:
    found = scored("trans-env", item(references=("18",)), said)
    assert (found["status"], found["score"]) == (status, score)


@pytest.mark.parametrize(
    ("text", "status", "score"), [("Answer: B", "ok", 1.0), ("(A)", "ok", 0.0), ("?", "unparsed", 0.0)]
)
def test_a_scorer_of_choices_reads_the_option(text: str, status: str, score: float) -> None:
    found = SCORERS["global-mmlu"].score(item(options=OPTIONS, answer="B"), text, "en")
    assert (found.status, found.score) == (status, score)

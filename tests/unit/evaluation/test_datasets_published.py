"""Datasets in their published layouts: what is read, what is flagged, and what is said where files are not right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from clara.choices import read_choice
from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import CHOICE, Dataset, load_dataset
from clara.evaluation.metrics import SCORERS
from clara.languages import SUPPORTED
from tests.unit.evaluation.layouts import (
    HEALTH,
    LOCAL,
    MEDRECT,
    mmlu_row,
    write_benchmark_table,
    write_by_sheet,
    write_global_mmlu,
    write_live_qa,
    write_medrect,
    write_multiloko,
    write_names,
    write_parquet,
    write_terms,
    write_varieties,
)
from tests.unit.evaluation.questions import published, write_csv, write_lines


def test_ophtha_mini_comes_with_clara() -> None:
    dataset = load_dataset("ophtha-mini")
    assert dataset.languages == SUPPORTED and len(dataset.questions) == 70 and len(dataset.items) == 490
    assert Counter(item.tags[2] for item in dataset.items if item.language == "en") == {
        "covered": 50,
        "not covered": 20,
    }
    assert all(item.answer in "ABCD" and len(item.options) == 4 for item in dataset.items)
    with pytest.raises(DatasetError, match="nowhere: no such folder; leave the path out, ophtha-mini ships with CLARA"):
        load_dataset("ophtha-mini:nowhere")


@pytest.mark.parametrize("name", ["global-mmlu", "global-mmlu-lite"])
def test_global_mmlu_has_labels_and_only_its_test_split(name: str) -> None:
    write_global_mmlu(Path("g"))
    dataset = load_dataset(f"{name}:g")
    assert dataset.languages == ("en", "es", "hi", "zh-Hans") and len(dataset.items) == 16
    assert [item.tags[2:] for item in dataset.items[:4]] == [("CS",), ("CS",), ("CA",), ()]
    english = dataset.items[0]
    assert (english.id, english.answer, english.options[1].text) == ("anatomy/test/0", "B", "Surgery.")
    assert load_dataset(f"{name}:g", ["en", "hi"]).languages == ("en", "hi")


def test_options_that_a_translation_lost_or_made_the_same_are_damage() -> None:
    rows = [mmlu_row(0, "hi", "CS"), mmlu_row(1, "hi", "CS", option_c=None), mmlu_row(2, "hi", "CA", option_a="ऑपरेशन")]
    write_parquet(Path("g/hi/test-00000-of-00001.parquet"), rows)
    dataset = load_dataset("global-mmlu:g")
    assert [item.flags for item in dataset.items] == [(), ("options missing",), ("options alike",)]
    assert [item.damaged for item in dataset.items] == [False, True, True]
    assert dataset.without_damaged().questions == ("anatomy/test/0",)


def test_the_first_form_of_xlinghealth_has_everything_in_one_sheet() -> None:
    write_live_qa(Path("x/XLingHealth_Dataset"))
    dataset = load_dataset("xlinghealth:x")
    assert dataset.languages == ("en", "es", "zh-Hans", "hi") and dataset.questions == ("liveqa/0", "liveqa/1")
    for name, item in zip(HEALTH, dataset.items, strict=False):
        assert (item.question, item.references) == (HEALTH[name][0][0], (HEALTH[name][0][1],))
    pairs = load_dataset("xlinghealth-verify:x")
    assert pairs.questions == ("liveqa/0/0", "liveqa/0/1", "liveqa/1/1", "liveqa/1/0")
    assert [item.references for item in pairs.items if item.language == "hi"] == [("yes",), ("no",), ("yes",), ("no",)]
    wrong = next(item for item in pairs.items if item.id == "liveqa/0/1" and item.language == "es")
    assert HEALTH["Spanish"][0][0] in wrong.question and HEALTH["Spanish"][1][1] in wrong.question
    assert wrong.question.startswith("¿Es la respuesta")


def test_a_question_without_a_text_in_one_language_is_left_out_of_all() -> None:
    write_live_qa(Path("x"), missing="English")
    assert load_dataset("xlinghealth:x").questions == ("liveqa/0",)
    assert load_dataset("xlinghealth-verify:x").questions == ("liveqa/0/0", "liveqa/0/1")


def test_the_other_forms_of_xlinghealth_are_read_alike() -> None:
    write_by_sheet(Path("s"), "MedicationQA", labels=False)
    sheets = load_dataset("xlinghealth:s")
    assert sheets.questions == ("medicationqa/0", "medicationqa/1")
    assert [item.question for item in sheets.items if item.language == "zh-Hans"] == [q for q, _ in HEALTH["Chinese"]]
    pairs = load_dataset("xlinghealth-verify:s")
    assert [(i.id, i.references[0]) for i in pairs.items if i.language == "en"] == [
        ("medicationqa/0/0", "yes"), ("medicationqa/0/1", "no"),
        ("medicationqa/1/1", "yes"), ("medicationqa/1/0", "no"),
    ]  # fmt: skip
    write_by_sheet(Path("h"), "HealthQA", labels=True)
    assert load_dataset("xlinghealth:h").questions == ("healthqa/0",)
    labelled = load_dataset("xlinghealth-verify:h").items
    assert [item.references[0] for item in labelled if item.language == "hi"] == ["yes", "no"]
    write_benchmark_table(Path("t"))
    table = load_dataset("xlinghealth:t")
    assert table.items[0].references[0].endswith('four times a day.\n"Ask" your doctor.')
    assert [item.language for item in table.items] == ["en", "es", "zh-Hans", "hi"] * 2
    with pytest.raises(DatasetError, match="holds no wrong answers; verifiability needs the workbooks"):
        load_dataset("xlinghealth-verify:t")


def test_medrect_is_asked_in_its_own_language_and_its_reference_is_the_wanted_reply() -> None:
    write_medrect(Path("m"))
    dataset = load_dataset("medrect:m")
    assert [(item.language, item.references[0]) for item in dataset.items] == [
        ("en", "3: Pilocarpine drops are given."), ("en", "CORRECT"),
        ("ja", "3: ピロカルピンを点眼した。"), ("ja", "CORRECT"),
    ]  # fmt: skip
    assert all(MEDRECT[item.language][0][0] in item.question for item in dataset.items[::2])
    assert dataset.items[2].question.startswith("以下の番号付きの文") and dataset.items[2].tags == ("management",)
    assert not any(item.options or item.answer or item.damaged for item in dataset.items)


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({"error_sentence_id": 9}, "no such sentence"),
        ({"corrected_sentence": "Atropine drops are GIVEN."}, "nothing corrected"),
    ],
)
def test_corrections_that_cannot_be_right_are_damage(changed: dict[str, object], flag: str) -> None:
    write_medrect(Path("m"), ("en",), **changed)
    item = load_dataset("medrect:m").items[0]
    assert item.flags == (flag,) and item.damaged


def test_a_clinical_text_that_comes_twice_is_flagged() -> None:
    write_medrect(Path("m"), ("en",), sentences=MEDRECT["en"][1][0], error_flag=0)
    assert [item.flags for item in load_dataset("medrect:m").items] == [("text comes twice",)] * 2


def test_multiloko_is_private_and_its_translations_are_variants() -> None:
    write_multiloko(Path("l"))
    own = load_dataset("multiloko:l")
    assert own.private and own.languages == ("ar", "en", "hi", "zh-Hans") and own.questions == ("000",)
    assert own.items[2].references == ("परितारिका", "आइरिस") and "(शब्द)" in own.items[2].question
    effects = load_dataset("multiloko-effects:l")
    assert effects.private and set(effects.languages) == {
        "ar", "en-x-ar", "ar-x-en", "en", "hi", "en-x-hi", "hi-x-en", "zh-Hans", "en-x-zh-hans", "zh-Hans-x-en",
    }  # fmt: skip
    assert effects.only(["en", "hi"]).languages == ("en", "hi", "en-x-hi", "hi-x-en")
    assert effects.only(["hi"]).languages == ("hi",)
    translated = next(item for item in effects.items if item.language == "en-x-hi")
    assert LOCAL["english"][0][0] in translated.question and translated.references == ("the iris", "iris")


def test_an_item_of_multiloko_without_an_answer_is_damage_and_no_message_repeats_one() -> None:
    write_multiloko(Path("l"), ("english", "hindi"))
    write_lines(Path("l/hindi/dev.jsonl"), [{"question": "क्यों?", "targets": [" "], "output_type": "शब्द"}])
    assert [item.flags for item in load_dataset("multiloko:l").items] == [(), ("no answer given",)]
    write_lines(Path("l/hindi/dev.jsonl"), [{"question": "क्यों?", "targets": "परितारिका"}])
    with pytest.raises(DatasetError) as raised:
        load_dataset("multiloko:l")
    assert "line 1: the field 'targets' must be a list of texts" in str(raised.value)
    assert "परितारिका" not in str(raised.value) and "क्यों" not in str(raised.value)


def test_terms_are_asked_once_in_each_script_with_both_regions_answers() -> None:
    write_terms(Path("t"), repeated=3)
    dataset = load_dataset("sc-tc:t")
    assert dataset.languages == ("zh-Hans", "zh-Hant") and dataset.questions == ("1/000", "1/001", "1/002")
    simplified, traditional = (next(i for i in dataset.items if i.language == tag) for tag in dataset.languages)
    assert simplified.references == ("复印件",) == traditional.elsewhere
    assert traditional.references == ("影本", "複印品") == simplified.elsewhere
    flagged = [item.flags for item in dataset.items if item.id == "1/002"]
    assert flagged == [("the question says its answer",), ()]  # the simplified definition of 站台 names it


def test_lists_of_names_know_which_region_a_name_is_from() -> None:
    write_names(Path("n"))
    dataset = load_dataset("sc-tc-names:n")
    assert sorted(dataset.languages) == ["en", "zh-Hans", "zh-Hant"] and len(dataset.items) == 6
    assert all(item.references == ("王丽华", "张丽娟") and "林淑華" in item.elsewhere for item in dataset.items)


def test_varieties_of_english_stand_beside_the_standard() -> None:
    write_varieties(Path("v"))
    dataset = load_dataset("trans-env:v")
    assert dataset.languages == ("en", "en-x-a-chinese-mandarin", "en-x-wae")
    assert all((item.answer, item.options[1].text) == ("B", "Surgery.") for item in dataset.items)
    assert dataset.only(["en"]).languages == dataset.languages
    assert dataset.only(["en-x-wae"]).languages == ("en-x-wae",)


ROWS = {
    "arc": ({"question": "q", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"}, "B", ("x", "y")),
    "truthful": (
        {"question": "why", "mc1_targets": {"choices": ["right", "b", "c", "d"], "labels": [1, 0, 0, 0]}},
        "D", ("b", "c", "d", "right"),
    ),
    "hellaswag": ({"ctx": "He", "endings": ["x", "y", "z"], "label": "2"}, "C", ("x", "y", "z")),
    "winogrande": ({"sentence": "The _ fits", "option1": "x", "option2": "y", "answer": "1"}, "A", ("x", "y")),
    "mmlu": ({"question": "q", "choices": ["x", "y"], "answer": 0, "subject": "s"}, "A", ("x", "y")),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_each_benchmark_of_trans_env_is_read_by_its_own_fields(name: str) -> None:
    row, answer, options = ROWS[name]
    for place in ("standard/test.jsonl", "WaE/test.jsonl"):
        write_lines(Path("v") / place, [row])
    item = load_dataset("trans-env:v").items[0]
    assert (item.answer, tuple(option.text for option in item.options)) == (answer, options)


def test_gsm8k_asks_for_a_number() -> None:
    for place in ("standard/test.jsonl", "dialect/irish_rerun.jsonl"):
        write_lines(Path("v") / place, [{"question": "How many?", "answer": "1,000 + 234 = 1,234\n#### 1,234"}])
    dataset = load_dataset("trans-env:v")
    assert dataset.languages == ("en", "en-x-irish") and dataset.items[1].references == ("1234",)
    assert not dataset.items[0].options


Make = Callable[[], object]


@pytest.mark.parametrize(
    ("spec", "make", "reason"),
    [
        ("global-mmlu:x", lambda: None, "x: no such folder; it is published as CohereLabs/Global-MMLU on the Hugging"),
        ("global-mmlu:x", lambda: write_parquet(Path("x/en/test.parquet"), [{"sample_id": "1", "option_a": "y"}]),
         "row 1: no text in the field 'question'"),
        ("global-mmlu:x", lambda: write_parquet(Path("x/en/test.parquet"), [mmlu_row(0, "en", "-", answer="E")]),
         "the answer 'E' of question 'anatomy/test/0' in en is none of its options"),
        ("xlinghealth:x", lambda: Path("x").mkdir(), "x: expected LiveQA.xlsx, MedicationQA.xlsx, HealthQA.xlsx or"),
        ("xlinghealth:x", lambda: write_lines(Path("x/LiveQA.xlsx"), ["no workbook"]),
         "LiveQA.xlsx: not a readable workbook (BadZipFile); copy the file again"),
        ("xlinghealth-correctness:x", lambda: None, "give xlinghealth-correctness:PATH,RUN, with RUN the folder"),
        ("medrect:x", lambda: Path("x").mkdir(), "x: expected medrect-en*.json or medrect-ja*.json; it is published"),
        ("medrect:x", lambda: write_lines(Path("x/medrect-en.json"), [{}]), "expected a JSON list of objects"),
        ("medrect:x", lambda: write_medrect(write_medrect(Path("x")), ("en",), error_flag="y"),
         "entry 1: the field 'error_flag' must be a whole number"),
        ("medrect:x", lambda: write_lines(write_medrect(Path("x")) / "medrect-en-more.json", []),
         "medrect-en-accepted.json, medrect-en-more.json: keep one of them for en"),
        ("multiloko:x", lambda: Path("x").mkdir(), "x: expected LANGUAGE/dev.jsonl; it is published as facebook"),
        ("multiloko-effects:x", lambda: write_multiloko(Path("x")).joinpath(
            "english/dev_translated_human_hindi.jsonl").unlink(), "no such file; take all files of one release"),
        ("sc-tc:x", lambda: Path("x").mkdir(), "x: expected prompt/regional_term/SCRIPT_VERSION.csv; it is published"),
        ("sc-tc:x", lambda: write_terms(Path("x")).joinpath("prompt/regional_term/simplified_1.csv").unlink(),
         "version 1 needs the same terms in both scripts"),
        ("sc-tc-names:x", lambda: write_csv(Path("x/prompt/regional_name/simplified_4.csv"), [{"prompt": "?"}]),
         "expected source_data/candidate_name_list/prompt_id_VERSION.csv"),
        ("sc-tc-names:x", lambda: write_csv(write_names(Path("x")) / "source_data/candidate_name_list/prompt_id_2.csv",
                                            [{"mainland_name": "[]", "taiwan_name": "['x']"}] * 2),
         "the field 'mainland_name' must be a list of names"),
        ("sc-tc-names:x", lambda: write_csv(write_names(Path("x")) / "prompt/regional_name/english_2.csv",
                                            [{"prompt": "?"}]), "1 rows, but 2 in prompt_id_2.csv"),
        ("trans-env:x", lambda: write_lines(Path("x/WaE/test.jsonl"), [ROWS["mmlu"][0]]),
         "x: expected standard/ with the original test split, and one or more varieties; the varieties are published"),
        ("trans-env:x", lambda: write_lines(write_varieties(Path("x")) / "dialect/irish_rerun.jsonl",
                                            [ROWS["mmlu"][0]]),
         "x: irish has 1 rows and standard 2, so they cannot be compared; take its files out"),
        ("trans-env:x", lambda: write_lines(write_varieties(Path("x")) / "dialect/irish_rerun.jsonl", [{"text": 1}]),
         "irish_rerun.jsonl, line 1: fields of no benchmark that is known: text"),
    ],
)  # fmt: skip
def test_files_that_are_missing_or_not_right_are_named_in_one_line(spec: str, make: Make, reason: str) -> None:
    make()
    with pytest.raises(DatasetError) as raised:
        load_dataset(spec)
    assert reason in str(raised.value) and "\n" not in str(raised.value)


def test_every_dataset_has_a_scorer_that_can_sum_up() -> None:
    made: dict[str, Callable[[Path], Path]] = {
        "global-mmlu": write_global_mmlu, "global-mmlu-lite": write_global_mmlu, "xlinghealth": write_live_qa,
        "xlinghealth-verify": write_live_qa, "medrect": write_medrect, "multiloko": write_multiloko,
        "multiloko-effects": write_multiloko, "sc-tc": write_terms, "sc-tc-names": write_names,
        "trans-env": write_varieties,
    }  # fmt: skip
    for name, write in made.items():
        dataset = load_dataset(f"{name}:{write(Path(name))}")
        rows = [
            {"id": i.id, "language": i.language, "method": "direct", "epoch": 0, "status": "ok", "correct": True,
             "score": 1.0, "values": {}, "text": "x"} for i in dataset.items
        ]  # fmt: skip
        summary = SCORERS[dataset.scorer].summarise(rows, dataset.items)
        assert summary and json.loads(json.dumps(summary, allow_nan=False)) == summary, name
        assert dataset.source and dataset.licence and len(dataset.version()) == 12
    with pytest.raises(ConfigError, match=r"sc-tc: say where its files are, e\.g\. sc-tc:data/sc-tc; it is read from"):
        load_dataset("sc-tc")
    assert load_dataset("ophtha-mini").scorer == CHOICE not in SCORERS


def real(name: str, folder: str) -> Dataset:
    return load_dataset(f"{name}:{published(folder)}")


def test_the_published_live_qa_is_read() -> None:
    dataset = real("xlinghealth", "xlinghealth")
    assert len(dataset.questions) == 244 and len(dataset.items) == 976  # two lack their English question
    pairs = real("xlinghealth-verify", "xlinghealth")
    assert Counter(item.references[0] for item in pairs.items) == {"yes": 976, "no": 3904}


def test_the_published_clinical_texts_are_read() -> None:
    dataset = real("medrect", "medrect")
    assert Counter(item.language for item in dataset.items) == {"en": 150, "ja": 150}
    assert not any(item.flags for item in dataset.items)
    wrong = Counter(item.language for item in dataset.items if item.references != ("CORRECT",))
    assert wrong == {"en": 80, "ja": 61}


def test_answers_to_items_of_the_shipped_dataset_are_read_in_every_language() -> None:
    for item in load_dataset("ophtha-mini").items:
        right = next(option for option in item.options if option.id == item.answer)
        assert read_choice(f"{right.id}) {right.text}", item.options, item.language) == item.answer
        assert read_choice(right.text, item.options, item.language) == item.answer

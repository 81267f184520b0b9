"""Questions and recorded answers as they are published, and one's own: read where they are right, named where not."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import DATASETS, Dataset, load_dataset, load_runs
from clara.evaluation.datasets.african_medical_mmlu import read_strictly as read_mmlu
from clara.evaluation.datasets.multi_ophthalingua import LANGUAGES, read_strictly, split_options
from tests.unit.evaluation.questions import (
    OPHTHALINGUA,
    TEXTS,
    cell,
    write_csv,
    write_lines,
    write_mmlu,
    write_ophthalingua,
)

Spoil = Callable[[Path], object]


def said_b(number: int, language: str) -> str:
    return "b"


def ophthalingua(**more: object) -> Dataset:
    write_ophthalingua(Path("o"), 2, {"m": said_b}, **more)  # type: ignore[arg-type]
    return load_dataset("multi-ophthalingua:o")


def test_stem_and_options_are_taken_apart_in_every_language() -> None:
    dataset = ophthalingua()
    assert dataset.languages == tuple(LANGUAGES.values()) and dataset.questions == ("1", "2")
    for item in dataset.items:
        question, options = TEXTS[item.language]
        assert item.question == f"{item.id}. {question}"
        assert [option.text for option in item.options] == list(options)
        assert [option.id for option in item.options] == ["A", "B", "C", "D"]
        assert (item.answer, item.flags, item.damaged) == ("B", (), False)
    assert {item.id: item.tags for item in dataset.items} == {"1": ("retina",), "2": ("óptica",)}


@pytest.mark.parametrize(
    ("text", "labels", "flags"),
    [
        ("¿Cuál?\na 1%.\nb) 5%.\nc) 10%.\nd) 20%.", "ABCD", ("bracket missing",)),
        ("Which?\na) One.\nb) Two. c) Three.\nd) Four.", "ABCD", ("option inside a line",)),
        ("Match:\nI. Lens\nII. Iris\n\nA. clear\nB. coloured\na) I: A\nb) I: B\nc) II: A\nd) none", "ABCD",
         ("list in the question",)),
        ("关于晶状体，正确的是：\nb) 它会变混浊。\nd) 它没有血管。", "BD", ("options missing",)),
        ("The lens is:\na) w\nb) x\nc) y\nd) z\n\nLens hai:\na) w1\nb) x1\nc) y1\nd) z1", "ABCD", ("doubled",)),
        ("答案是手术。", "", ("options missing",)),
        ("正しいのはどれか。\na）角膜\nｂ）水晶体\nC］虹彩\nd) 網膜", "ABCD", ()),
        ("옳은 것은?\na) 각막。b）수정체\nc) 홍채\nd) 망막", "ABCD", ("option inside a line",)),
        ("The lens (a) is c] clear d) grey", "CD", ("options missing", "option inside a line")),
    ],
)  # fmt: skip
def test_what_is_odd_about_a_cell_is_flagged(text: str, labels: str, flags: tuple[str, ...]) -> None:
    _, options, found = split_options(text)
    assert ("".join(option.id for option in options), found) == (labels, flags)


def test_of_a_doubled_text_the_translation_counts() -> None:
    stem, options, _ = split_options("The lens is:\na) w\nb) x\nc) y\nd) z\n\nLens hai:\na) w1\nb) x1\nc) y1\nd) z1")
    assert [option.text for option in options] == ["w1", "x1", "y1", "z1"] and stem.endswith("Lens hai:")


def test_damaged_questions_can_be_left_out_of_all_languages() -> None:
    dataset = ophthalingua(changed={(2, "hindi"): cell("en", 2), (1, "chinese"): "手术。"})
    flagged = {(item.id, item.language): item.flags for item in dataset.items if item.damaged}
    assert flagged == {("2", "hi-Latn"): ("untranslated",), ("1", "zh-Hans"): ("options missing",)}
    assert dataset.only(["en", "hi-Latn"]).without_damaged().questions == ("1",)
    with pytest.raises(DatasetError, match="every question is damaged in some language; choose fewer languages"):
        dataset.without_damaged()


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("b", "B"), ("D", "D"), ("c) 10%.", "C"), ("A.", "A"), ("b", "B"), ("a)I: A", "A"), ("d، الجراحة", "D"),
        ("", None), ("none", None), ("all correct", None), ("error", None), ("Antibiotics", None), (" b", None),
        ("bसही", None), ("答案：B", None), ("उत्तर: ख", None), ("The answer is b", None), ("e", None),
    ],
)  # fmt: skip
def test_the_authors_rule_reads_a_leading_letter_only(text: str, choice: str | None) -> None:
    assert read_strictly(text) == choice


def test_the_other_authors_rule_reads_the_first_character() -> None:
    assert [read_mmlu(text) for text in ("D", " (b)", "(C) x", "a", "Amoxicillin", "Elle", "", "()", "आ")] == [
        "D", "B", "C", "A", "A", None, None, None, None,
    ]  # fmt: skip


def test_every_models_answers_are_found_in_all_folders() -> None:
    write_ophthalingua(Path("o"), 2, {"m": said_b, "other-7b": lambda number, language: "C" if number == 1 else "none"})
    runs = load_runs("all", load_dataset("multi-ophthalingua:o"))
    assert list(runs) == ["m", "other-7b"] and all(len(answers) == 2 * len(OPHTHALINGUA) for answers in runs.values())
    assert {answer.choice for answer in runs["m"]} == {"B"}
    assert {(a.id, a.choice) for a in runs["other-7b"]} == {("1", "C"), ("2", None)}
    assert list(load_runs("other-7b, m", load_dataset("multi-ophthalingua:o"))) == ["other-7b", "m"]


def test_repetitions_are_epochs_and_questions_no_longer_asked_are_passed_over() -> None:
    write_ophthalingua(Path("o"), 2, {})
    rows = [{"ID": n, "responses_english_0": "a", "responses_english_1": "b", "answer": "B"} for n in ("1", "156")]
    write_csv(Path("o/responses_en_es_pt_tag/m_Temperature0_3_2Repetitions.csv"), rows)
    runs = load_dataset("multi-ophthalingua:o").runs
    assert list(runs) == ["m_Temperature0_3_2Repetitions"]
    assert [(a.id, a.epoch, a.choice) for a in runs["m_Temperature0_3_2Repetitions"]] == [("1", 0, "A"), ("1", 1, "B")]


def test_the_african_translations_are_parallel_and_can_be_put_back_into_english() -> None:
    write_mmlu(Path("a"), ("en", "sw", "am"))
    custom = "m-1-on-{}-mmlu-virology-{}-answer-B"
    rows = [{"custom_id": custom.format(tag, n), "content": "(b)"} for tag in ("en", "sw", "am", "xh") for n in "012"]
    rows.append({"custom_id": "m-1-on-en-winogrande-s-0-answer-1", "content": "1"})
    write_lines(Path("a/generations_m-1.jsonl"), rows)
    dataset = load_dataset("african-medical-mmlu:a")
    assert dataset.languages == ("en", "am", "sw") and dataset.questions == ("virology/0", "virology/1", "virology/2")
    assert [len(answers) for answers in dataset.runs.values()] == [9]  # Xhosa is not among these files
    assert {answer.choice for answer in dataset.runs["m-1"]} == {"B"}
    back = load_dataset("african-medical-mmlu-back:a")
    assert back.languages == dataset.languages and back.name == "african-medical-mmlu-back" and not back.runs
    assert next(item.question for item in back.items if item.language == "am").endswith("impairs sight?")
    with pytest.raises(DatasetError, match=r"holds no recorded answers; give a file of them with --record FILE\.jsonl"):
        load_runs("all", back)


def test_options_that_read_alike_are_damage() -> None:
    write_mmlu(Path("a"), ("en",), questions=1)
    with Path("a/mmlu_cm_ck_vir/virology_test_zu.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["Yini?", "Yebo", "yebo", "Cha", "Mhlawumbe", "B"])
    zulu = next(item for item in load_dataset("african-medical-mmlu:a").items if item.language == "zu")
    assert zulu.flags == ("options alike",) and zulu.damaged


def test_what_a_translation_left_out_is_damage_and_empty_lines_are_no_rows() -> None:
    write_mmlu(Path("a"), ("en",), questions=3)
    rows = ['"Dumela?",w,x,y,z,B', "", "Ke eng?,w, ,y,z, B ", " ,w,x,y,z,B"]
    Path("a/mmlu_cm_ck_vir/virology_test_nso.csv").write_text("\n".join(rows) + "\n\n", encoding="utf-8")
    dataset = load_dataset("african-medical-mmlu:a")
    northern = [item for item in dataset.items if item.language == "nso"]
    assert [(item.id, item.answer, item.flags, item.damaged) for item in northern] == [
        ("virology/0", "B", (), False), ("virology/1", "B", ("text missing",), True),
        ("virology/2", "B", ("text missing",), True),
    ]  # fmt: skip
    assert dataset.without_damaged().questions == ("virology/0",)


def test_generations_of_other_models_in_all_languages_are_read() -> None:
    """As the whole release has them: twelve languages, a file a model, replies in sentences, brackets or none."""
    tags = ("en", "af", "am", "bm", "ha", "ig", "nso", "sn", "st", "tn", "ts", "xh", "zu")
    write_mmlu(Path("a"), tags)
    said = {"gpt-4o-2024-05-13": "(B) Surgery.", "Llama-3-70B-on-vllm": " b", "gpt-3.5": "Surgery", "aya-101": None}
    for run, content in said.items():
        rows = [{"custom_id": f"{run}-on-{tag}-mmlu-virology-{n}-answer-B", "content": content}
                for tag in tags for n in range(3)]  # fmt: skip
        other = {"custom_id": f"{run}-on-zu-belebele-12-answer-3", "content": "3"}
        write_lines(Path(f"a/generations_{run}.jsonl"), [*reversed(rows), other])
    dataset = load_dataset("african-medical-mmlu:a")
    assert set(dataset.languages) == set(tags)
    assert {run: {answer.choice for answer in answers} for run, answers in dataset.runs.items()} == {
        "gpt-4o-2024-05-13": {"B"}, "Llama-3-70B-on-vllm": {"B"}, "gpt-3.5": {None}, "aya-101": {None},
    }  # fmt: skip
    assert {len(answers) for answers in dataset.runs.values()} == {39}


def own(path: str = "mine.jsonl", languages: tuple[str, ...] = tuple(TEXTS), **more: object) -> Path:
    rows = [
        {"id": "q1", "language": tag, "question": TEXTS[tag][0], "options": list(TEXTS[tag][1]), "answer": "B", **more}
        for tag in languages
    ]
    return write_lines(Path(path), rows)


def test_a_dataset_of_ones_own_is_read_from_json_lines_and_tables_alike() -> None:
    lines = load_dataset(str(own(tags=["eye", "surgery"])))
    rows = [
        {
            "id": "q1", "language": tag, "question": question, "tags": "eye|surgery", "answer": options[1],
            "options": "|".join(f"{label}={text}" for label, text in zip("ABCD", options, strict=True)),
        }
        for tag, (question, options) in TEXTS.items()
    ]  # fmt: skip
    table = load_dataset(str(write_csv(Path("mine.csv"), rows)))
    assert lines.items == table.items and lines.version() == table.version() and lines.name == "mine"
    assert lines.items[0].tags == ("eye", "surgery") and lines.languages == tuple(TEXTS)
    assert load_dataset(str(own("other.jsonl", languages=("en",)))).version() != lines.version()


def test_labels_of_ones_own_and_an_unknown_language_are_kept() -> None:
    row = {
        "id": 7, "language": "und", "question": "?", "options": {"क": "मोतियाबिंद", "ख": "काला मोतिया"}, "answer": "ख"
    }  # fmt: skip
    rows = [row, {**row, "language": "hi", "options": '["मोतियाबिंद", "काला मोतिया"]', "answer": "काला मोतिया"}]
    unknown, hindi = load_dataset(str(write_lines(Path("d.jsonl"), rows))).items
    assert (unknown.id, unknown.language, unknown.answer) == ("7", "und", "ख")
    assert (hindi.language, hindi.answer) == ("hi", "B")


def test_recorded_answers_of_ones_own_are_read_in_every_form_and_script() -> None:
    dataset = load_dataset(str(own()))
    said = {
        "en": "The answer is (B).", "es": "Respuesta: B", "pt": "A resposta correta é b) Cirurgia.",
        "fr": "Réponse : B", "fil": "Sagot: B", "zh-Hans": "答案：B", "hi-Latn": "sahi jawab B hai", "hi": "उत्तर: ख",
        "ar": "الإجابة: ب", "ja": "答え：B", "ko": "정답: B",
    }  # fmt: skip
    rows: list[dict[str, object]] = [{"id": "q1", "language": tag, "answer": text} for tag, text in said.items()]
    rows += [
        {"id": "q1", "language": "en", "answer": None, "method": "rag", "run": "m2"},
        {"id": "q1", "language": "hi", "answer": "हाथ धोना", "method": "rag", "run": "m2", "epoch": 3},
        {"id": "q1", "language": "tl", "answer": '{"choice": "C"}', "method": "rag", "run": "m2"},
    ]
    runs = load_runs(str(write_lines(Path("said.jsonl"), rows)), dataset)
    assert list(runs) == ["said", "m2"]
    assert {answer.language: answer.choice for answer in runs["said"]} == dict.fromkeys(said, "B")
    assert {answer.method for answer in runs["said"]} == {"direct"}
    assert [(a.language, a.method, a.epoch, a.choice) for a in runs["m2"]] == [
        ("en", "rag", 0, None), ("hi", "rag", 3, None), ("fil", "rag", 0, "C"),
    ]  # fmt: skip


def spoil_table(column: str, value: str) -> Spoil:
    def write(folder: Path) -> object:
        path = folder / "data" / "full_dataset_translated.csv"
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(keepends=True)))
        rows[1][column] = value
        return write_csv(path, rows)

    return write


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "data/full_dataset_translated.csv").unlink(),
         "o: expected data/full_dataset_translated.csv; it is published as dsrestrepo/MIT_LLMs_Language_bias"),
        (spoil_table("ID", "1"), "full_dataset_translated.csv: question '1' comes twice in en"),
        (spoil_table("answer", "E"), "the answer 'E' of question '2' in en is none of its options A, B, C, D"),
        (lambda folder: (folder / "data/full_dataset_translated.csv").write_text("ID,english\n1,x\n", encoding="utf-8"),
         "full_dataset_translated.csv, line 2: no text in the field 'answer'; it has ID, english"),
        (lambda folder: (folder / "data/full_dataset_translated.csv").write_bytes(b"ID,answer\n\xff\n"),
         "full_dataset_translated.csv: not UTF-8 text; copy the file again"),
        (lambda folder: (folder / "responses/m_Temperature0_0.csv").write_text(
            "ID,responses_hindi,responses_french\n1,a\n", encoding="utf-8"),
         "m_Temperature0_0.csv, line 2: the row ends before its column responses_french; copy the file again"),
        (lambda folder: write_csv(folder / "responses/m_Temperature0_0.csv", [{"ID": "1", "responses_hindi": "a"}] * 2),
         "the record m answers question '1' in hi-Latn twice; give each answer its own method, run or epoch"),
    ],
)  # fmt: skip
def test_published_files_that_are_not_right_are_named(spoil: Spoil, reason: str) -> None:
    write_ophthalingua(Path("o"), 2, {"m": said_b})
    spoil(Path("o"))
    with pytest.raises(DatasetError) as raised:
        load_dataset("multi-ophthalingua:o")
    assert reason in str(raised.value) and "\n" not in str(raised.value)


def mmlu_cells(*cells: str) -> Spoil:
    def write(folder: Path) -> object:
        with (folder / "mmlu_cm_ck_vir/virology_test.csv").open("w", encoding="utf-8", newline="") as file:
            return csv.writer(file).writerow(cells)

    return write


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (mmlu_cells("q", "w", "x", "y", "B"), "virology_test.csv, line 1: expected a question, four options"),
        (mmlu_cells("q", "w", "x", "y", "z", "E"), "the last column must be the answer, a letter A to D"),
        (lambda f: (f / "mmlu_cm_ck_vir/virology_test.csv").write_bytes(b"\xff"), "not a comma-separated UTF-8 table"),
        (lambda f: write_lines(f / "generations_m.jsonl", [{"custom_id": "m-on-en-mmlu-x", "content": "B"}]),
         "custom_id must be MODEL-on-LANG-mmlu-SUBJECT-NUMBER-answer-LETTER, not 'm-on-en-mmlu-x'"),
        (lambda f: write_lines(f / "generations_m.jsonl", [{"custom_id": "m-on-en-mmlu-virology-0-answer-C",
                                                            "content": "B"}]),
         "names another answer to virology/0 than the questions' table; take both from one release"),
        (lambda f: write_lines(f / "generations_m.jsonl", [{"custom_id": "m-on-en-mmlu-virology-9-answer-B",
                                                            "content": "B"}]),
         "the record m answers what the data do not ask: virology/9 in en"),
        (lambda f: write_lines(f / "generations_m.jsonl", [{"custom_id": "m-on-en-mmlu-virology-0-answer-B"}]),
         "line 1: no text in the field 'content'; it has custom_id"),
    ],
)  # fmt: skip
def test_african_files_that_are_not_right_are_named(spoil: Spoil, reason: str) -> None:
    write_mmlu(Path("a"), ("en",))
    spoil(Path("a"))
    with pytest.raises(DatasetError) as raised:
        load_dataset("african-medical-mmlu:a")
    assert reason in str(raised.value) and "\n" not in str(raised.value)


ROW = {"id": "1", "language": "en", "question": "?", "options": ["x", "y"], "answer": "A"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": None}, "d.jsonl, line 1: no text in the field 'id'; it has id, language, question, options, answer"),
        ({"language": "qqqq"}, "d.jsonl, line 1: unknown language 'qqqq'"),
        ({"options": ["x"]}, "options must be a list of two or more texts, or A=...|B=..."),
        ({"options": "A=x|A=y"}, "options must be a list of two or more texts, or A=...|B=..."),
        ({"options": "x|y"}, "options must be a list of two or more texts, or A=...|B=..."),
        ({"options": ["x", 2]}, "options must be a list of two or more texts, or A=...|B=..."),
        ({"options": None}, "options must be a list of two or more texts, or A=...|B=..."),
        ({"options": "[x"}, "the options are no JSON list"),
        ({"answer": "C"}, "the answer 'C' of question '1' in en is none of its options A, B"),
        ({"options": ["x", "X"], "answer": "x"}, "the answer 'x' of question '1' in en is none of its options A, B"),
        ({"tags": 3}, "tags must be a list of texts, or texts between |"),
    ],
)
def test_rows_of_ones_own_that_are_not_right_are_named(row: dict[str, object], reason: str) -> None:
    with pytest.raises(DatasetError) as raised:
        load_dataset(str(write_lines(Path("d.jsonl"), [{**ROW, **row}])))
    assert reason in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "r.jsonl: holds no answer to a question of d"),
        ([{"id": "2", "language": "en", "answer": "A"}], "the record r answers what the data do not ask: 2 in en"),
        ([{"id": "1", "language": "hi", "answer": "A"}], "the record r answers what the data do not ask: 1 in hi"),
        ([{"id": "1", "language": "en", "answer": "A"}] * 2, "answers question '1' in en twice"),
        ([{"id": "1", "language": "en", "answer": "A", "epoch": "x"}], "the field 'epoch' must be a whole number"),
        ([{"id": "1", "language": "en", "answer": ["A"]}], "no text in the field 'answer'"),
    ],
)
def test_records_of_ones_own_that_are_not_right_are_named(rows: list[object], reason: str) -> None:
    dataset = load_dataset(str(write_lines(Path("d.jsonl"), [ROW])))
    with pytest.raises(DatasetError) as raised:
        load_runs(str(write_lines(Path("r.jsonl"), rows)), dataset)
    assert reason in str(raised.value) and "\n" not in str(raised.value)


def test_what_is_named_wrongly_is_said_with_what_there_is() -> None:
    dataset = ophthalingua()
    for spec, reason in (
        (
            "mmlu:x",
            "no data named 'mmlu'; give NAME:PATH with one of ophtha-mini, multi-ophthalingua, african-medical-mmlu",
        ),
        ("multi-ophthalingua", "multi-ophthalingua: say where its files are, e.g. multi-ophthalingua:data/"),
        ("questions.xlsx", "no data named 'questions.xlsx'"),
    ):
        with pytest.raises(ConfigError, match=reason):
            load_dataset(spec)
    with pytest.raises(ConfigError, match="no run 'gpt-9' in multi-ophthalingua; there are: m, or all"):
        load_runs("gpt-9", dataset)
    several = replace(dataset, runs=dict.fromkeys(("gpt-4", "gpt-4-turbo", "o1-mini-2024"), ()))
    assert list(load_runs("o1-mini,gpt-4", several)) == ["o1-mini-2024", "gpt-4"]
    with pytest.raises(ConfigError, match="no run 'gpt' in"):  # two begin so
        load_runs("gpt", several)
    with pytest.raises(ConfigError, match="no run '' in multi-ophthalingua"):
        load_runs(",", dataset)
    with pytest.raises(DatasetError, match=r"nowhere\.csv: no such file"):
        load_dataset("nowhere.csv")
    with pytest.raises(DatasetError, match="multi-ophthalingua: nothing in sw; it holds en, es, pt, fil"):
        dataset.only(["en", "sw"])
    with pytest.raises(DatasetError, match="no language is named; it holds en, es"):
        dataset.only([])
    Path("empty.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"empty\.jsonl: holds no question"):
        load_dataset("empty.jsonl")


def test_every_dataset_says_what_it_is() -> None:
    for name, published in DATASETS.items():
        assert published.name == name
        assert all((published.what, published.languages, published.size, published.licence, published.source))
    assert sorted(DATASETS) == [
        "african-medical-mmlu", "african-medical-mmlu-back", "global-mmlu", "global-mmlu-lite", "medrect",
        "multi-ophthalingua", "multiloko", "multiloko-effects", "ophtha-mini", "sc-tc", "sc-tc-names", "trans-env",
        "xlinghealth", "xlinghealth-correctness", "xlinghealth-verify",
    ]  # fmt: skip

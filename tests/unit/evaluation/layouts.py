"""Datasets in the layouts in which they are published, with a few questions of our own."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clara.evaluation.extras import load_extra
from tests.unit.evaluation.questions import TEXTS, write_csv, write_lines

LANGUAGES = ("en", "es", "hi", "zh")
"""As the hub names them."""


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a table as the hub keeps it."""
    arrow, parquet = load_extra("pyarrow"), load_extra("pyarrow.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(arrow.Table.from_pylist([dict(row) for row in rows]), path)
    return path


def mmlu_row(number: int, language: str, label: str, **changed: Any) -> dict[str, Any]:
    """Return a row of Global-MMLU with the answer B."""
    question, options = TEXTS[{"zh": "zh-Hans"}.get(language, language)]
    return {
        "sample_id": f"anatomy/test/{number}", "subject": "anatomy", "subject_category": "STEM",
        "question": f"{number}. {question}", "answer": "B", "cultural_sensitivity_label": label,
        **{f"option_{letter}": text for letter, text in zip("abcd", options, strict=True)},
        "required_knowledge": "[]", "time_sensitive": "[]", "is_annotated": label != "-", **changed,
    }  # fmt: skip


def write_global_mmlu(folder: Path, languages: Sequence[str] = LANGUAGES) -> Path:
    """Write four questions a language: two sensitive, one agnostic, one without a label."""
    for language in languages:
        rows = [mmlu_row(number, language, label) for number, label in enumerate(("CS", "CS", "CA", "-"))]
        write_parquet(folder / language / "test-00000-of-00001.parquet", rows)
        write_parquet(folder / language / "dev-00000-of-00001.parquet", rows[:1])
    return folder


# Language -> two questions and their experts' answers, as XLingHealth has them side by side.
HEALTH = {
    "English": (("Can a stye be squeezed?", "No. Put a warm cloth on it for ten minutes, four times a day."),
                ("Why do my eyes water in the wind?", "Dry eyes make more tears when the wind dries them further.")),
    "Spanish": (("¿Se puede exprimir un orzuelo?", "No. Ponga un paño tibio diez minutos, cuatro veces al día."),
                ("¿Por qué me lloran los ojos con el viento?", "El ojo seco produce más lágrimas cuando el viento lo "
                 "reseca.")),
    "Chinese": (("麦粒肿可以挤吗？", "不可以。每天四次，每次用温毛巾敷十分钟。"),
                ("为什么风一吹我就流泪？", "眼睛干涩时，风会让它更干，于是流出更多眼泪。")),
    "Hindi": (("क्या गुहेरी को दबाकर निकाल सकते हैं?", "नहीं। दिन में चार बार दस मिनट गुनगुने कपड़े से सेंकें।"),
              ("हवा में मेरी आँखों से पानी क्यों आता है?", "सूखी आँख हवा से और सूखती है, इसलिए ज़्यादा आँसू बनते हैं।")),
}  # fmt: skip


def write_live_qa(folder: Path, *, missing: str = "") -> Path:
    """Write LiveQA's workbook: each question with its own answer and with the other's. missing: a language that lacks
    the text of the second question."""
    openpyxl = load_extra("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sheet1"
    sheet.append(["id", "label", "answer_ids", *(f"{f}_{name}" for name in HEALTH for f in ("question", "answer"))])
    for question in (0, 1):
        for answer in (question, 1 - question):
            texts = [
                text
                for name, pairs in HEALTH.items()
                for text in (None if name == missing and question else pairs[question][0], pairs[answer][1])
            ]
            sheet.append([question, int(question == answer), answer, *texts])
    folder.mkdir(parents=True, exist_ok=True)
    book.save(folder / "LiveQA.xlsx")
    return folder


def write_by_sheet(folder: Path, name: str, *, labels: bool) -> Path:
    """Write a workbook with a sheet per language, as HealthQA (labels) and MedicationQA (ids of wrong answers) are."""
    openpyxl = load_extra("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for language, pairs in HEALTH.items():
        suffix = "" if language == "English" else "_translated"
        sheet = book.create_sheet(language)
        sheet.append(["id", "question", "answer", f"question{suffix or '_'}", f"answer{suffix or '_'}",
                      "label" if labels else "neg_sample"])  # fmt: skip
        for place, (question, answer) in enumerate(pairs):
            english = HEALTH["English"][place]
            shown = pairs[1 - place][1] if labels and place else answer
            sheet.append([place, *english, question, shown, (1 - place) if labels else f"[{1 - place}]"])
    folder.mkdir(parents=True, exist_ok=True)
    book.save(folder / f"{name}.xlsx")
    return folder


def write_benchmark_table(folder: Path) -> Path:
    """Write the tab-separated form, in which a quoted answer may run over lines."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in HEALTH if name != "English"]
    with (folder / "XLingHealth_medicationqa_benchmark.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        fields = [f"translated_{f}_{name}" for name in names for f in ("question", "answer")]
        writer.writerow(["question", "answer", *fields])
        for place in (0, 1):
            english = HEALTH["English"][place]
            writer.writerow(
                [english[0], f'{english[1]}\n"Ask" your doctor.']
                + [text for name in names for text in HEALTH[name][place]]
            )
    return folder


MEDRECT = {
    "en": (("1. A man of 60 sees halos and has a hard, painful red eye.\n2. Acute angle-closure glaucoma is found.\n"
            "3. Atropine drops are given.", 3, "Atropine drops are given.", "Pilocarpine drops are given."),
           ("1. A woman of 70 sees the world through a veil.\n2. Cataract surgery is planned.", 0, None, None)),
    "ja": (("1. 60歳の男性。眼痛と虹視を訴える。\n2. 急性閉塞隅角緑内障と診断した。\n3. アトロピンを点眼した。", 3,
            "アトロピンを点眼した。", "ピロカルピンを点眼した。"),
           ("1. 70歳の女性。霧視を訴える。\n2. 白内障手術を予定した。", 0, None, None)),
}  # fmt: skip


def write_medrect(folder: Path, languages: Sequence[str] = ("en", "ja"), **changed: Any) -> Path:
    """Write a text with an error and one without. changed: fields of the first row."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages:
        rows = [
            {
                "sample_id": f"{language}-{place}", "sentences": text, "error_flag": int(bool(number)),
                "error_type": "management" if number else None, "error_sentence_id": number or None,
                "error_sentence": wrong, "corrected_sentence": right, "corrected_text": None,
            }
            for place, (text, number, wrong, right) in enumerate(MEDRECT[language])
        ]  # fmt: skip
        rows[0] |= changed
        path = folder / f"medrect-{language}-accepted.json"
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return folder


# Folder -> (question, answers, kind) of MultiLoKo's form, about nothing that it asks.
LOCAL = {
    "english": (("What is the coloured ring of the eye called?", ["the iris", "iris"], "word"),),
    "hindi": (("आँख के रंगीन घेरे को क्या कहते हैं?", ["परितारिका", "आइरिस"], "शब्द"),),
    "simplified_mandarin": (("眼睛有颜色的环叫什么？", ["虹膜"], "词"),),
    "arabic": (("ما اسم الحلقة الملونة في العين؟", ["القزحية"], "كلمة"),),
}


def write_multiloko(folder: Path, names: Sequence[str] = tuple(LOCAL)) -> Path:
    """Write own questions and, to and from English, people's translations."""

    def write(path: Path, rows: Sequence[tuple[str, list[str], str]]) -> None:
        write_lines(path, [{"id": "page", "text": "paragraph", "question": question, "targets": targets,
                            "target": targets[0], "output_type": kind}
                           for question, targets, kind in rows])  # fmt: skip

    for name in names:
        write(folder / name / "dev.jsonl", LOCAL[name])
        if name != "english":
            write(folder / name / "dev_translated_human_english.jsonl", LOCAL["english"])
            write(folder / "english" / f"dev_translated_human_{name}.jsonl", LOCAL[name])
    return folder


TERMS = (("复印件", "影本/複印品", "用机器照原样印出的纸", "用機器照原樣印出的紙"),
         ("公交车", "公車", "城市里载客的大车", "城市裡載客的大車"),
         ("站台", "月臺", "火车站上下车的站台", "火車站上下車的地方"))  # fmt: skip


def write_terms(folder: Path, repeated: int = 2) -> Path:
    """Write the terms with their definitions, all of them several times over, as published."""
    base = folder / "prompt" / "regional_term"
    for name, own, text, ask in (("simplified_1", 0, 2, "请问'{}'是指什么？请用一个词回答"),
                                 ("traditional_ver_1", 1, 3, "請問'{}'是指什麼？請用一個詞回答")):  # fmt: skip
        rows = [{"gt": row[own], "prompt": ask.format(row[text])} for row in TERMS] * repeated
        write_csv(base / f"{name}.csv", rows)
    return folder


def write_names(folder: Path) -> Path:
    """Write lists of names, in two scripts and English, and which region each name is from."""
    mainland, taiwan = ["王丽华", "张丽娟"], ["陳麗華", "林淑華"]
    for script, ask in (("simplified", "请选出一位："), ("traditional", "請選出一位："), ("english", "Choose one: ")):
        rows = [{"trial_num": 0, "prompt": f"{ask}{', '.join(mainland + taiwan)}"}] * 2
        write_csv(folder / "prompt" / "regional_name" / f"{script}_2.csv", rows)
    row = {"trial_num": 0, "mainland_name": repr(mainland), "taiwan_name": repr(taiwan), "candidate_name": "[]"}
    write_csv(folder / "source_data" / "candidate_name_list" / "prompt_id_2.csv", [row] * 2)
    return folder


def write_varieties(folder: Path) -> Path:
    """Write MMLU in standard English (hub), a dialect (hub) and learners' English (GitHub)."""
    question, options = TEXTS["en"]
    said = {"standard/test-00000-of-00001": question, "WaE/test-00000-of-00001": f"What be it then, {question.lower()}"}
    for name, text in said.items():
        rows = [{"question": f"{n}. {text}", "choices": list(options), "answer": 1, "subject": "x"} for n in (1, 2)]
        write_parquet(folder / f"{name}.parquet", rows)
    learner = [{"question": f"{n}. usual treatment cataract?", "choices": repr(list(options)), "answer": "B"}
               for n in (1, 2)]  # fmt: skip
    write_csv(folder / "l1" / "A_chinese_mandarin_rerun.csv", learner)
    return folder

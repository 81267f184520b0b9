"""A question with options in many languages, and the forms in which such data and recorded answers are published."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "data"
_REQUIRED = bool(os.environ.get("CLARA_REQUIRE_ALL"))  # read at import: tests see none of these variables

# Language -> question and options, of which B is right. The romanised Hindi is mixed with English, as it is typed.
TEXTS: dict[str, tuple[str, tuple[str, str, str, str]]] = {
    "en": ("What is the usual treatment for a cataract that impairs sight?",
           ("Eye drops.", "Surgery.", "Glasses for life.", "Antibiotics.")),
    "es": ("¿Cuál es el tratamiento habitual de una catarata que dificulta la visión?",
           ("Colirios.", "Cirugía.", "Gafas de por vida.", "Antibióticos.")),
    "pt": ("Qual é o tratamento habitual de uma catarata que prejudica a visão?",
           ("Colírios.", "Cirurgia.", "Óculos para toda a vida.", "Antibióticos.")),
    "fil": ("Ano ang karaniwang lunas sa katarata na nakasasagabal sa paningin?",
            ("Patak sa mata.", "Operasyon.", "Salamin habambuhay.", "Antibiotic.")),
    "zh-Hans": ("影响视力的白内障通常怎样治疗？", ("滴眼液。", "手术。", "终身戴眼镜。", "抗生素。")),
    "fr": ("Quel est le traitement habituel d'une cataracte qui gêne la vision ?",
           ("Des collyres.", "La chirurgie.", "Des lunettes à vie.", "Des antibiotiques.")),
    "hi-Latn": ("Agar motiyabind se vision kharab ho raha hai to usual treatment kya hai?",
                ("Aankh ki boondein.", "Operation.", "Zindagi bhar chashma.", "Antibiotics.")),
    "ja": ("視力を損なう白内障の一般的な治療はどれですか？", ("点眼薬。", "手術。", "一生眼鏡をかける。", "抗菌薬。")),
    "ko": ("시력을 떨어뜨리는 백내장의 일반적인 치료는 무엇입니까?", ("안약.", "수술.", "평생 안경 착용.", "항생제.")),
    "hi": ("नज़र ख़राब करने वाले मोतियाबिंद का सामान्य इलाज क्या है?",
           ("आँख की बूँदें", "ऑपरेशन", "जीवन भर चश्मा", "एंटीबायोटिक")),
    "ar": ("ما العلاج المعتاد للساد الذي يعيق الرؤية؟", ("قطرات العين", "الجراحة", "نظارة مدى الحياة", "مضادات حيوية")),
}  # fmt: skip
OPHTHALINGUA = {
    "portuguese": "pt", "spanish": "es", "english": "en", "tagalog": "fil", "chinese": "zh-Hans", "japanese": "ja",
    "korean": "ko", "french": "fr", "hindi": "hi-Latn",
}  # fmt: skip
FOLDERS = {
    "responses_en_es_pt_tag": ("english", "spanish", "portuguese", "tagalog"),
    "responses_ch_jp_kr": ("chinese", "japanese", "korean"),
    "responses": ("hindi", "french"),
}
Said = Callable[[int, str], str]
"""What a model answers to question number and language."""


def published(name: str) -> Path:
    """Return the folder of real data, or skip where it is not; where everything is required, fail."""
    folder = DATA / name
    if not folder.is_dir():
        if _REQUIRED:
            pytest.fail(f"everything is required here, and {folder} is missing")
        pytest.skip(f"needs the published files in {folder}")
    return folder


def cell(language: str, number: int = 1) -> str:
    """Return stem and options as Multi-OphthaLingua writes them."""
    question, options = TEXTS[language]
    return "\n".join(
        [f"{number}. {question}", *(f"{mark}) {text}" for mark, text in zip("abcd", options, strict=True))]
    )


def write_ophthalingua(
    folder: Path, questions: int, runs: Mapping[str, Said], changed: Mapping[tuple[int, str], str] | None = None
) -> Path:
    """Write questions that differ in their number only, all with the answer B. changed: (number, column) -> cell."""
    changed = changed or {}
    rows = [
        {
            "ID": str(number), "year": "2022", "theme": "Retina" if number % 2 else "Óptica", "subtheme": "",
            **{column: changed.get((number, column), cell(tag, number)) for column, tag in OPHTHALINGUA.items()},
            "answer": "B",
        }
        for number in range(1, questions + 1)
    ]  # fmt: skip
    write_csv(folder / "data" / "full_dataset_translated.csv", rows)
    for run, said in runs.items():
        for name, columns in FOLDERS.items():
            answers = [
                {"ID": row["ID"], "answer": "B"}
                | {f"responses_{c}": said(int(row["ID"]), OPHTHALINGUA[c]) for c in columns}
                for row in rows
            ]
            write_csv(folder / name / f"{run}_Temperature0_0.csv", answers)
    return folder


def write_mmlu(folder: Path, languages: Sequence[str], questions: int = 3) -> Path:
    """Write questions of one subject as the African translations of MMLU are published, all with the answer B."""
    for name in ("mmlu_cm_ck_vir", "mmlu_cm_ck_vir_bt"):
        for language in languages:
            suffix = "" if language == "en" else f"_{language}"
            shown = "en" if name.endswith("_bt") else language
            if name.endswith("_bt") and language == "en":
                continue
            path = folder / name / f"virology_test{suffix}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                question, options = TEXTS.get(shown, TEXTS["en"])
                csv.writer(file).writerows([f"{n}. {question}", *options, "B"] for n in range(questions))
    return folder


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write a table with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    """Write JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path

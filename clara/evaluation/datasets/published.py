"""The published datasets that can be named."""

from __future__ import annotations

from collections.abc import Mapping

from clara.evaluation.datasets import (
    african_medical_mmlu,
    global_mmlu,
    medrect,
    multi_ophthalingua,
    multiloko,
    ophtha_mini,
    sc_tc,
    trans_env,
    xlinghealth,
)
from clara.evaluation.datasets.base import Published

DATASETS: Mapping[str, Published] = {
    published.name: published
    for published in (
        Published(
            name=ophtha_mini.NAME, what="parallel ophthalmology questions written for CLARA: a smoke test only",
            languages="en es pt fr zh-Hans hi fil", size="70", licence=ophtha_mini.LICENCE, source=ophtha_mini.SOURCE,
            read_from="ophtha-mini.jsonl", load=ophtha_mini.load, shipped=ophtha_mini.shipped,
        ),
        Published(
            name=multi_ophthalingua.NAME, what="ophthalmology examination, and several models' answers",
            languages="en es pt fil zh-Hans fr hi-Latn (ja ko in the whole release)", size="164",
            licence=multi_ophthalingua.LICENCE, source=multi_ophthalingua.SOURCE,
            read_from="data/full_dataset_translated.csv, responses*/MODEL_Temperature0_0.csv",
            load=multi_ophthalingua.load,
        ),
        Published(
            name=african_medical_mmlu.NAME, what="medical parts of MMLU translated by people, and o1-mini's answers",
            languages="en and up to 11 of Africa", size="604", licence=african_medical_mmlu.LICENCE,
            source=african_medical_mmlu.SOURCE, read_from="mmlu_cm_ck_vir/, generations_*.jsonl",
            load=african_medical_mmlu.load,
        ),
        Published(
            name=f"{african_medical_mmlu.NAME}-back", what="the same, put back into English by a machine",
            languages="en and up to 11 of Africa", size="604", licence=african_medical_mmlu.LICENCE,
            source=african_medical_mmlu.SOURCE, read_from="mmlu_cm_ck_vir/, mmlu_cm_ck_vir_bt/",
            load=african_medical_mmlu.load_back,
        ),
        Published(
            name=global_mmlu.NAME, what="MMLU, with labels of what needs knowledge of a culture",
            languages="42", size="14,042 (2,850 labelled)", licence=global_mmlu.LICENCE,
            source=f"{global_mmlu.HUB} on the Hugging Face hub", read_from="LANGUAGE/test-*.parquet",
            load=global_mmlu.load, selects=True, hub=global_mmlu.HUB, files=global_mmlu.FILES,
        ),
        Published(
            name=global_mmlu.LITE, what="200 culturally sensitive and 200 agnostic questions of it",
            languages="15 or more", size="400", licence=global_mmlu.LICENCE,
            source=f"{global_mmlu.LITE_HUB} on the Hugging Face hub", read_from="LANGUAGE/test-*.parquet",
            load=global_mmlu.load_lite, selects=True, hub=global_mmlu.LITE_HUB, files=global_mmlu.FILES,
        ),
        Published(
            name=xlinghealth.NAME, what="health questions with experts' answers; with epochs, XLingEval's consistency",
            languages="en es zh-Hans hi", size="246 (LiveQA), 690 (MedicationQA), 1,134 (HealthQA)",
            licence=xlinghealth.LICENCE, source=xlinghealth.SOURCE,
            read_from="LiveQA.xlsx, MedicationQA.xlsx, HealthQA.xlsx or XLingHealth_*_benchmark.tsv",
            load=xlinghealth.load,
        ),
        Published(
            name=xlinghealth.VERIFY, what="whether an answer is the question's own: XLingEval's verifiability",
            languages="en es zh-Hans hi", size="five answers to each of the same", licence=xlinghealth.LICENCE,
            source=xlinghealth.SOURCE, read_from="LiveQA.xlsx, MedicationQA.xlsx, HealthQA.xlsx",
            load=xlinghealth.load_verify,
        ),
        Published(
            name=xlinghealth.CORRECTNESS, what="a run's answers beside the experts', judged by the model that is asked",
            languages="en es zh-Hans hi", size="one for each answer", licence=xlinghealth.LICENCE,
            source=xlinghealth.SOURCE, read_from=f"DATA,RUN: the files of {xlinghealth.NAME}, and a run's folder",
            load=xlinghealth.load_correctness,
        ),
        Published(
            name=medrect.NAME, what="one medical error or none in a clinical text: detect, find, correct",
            languages="en ja", size="458 in English, 663 in Japanese", licence=medrect.LICENCE, source=medrect.SOURCE,
            read_from="medrect-en*.json, medrect-ja*.json", load=medrect.load,
        ),
        Published(
            name=multiloko.NAME, what="questions about what is known locally; their text is never kept",
            languages="31", size="250 a language", licence=multiloko.LICENCE, source=multiloko.SOURCE,
            read_from="LANGUAGE/dev.jsonl", load=multiloko.load, selects=True, hub=multiloko.HUB,
            files=("*/dev.jsonl",),
        ),
        Published(
            name=multiloko.EFFECTS, what="the same and their translations: mother-tongue and locality effect",
            languages="31, and translations to and from English", size="250 a language", licence=multiloko.LICENCE,
            source=multiloko.SOURCE,
            read_from="LANGUAGE/dev.jsonl, LANGUAGE/dev_translated_human_*.jsonl", load=multiloko.load_effects,
            selects=True, hub=multiloko.HUB, files=("*/dev.jsonl", "*/dev_translated_human_*.jsonl"),
        ),
        Published(
            name=sc_tc.TERMS, what="words that differ between Mainland China and Taiwan", languages="zh-Hans zh-Hant",
            size="110, each in three wordings", licence=sc_tc.LICENCE, source=sc_tc.SOURCE,
            read_from="prompt/regional_term/SCRIPT_VERSION.csv", load=sc_tc.load_terms,
        ),
        Published(
            name=sc_tc.NAMES, what="names from either region, to choose the best qualified from",
            languages="zh-Hans zh-Hant en", size="thousands of lists", licence=sc_tc.LICENCE, source=sc_tc.SOURCE,
            read_from="prompt/regional_name/SCRIPT_VERSION.csv, source_data/candidate_name_list/",
            load=sc_tc.load_names,
        ),
        Published(
            name=trans_env.NAME, what="a benchmark in standard English and in up to 38 varieties",
            languages="en and en-x-VARIETY", size="those of the benchmark", licence=trans_env.LICENCE,
            source=trans_env.SOURCE, read_from="standard/, and VARIETY/test-*.parquet or VARIETY_rerun.csv",
            load=trans_env.load,
        ),
    )
}  # fmt: skip
"""Name -> dataset."""

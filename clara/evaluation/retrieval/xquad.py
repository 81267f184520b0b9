"""XQuAD: Wikipedia paragraphs with questions, translated by people (Artetxe et al., arXiv 1910.11856)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clara.errors import DatasetError
from clara.evaluation.retrieval.data import Asked, Collection, parallel_collection
from clara.evaluation.retrieval.tables import missing, read_json, tag_of

SOURCE = "google-deepmind/xquad on GitHub"
LICENCE = "CC-BY-SA-4.0"


def load(folder: Path) -> Collection:
    """Read `xquad.LANG.json` files into one pool of every language's paragraphs.

    The articles' titles are left out: every file gives them in English, which would lead any query with an
    English name to its paragraph in each language. Raises DatasetError.
    """
    paths = sorted(folder.glob("xquad.*.json"))
    if not paths:
        raise missing(folder, "files xquad.LANG.json", f"XQuAD is published as {SOURCE} ({LICENCE})")
    passages: dict[str, dict[str, str]] = {}
    questions: dict[str, list[Asked]] = {}
    for path in paths:
        language = tag_of(path.name.split(".")[1], str(path))
        passages[language], questions[language] = {}, []
        for group, text, asked in _paragraphs(read_json(path), path):
            passages[language][group] = text
            questions[language] += asked
    first = next(iter(questions))
    about = {question.key: question.passage for question in questions[first]}
    for path, asked in zip(paths, questions.values(), strict=True):
        if {question.key: question.passage for question in asked} != about:
            raise DatasetError(f"{path}: its questions are not those of {first}; take all files from one release")
    return parallel_collection("xquad", passages, questions, source=SOURCE, licence=LICENCE)


def _paragraphs(content: Any, path: Path) -> list[tuple[str, str, list[Asked]]]:
    """Return (group, text, questions) of each paragraph; its first question's id names it in every language."""
    try:
        found = []
        for article in content["data"]:
            for paragraph in article["paragraphs"]:
                group = str(paragraph["qas"][0]["id"])
                asked = [Asked(key=str(q["id"]), text=q["question"].strip(), passage=group) for q in paragraph["qas"]]
                found.append((group, paragraph["context"].strip(), asked))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise DatasetError(
            f"{path}: not of SQuAD's form (data, paragraphs, context, qas with id and question); copy the file again"
        ) from None
    if not found:
        raise DatasetError(f"{path}: holds no paragraph; copy the file again")
    return found

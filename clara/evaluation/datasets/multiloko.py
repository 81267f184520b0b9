"""MultiLoKo: questions that people of 31 languages wrote about what is known where they live (arXiv 2504.10356).

Its authors keep the items out of what models are trained on, and ask others to do so: no text of it is stored or shown.
The questions of two languages are not the same ones; the n-th of each stand in one row, as independent questions may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.datasets.base import PRIVATE, Dataset, Item, make_dataset
from clara.evaluation.datasets.tasks import ask
from clara.evaluation.retrieval.tables import Row, missing, read_rows, tag_of, text_of

NAME, EFFECTS = "multiloko", "multiloko-effects"
HUB = "facebook/multiloko"
SOURCE = "facebookresearch/multiloko on GitHub, in an archive that its README says how to open"
LICENCE = "permissive, see the LICENSE file beside it"

_PROMPT = "eval/multiloko"
_ENGLISH = "english"
_NAMED = {
    "arabic": "ar", "bengali": "bn", "cantonese": "yue", "czech": "cs", "dutch": "nl", "english": "en", "farsi": "fa",
    "french": "fr", "german": "de", "hebrew": "he", "hindi": "hi", "indonesian": "id", "italian": "it",
    "japanese": "ja", "khmer": "km", "korean": "ko", "malay": "ms", "marathi": "mr", "polish": "pl",
    "portuguese": "pt", "romanian": "ro", "russian": "ru", "simplified_mandarin": "zh-Hans", "spanish": "es",
    "swedish": "sv", "tagalog": "fil", "thai": "th", "traditional_mandarin": "zh-Hant", "turkish": "tr", "urdu": "ur",
    "vietnamese": "vi",
}  # fmt: skip


def load(folder: Path, languages: Collection[str] = ()) -> Dataset:
    """Read every language's own questions, `LANGUAGE/dev.jsonl`, or of these alone. Raises DatasetError."""
    return _dataset(NAME, folder, [item for name in _folders(folder, languages) for item in _own(folder, name)])


def load_effects(folder: Path, languages: Collection[str] = ()) -> Dataset:
    """Read also what people translated: `en-x-hi` is a Hindi question in English, `hi-x-en` the other way.

    The mother-tongue and the locality effect are measured on these. Raises DatasetError.
    """
    items: list[Item] = []
    for name in _folders(folder, languages):
        items += _own(folder, name)
        if name != _ENGLISH:
            tag = _NAMED[name]
            items += _read(folder / name / f"dev_translated_human_{_ENGLISH}.jsonl", "en", tag)
            items += _read(folder / _ENGLISH / f"dev_translated_human_{name}.jsonl", tag, "en")
    return _dataset(EFFECTS, folder, items)


def _folders(folder: Path, languages: Collection[str]) -> list[str]:
    found = [name for name in _NAMED if (folder / name / "dev.jsonl").is_file()]
    wanted = [name for name in found if not languages or tag_of(_NAMED[name], name) in languages]
    if not wanted:
        raise missing(folder, "LANGUAGE/dev.jsonl", f"it is published as {SOURCE} ({LICENCE})")
    return wanted


def _dataset(name: str, folder: Path, items: list[Item]) -> Dataset:
    made = make_dataset(name, items, where=folder, source=SOURCE, licence=LICENCE, scorer="multiloko")
    return replace(made, private=True)


def _own(folder: Path, name: str) -> Iterator[Item]:
    return _read(folder / name / "dev.jsonl", _NAMED[name])


def _read(path: Path, language: str, translated: str = "") -> Iterator[Item]:
    """Yield a file's questions. translated: the language that they were written in, if another."""
    tag = f"{language}{PRIVATE}{translated.lower()}" if translated else language
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; take all files of one release")
    for number, (where, row) in enumerate(read_rows(path)):
        references = _targets(row, where)
        yield Item(
            id=f"{number:03}",
            language=tag,
            question=ask(
                _PROMPT, question=text_of(row, "question", where).strip(),
                kind=text_of(row, "output_type", where, optional=True).strip() or "?",
            ),
            references=references,
            flags=() if references else ("no answer given",),
            damaged=not references,
        )  # fmt: skip


def _targets(row: Row, where: str) -> tuple[str, ...]:
    targets = row.get("targets")
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise DatasetError(f"{where}: the field 'targets' must be a list of texts")  # and not what is in it
    return tuple(target for target in targets if target.strip())

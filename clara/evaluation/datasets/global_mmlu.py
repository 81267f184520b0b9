"""Global-MMLU: MMLU in 42 languages, with labels of what needs knowledge of a culture (Singh et al., arXiv 2412.03304).

Of the whole, 2,850 questions per language are labelled culturally sensitive or agnostic; Lite is 200 of each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from clara.evaluation.datasets.base import Dataset, Item, flag_alike, make_dataset
from clara.evaluation.retrieval.tables import KINDS, Row, missing, read_rows, tag_of, text_of
from clara.types import Option

NAME, LITE = "global-mmlu", "global-mmlu-lite"
HUB, LITE_HUB = "CohereLabs/Global-MMLU", "CohereLabs/Global-MMLU-Lite"
LICENCE = "Apache-2.0"
FILES = ("{language}/test-*.parquet",)
SENSITIVE, AGNOSTIC = "CS", "CA"
"""Tags of labelled questions."""

_LETTERS = "ABCD"


def load(folder: Path, languages: Collection[str] = ()) -> Dataset:
    """Read the test split of every language, `LANGUAGE/test-*.parquet`, or of these alone. Raises DatasetError."""
    return _load(NAME, HUB, folder, languages)


def load_lite(folder: Path, languages: Collection[str] = ()) -> Dataset:
    """Read the test split of Lite likewise. Raises DatasetError."""
    return _load(LITE, LITE_HUB, folder, languages)


def _load(name: str, hub: str, folder: Path, languages: Collection[str]) -> Dataset:
    source = f"{hub} on the Hugging Face hub"
    found = [
        (tag, path)
        for path in sorted(folder.glob("*/test*"))
        if path.suffix in KINDS and ((tag := tag_of(path.parent.name, str(path))) in languages or not languages)
    ]
    if not found:
        named = f" in {', '.join(languages)}" if languages else ""
        raise missing(folder, f"LANGUAGE/test-*.parquet{named}", f"it is published as {source} ({LICENCE})")
    items = [item for tag, path in sorted(found, key=lambda file: file[0] != "en") for item in _items(path, tag)]
    return make_dataset(name, items, where=folder, source=source, licence=LICENCE, scorer="global-mmlu")


def _items(path: Path, language: str) -> Iterator[Item]:
    for where, row in read_rows(path):
        options = tuple(
            Option(id=letter, text=text_of(row, f"option_{letter.lower()}", where, optional=True).strip())
            for letter in _LETTERS
        )
        flags = _flags(options)
        label = text_of(row, "cultural_sensitivity_label", where, optional=True).strip()
        yield Item(
            id=text_of(row, "sample_id", where),
            language=language,
            question=text_of(row, "question", where).strip(),
            options=options,
            answer=text_of(row, "answer", where).strip().upper(),
            tags=_tags(row, where, label),
            flags=flags,
            damaged=bool(flags),
        )


def _flags(options: tuple[Option, ...]) -> tuple[str, ...]:
    """Return what is wrong with the options: translations left some empty, and made some the same."""
    written = [option for option in options if option.text]
    missing_ = ("options missing",) if len(written) < len(options) else ()
    return (*missing_, *flag_alike(written))


def _tags(row: Row, where: str, label: str) -> tuple[str, ...]:
    named = (text_of(row, name, where, optional=True) for name in ("subject", "subject_category"))
    return tuple(tag for tag in (*named, label if label in (SENSITIVE, AGNOSTIC) else "") if tag)

"""Multi-OphthaLingua: 164 parallel ophthalmology questions and several models' answers (arXiv 2412.14304).

Published as they came from the examination and its translators: the stem and its options share a cell, some
translations are not what they should be, and each record lies in three folders, by language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.datasets.base import Dataset, Item, Recorded, Runs, make_dataset
from clara.evaluation.retrieval.tables import Row, missing, read_rows, text_of
from clara.text import fold
from clara.types import Option

NAME = "multi-ophthalingua"
SOURCE = "dsrestrepo/MIT_LLMs_Language_bias on GitHub"
LICENCE = "MIT, by its README"
LANGUAGES = {
    "english": "en", "spanish": "es", "portuguese": "pt", "tagalog": "fil", "chinese": "zh-Hans", "french": "fr",
    "hindi": "hi-Latn", "japanese": "ja", "korean": "ko",
}  # fmt: skip
"""Column -> tag. Its Hindi is written in Latin letters."""

_FOLDERS = {
    "responses_en_es_pt_tag": ("english", "spanish", "portuguese", "tagalog"),
    "responses_ch_jp_kr": ("chinese", "japanese", "korean"),
    "responses": ("french", "hindi"),
}
_LETTERS = "abcd"
# A translation into Chinese, Japanese or Korean may have made letters, brackets and full stops full-width.
_MARKER = re.compile(
    r"(?:^|(?<=[\s.;:?!。．；：？！]))(?P<letter>[a-dA-Dａ-ｄＡ-Ｄ])\s*(?P<bracket>[)\]）］])|^(?P<bare>a) (?=\d)",
    re.MULTILINE,
)
_INNER_LIST = re.compile(r"^\s*(?:II\.|B\.)\s", re.MULTILINE)
_DAMAGE = ("doubled", "options missing", "untranslated")


def load(folder: Path) -> Dataset:
    """Read `data/full_dataset_translated.csv` and the records of `responses*/`. Raises DatasetError."""
    path = folder / "data" / "full_dataset_translated.csv"
    if not path.is_file():
        raise missing(folder, "data/full_dataset_translated.csv", f"it is published as {SOURCE} ({LICENCE})")
    items: dict[str, list[Item]] = {}
    for where, row in read_rows(path):
        for item in _items(row, where):
            items.setdefault(item.language, []).append(item)
    listed = [item for language in LANGUAGES.values() for item in items.get(language, ())]
    return make_dataset(
        NAME, listed, where=path, source=SOURCE, licence=LICENCE, runs=_runs(folder, items), read_strictly=read_strictly
    )


def read_strictly(text: str) -> str | None:
    """Return the option that a recorded answer counts for by the authors' rule, which their figures come from.

    A leading letter a to d, in either case, that no letter follows; anything else counts as wrong.
    """
    lowered = text.lower()
    if lowered[:1] and lowered[0] in _LETTERS and not lowered[1:2].isalpha():
        return lowered[0].upper()
    return None


def split_options(text: str) -> tuple[str, tuple[Option, ...], tuple[str, ...]]:
    """Return the stem, the options and what is odd about how they are written, for a cell that holds both.

    Options are labelled A to D; the last run of labels counts, since a doubled text ends with the translation.
    """
    markers = list(_MARKER.finditer(text))
    letters = [fold(marker["letter"] or marker["bare"]) for marker in markers]
    flags = []
    if "a" in letters[1:]:
        flags.append("doubled")
        last = len(letters) - 1 - letters[::-1].index("a")
        markers, letters = markers[last:], letters[last:]
    if "".join(letters) != _LETTERS:
        flags.append("options missing")
    if any(text[: marker.start()].rpartition("\n")[2].strip() for marker in markers):
        flags.append("option inside a line")
    if any(marker["bare"] for marker in markers):
        flags.append("bracket missing")
    starts = [*(marker.start() for marker in markers), len(text)]
    options = {
        letter.upper(): text[marker.end() : starts[place]].strip()
        for place, (letter, marker) in enumerate(zip(letters, markers, strict=True), 1)
    }
    stem = text[: markers[0].start()].strip() if markers else text.strip()
    if _INNER_LIST.search(stem):
        flags.append("list in the question")
    return stem, tuple(Option(id=letter, text=words) for letter, words in options.items()), tuple(flags)


def _items(row: Row, where: str) -> Iterator[Item]:
    identifier, answer = text_of(row, "ID", where), text_of(row, "answer", where).strip().upper()
    tags = tuple(
        tag for name in ("theme", "subtheme") if (tag := text_of(row, name, where, optional=True).strip().lower())
    )
    english = fold(text_of(row, "english", where))
    for column, language in LANGUAGES.items():
        if column not in row:
            continue
        text = text_of(row, column, where)
        stem, options, flags = split_options(text)
        if language != "en" and fold(text) == english:
            flags = (*flags, "untranslated")
        yield Item(
            id=identifier, language=language, question=stem, options=options, answer=answer, tags=tags, flags=flags,
            damaged=any(flag in _DAMAGE for flag in flags),
        )  # fmt: skip


def _runs(folder: Path, items: Mapping[str, list[Item]]) -> Runs:
    """Return what every model was recorded to answer, from all folders."""
    # Some records were made with questions that the published table no longer holds.
    asked = {item.id for listed in items.values() for item in listed}
    runs: dict[str, list[Recorded]] = {}
    for name, columns in _FOLDERS.items():
        for path in sorted((folder / name).glob("*.csv")):
            # A record at another temperature or with repetitions keeps its whole name.
            run = path.stem.replace("_Temperature0_0", "")
            held = [column for column in columns if LANGUAGES[column] in items]
            runs.setdefault(run, []).extend(answer for answer in _recorded(path, held) if answer.id in asked)
    return {run: tuple(answers) for run, answers in sorted(runs.items()) if answers}


def _recorded(path: Path, columns: list[str]) -> Iterator[Recorded]:
    """Yield a file's answers. Repetitions are numbered columns; where there is none, the bare column is the answer."""
    for where, row in read_rows(path):
        identifier = text_of(row, "ID", where)
        for column in columns:
            prefix = f"responses_{column}_"
            numbered = {
                name: int(name.removeprefix(prefix))
                for name in row
                if isinstance(name, str) and name.startswith(prefix) and name.removeprefix(prefix).isdigit()
            }
            bare = {f"responses_{column}": 0} if f"responses_{column}" in row else {}
            for name, epoch in (numbered or bare).items():
                text = row[name]
                if text is None:
                    raise DatasetError(f"{where}: the row ends before its column {name}; copy the file again")
                yield Recorded(id=identifier, language=LANGUAGES[column], choice=read_strictly(text), epoch=epoch)

"""Counting tokens of text as a model would."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clara.errors import ConfigError
from clara.evaluation.datasets import Dataset
from clara.evaluation.extras import load_extra
from clara.evaluation.statistics.resampling import Floats

Count = Callable[[str], int]
"""Returns the number of tokens of a text, special ones left out."""


def load_tokenizer(name: str) -> Count:
    """Return the counter of a tiktoken encoding such as o200k_base, or of a model's tokenizer.json.

    tiktoken fetches an encoding once and keeps it (in TIKTOKEN_CACHE_DIR, if set). Raises ConfigError where there is no
    such encoding or file, or it cannot be read or fetched.
    """
    if name.endswith(".json"):
        return _from_file(Path(name))
    tiktoken = load_extra("tiktoken")
    if name not in tiktoken.list_encoding_names():
        names = ", ".join(tiktoken.list_encoding_names())
        raise ConfigError(f"no tokenizer {name[:40]!r}: give a model's tokenizer.json, or one of {names}")
    try:
        encoding = tiktoken.get_encoding(name)
    except (OSError, ValueError):  # requests' errors are OSErrors; a damaged download is a ValueError
        raise ConfigError(
            f"cannot fetch the encoding {name}: run this once with a network and TIKTOKEN_CACHE_DIR set and copy that "
            "folder here, or give a model's tokenizer.json"
        ) from None
    return lambda text: len(encoding.encode_ordinary(text))


def _from_file(path: Path) -> Count:
    tokenizers = load_extra("tokenizers")
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; a model's tokenizer.json lies beside its weights")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing narrower
        raise ConfigError(f"{path}: not a tokenizer.json ({error})") from None
    # What shortens or pads a text for training is no part of its length.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def count_items(dataset: Dataset, count: Count) -> Floats:
    """Return the tokens of each question with its options, of shape (questions, languages); NaN where it is not asked.

    Only the text of the data: what a prompt adds is the same in every language.
    """
    rows = {identifier: row for row, identifier in enumerate(dataset.questions)}
    columns = {tag: column for column, tag in enumerate(dataset.languages)}
    table = np.full((len(rows), len(columns)), math.nan)
    for item in dataset.items:
        parts = [item.question, *(option.text for option in item.options)]
        table[rows[item.id], columns[item.language]] = sum(count(part) for part in parts)
    return table

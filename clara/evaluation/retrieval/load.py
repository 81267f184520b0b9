"""From `NAME:PATH` to a collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from clara.errors import ConfigError
from clara.evaluation.retrieval import beir, belebele, clirudit, xquad
from clara.evaluation.retrieval.data import Collection

LOADERS: Mapping[str, Callable[[Path], Collection]] = {
    "beir": beir.load,
    "belebele": belebele.load,
    "clirudit": clirudit.load,
    "clirudit-en": clirudit.load_english,
    "xquad": xquad.load,
}
"""Name of a form -> what reads a folder of that form."""


def load_collection(spec: str) -> Collection:
    """Read the collection that `NAME:PATH` names, e.g. `xquad:data/xquad`. Raises ConfigError or DatasetError."""
    name, _, path = spec.partition(":")
    if name not in LOADERS:
        raise ConfigError(f"no data of the form {name[:40]!r}; write NAME:PATH with one of: {', '.join(LOADERS)}")
    if not path:
        raise ConfigError(f"{name}: say where its files are, e.g. {name}:data/{name}")
    return LOADERS[name](Path(path))

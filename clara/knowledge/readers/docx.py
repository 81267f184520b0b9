from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clara.knowledge.documents import Record


def read(path: Path) -> Iterator[Record]:
    raise NotImplementedError
    yield

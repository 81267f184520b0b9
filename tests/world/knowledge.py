"""A knowledge base of the world's documents that is searched once for each question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clara.config import Settings
from clara.knowledge import KnowledgeBase, SearchResult
from tests.world.questions import World


def default_settings(folder: Path) -> Settings:
    """Return the defaults, whatever the machine's environment and files set."""
    return Settings.model_construct(home=folder)


class WorldKnowledge(KnowledgeBase):
    """Scenarios that differ in the model search the same documents for the same words: what was found is kept.

    folder: empty; everything is written there. Raises AssertionError where a document was not taken in.
    """

    def __init__(self, folder: Path, world: World) -> None:
        super().__init__(folder / "knowledge", None, settings=default_settings(folder))
        self._found: dict[tuple[str, str, str], SearchResult] = {}
        source = folder / "world.jsonl"
        rows = list(world.documents())
        source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        added = self.add([source])
        if added.failed or added.quarantined or len(added.stored) != len(rows):
            self.close()
            raise AssertionError(f"the world's documents were not taken in whole: {added}")

    def search(self, query: str, language: str, **how: Any) -> SearchResult:
        key = (query, language, repr(sorted(how.items())))
        if key not in self._found:
            self._found[key] = super().search(query, language, **how)
        return self._found[key]

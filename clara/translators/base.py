"""The seam to translation services: texts in, as many texts out, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Translator(Protocol):
    """What every translation service implements. `translate` raises ModelError and nothing else."""

    @property
    def name(self) -> str:
        """The service's name, as records show it."""

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate `texts` from one language into another, each by itself and in order; blank ones come back empty.

        source, target: BCP 47 tags; the source may be `und`, where the service then finds it out.
        Cancellation passes through.
        """

    async def aclose(self) -> None:
        """Release the connections of the running event loop; calling it again does nothing."""

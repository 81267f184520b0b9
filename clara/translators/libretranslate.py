"""LibreTranslate: an open translation server that anyone can run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from clara.languages import UNKNOWN
from clara.translators.http import Service, Sleep, each

# Versions and installations differ in what they call these.
_CODES = {
    "fil": ("tl", "fil"),
    "zh-Hans": ("zh-Hans", "zh"),
    "zh-Hant": ("zh-Hant", "zt"),
    "pt": ("pt", "pb"),
    "nb": ("nb", "no"),
    "no": ("no", "nb"),
}
_AUTO = "auto"


class LibreTranslate:
    """Translates by POST {base_url}/translate; GET {base_url}/languages says once what it knows.

    Raises ConfigError for an address or a key that cannot be right.
    """

    name = "libretranslate"

    def __init__(
        self, base_url: str, *, api_key: str | None = None, timeout_s: float = 20.0, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._service = Service("LibreTranslate", url=base_url, key=api_key, timeout_s=timeout_s, sleep=sleep)
        self._api_key = api_key
        self._targets: dict[str, set[str]] = {}

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate `texts`, each by itself and in order; blank ones come back empty. Raises ModelError."""
        return await each(texts, lambda wanted: self._translate(wanted, source, target))

    async def _translate(self, texts: list[str], source: str, target: str) -> list[str]:
        source, target = await self._languages(source, target)
        body: dict[str, Any] = {"q": texts, "source": source, "target": target, "format": "text"}
        if self._api_key:
            body["api_key"] = self._api_key
        reply = await self._service.ask("/translate", body, texts=texts)
        found = reply.get("translatedText") if isinstance(reply, dict) else None
        if not isinstance(found, list) or len(found) != len(texts) or not all(isinstance(text, str) for text in found):
            raise self._service.unreadable()
        return found

    async def _languages(self, source: str, target: str) -> tuple[str, str]:
        """Return what this server calls the two languages."""
        if not self._targets:
            self._targets = self._read(await self._service.ask("/languages"))
        sources = [_AUTO] if source == UNKNOWN else [c for c in _CODES.get(source, (source,)) if c in self._targets]
        for code in sources:
            known = set(self._targets) if code == _AUTO else self._targets[code]
            if found := next((c for c in _CODES.get(target, (target,)) if c in known), None):
                return code, found
        self._targets = {}  # asked again the next time: languages can be added while it runs
        raise self._service.unknown(source, target)

    def _read(self, reply: Any) -> dict[str, set[str]]:
        try:
            return {str(item["code"]): set(map(str, item["targets"])) for item in reply}
        except (KeyError, TypeError):
            raise self._service.unreadable() from None

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._service.aclose()

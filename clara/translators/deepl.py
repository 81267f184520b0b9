"""DeepL's translation API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from clara.languages import UNKNOWN
from clara.translators.http import Service, Sleep, each

_URL = "https://api.deepl.com"
_FREE_URL = "https://api-free.deepl.com"
_FREE_KEY = ":fx"
# As a target a language with variants must be one of them.
_SOURCES = {"fil": "TL", "zh-Hans": "ZH", "zh-Hant": "ZH", "no": "NB"}
_TARGETS = {"en": "EN-US", "pt": "PT-BR", "zh-Hans": "ZH-HANS", "zh-Hant": "ZH-HANT"}
# A request holds at most 50 texts and 128 KiB.
_TEXTS = 50
_BYTES = 100_000


class DeepL:
    """Translates by POST {base_url}/v2/translate; the address follows from the key where none is given.

    The texts of one call are context for each other, as the options of a question are.
    Raises ConfigError for an address or a key that cannot be right.
    """

    name = "deepl"

    def __init__(
        self, api_key: str, *, base_url: str | None = None, timeout_s: float = 20.0, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._service = Service(
            "DeepL",
            url=base_url or (_FREE_URL if api_key.endswith(_FREE_KEY) else _URL),
            key=api_key,
            timeout_s=timeout_s,
            headers={"Authorization": f"DeepL-Auth-Key {api_key}"},
            sleep=sleep,
        )

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate `texts`, each by itself and in order; blank ones come back empty. Raises ModelError."""
        return await each(texts, lambda wanted: self._in_batches(wanted, source, target))

    async def _in_batches(self, texts: list[str], source: str, target: str) -> list[str]:
        body = self._languages(source, target)
        # Leave the beginning and end of an option as they are: no capital, no full stop.
        body["preserve_formatting"] = True
        whole = "\n".join(texts)
        if len(texts) > 1 and 2 * len(whole.encode()) <= _BYTES:
            body["context"] = whole
        translated: list[str] = []
        for batch in _batches(texts):
            translated += await self._translate(batch, body)
        return translated

    async def _translate(self, texts: list[str], body: dict[str, Any]) -> list[str]:
        reply = await self._service.ask("/v2/translate", {"text": texts, **body}, texts=texts)
        try:
            found = [item["text"] for item in reply["translations"]]
        except (KeyError, TypeError):
            raise self._service.unreadable() from None
        if len(found) != len(texts) or not all(isinstance(text, str) for text in found):
            raise self._service.unreadable()
        return found

    def _languages(self, source: str, target: str) -> dict[str, Any]:
        """Return what DeepL calls the two languages; it finds an unknown source out itself."""
        known = {**_SOURCES, UNKNOWN: None}
        codes = known.get(source, source.upper()), _TARGETS.get(target) or _SOURCES.get(target, target.upper())
        # What is left with a script is a language in letters that DeepL does not read, as hi-Latn.
        if any("-" in tag for tag in (source, target) if tag not in known and tag not in _TARGETS) or target == UNKNOWN:
            raise self._service.unknown(source, target)
        return {"target_lang": codes[1]} | ({"source_lang": codes[0]} if codes[0] else {})

    async def aclose(self) -> None:
        """Release the connections of the running event loop."""
        await self._service.aclose()


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield `texts` in order, as many at once as a request holds; one that is too long goes alone."""
    batch: list[str] = []
    room = _BYTES
    for text in texts:
        length = len(text.encode())
        if batch and (len(batch) == _TEXTS or length > room):
            yield batch
            batch, room = [], _BYTES
        batch.append(text)
        room -= length
    yield batch

"""PubMed through NCBI's E-utilities: esearch for the records' numbers, efetch for their abstracts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from pydantic import SecretStr

from clara.knowledge.live.base import Stopwords, as_evidence, keywords
from clara.knowledge.live.http import Refusal, Service
from clara.knowledge.live.records import parse_xml, read_passages
from clara.types import Evidence

_TOOL = "clara"
_UNREADABLE = Refusal(reason="sent a reply that cannot be read")


class PubMed:
    """Abstracts from PubMed, which is asked in English and answers in English.

    url: of the E-utilities, e.g. https://eutils.ncbi.nlm.nih.gov/entrez/eutils
    contact: the e-mail address that NCBI asks for; api_key: raises its limit from 3 to 10 requests a second.
    """

    name = "pubmed"

    def __init__(
        self, service: Service, *, url: str, contact: str, stopwords: Stopwords, api_key: SecretStr | None = None
    ) -> None:
        self._service, self._url, self._stopwords = service, url.rstrip("/"), stopwords
        self._always = {"db": "pubmed", "tool": _TOOL, "email": contact}
        self._api_key = api_key

    async def search(self, query: str, language: str, k: int) -> list[Evidence]:
        term = keywords(query, language, self._stopwords) if language == "en" else ""
        if not term:
            return []
        # More than wanted, since records without an abstract and withdrawn ones fall out.
        wanted = {"term": term, "sort": "relevance", "retmode": "json", "retmax": str(2 * k + 2)}
        numbers = await self._service.post(f"{self._url}/esearch.fcgi", self._form(wanted), self._read_numbers)
        if not numbers:
            return []
        wanted = {"id": ",".join(numbers), "retmode": "xml"}
        root = await self._service.post(f"{self._url}/efetch.fcgi", self._form(wanted), self._read_records)
        place = {f"pubmed:{number}": i for i, number in enumerate(numbers)}
        passages = [passage for passage in read_passages(root) if passage.id in place]
        return as_evidence(sorted(passages, key=lambda passage: place[passage.id]), self.name, k)

    async def aclose(self) -> None:
        await self._service.aclose()

    def _form(self, wanted: dict[str, str]) -> dict[str, str]:
        key = {"api_key": self._api_key.get_secret_value()} if self._api_key else {}
        return self._always | wanted | key

    def _read_numbers(self, body: bytes) -> Sequence[str] | Refusal:
        """Return the PMIDs. What NCBI says of an error is not repeated: it may hold the key or the question."""
        try:
            reply: Any = json.loads(body, strict=False)  # messages of errors hold bare line breaks
        except (ValueError, RecursionError):
            return _UNREADABLE
        if isinstance(reply, dict) and (said := reply.get("error")):
            if "key" in str(said).lower():
                raise self._service.give_up("refuses the key")
            return Refusal(reason="asks to be asked less often" if "limit" in str(said) else "cannot answer now")
        result = reply.get("esearchresult") if isinstance(reply, dict) else None
        if not isinstance(result, dict):
            return _UNREADABLE
        if result.get("ERROR"):
            return Refusal(reason="could not search")
        numbers = result.get("idlist")
        if not isinstance(numbers, list):
            return _UNREADABLE
        return [number for number in numbers if isinstance(number, str) and number.isascii() and number.isdigit()]

    def _read_records(self, body: bytes) -> Element | Refusal:
        try:
            root = parse_xml(body)
        except ValueError:
            said = self._read_numbers(body)  # errors of the gateway come as JSON even here
            return said if isinstance(said, Refusal) else _UNREADABLE
        return root if root.tag == "PubmedArticleSet" else Refusal(reason="could not send the abstracts")

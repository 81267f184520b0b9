"""NCBI's E-utilities and the MediaWiki API on loopback: real HTTP, replies of the true shape, every fault they have.

A search finds what holds every word that was asked for, as both services do.
"""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from tests.loopback import Loopback, read_request

Form = dict[str, str]

_DOCTYPE = (
    '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)


@dataclass(frozen=True, kw_only=True)
class Article:
    """A record of PubMed. `abstract` is XML: AbstractText elements, or plain text for a single one."""

    pmid: str
    title: str
    abstract: str = ""
    year: str = "<Year>2024</Year><Month>Mar</Month>"
    journal: str = "J Glaucoma"
    authors: tuple[tuple[str, str], ...] = (("Rao", "AB"), ("Lim", "C"))
    collective: str = ""
    language: str = "eng"
    doi: str = ""
    copyright: str = ""
    types: tuple[str, ...] = ("Journal Article",)
    links: tuple[str, ...] = ()
    book: bool = False

    def xml(self) -> str:
        texts = self.abstract if self.abstract.startswith("<") else f"<AbstractText>{self.abstract}</AbstractText>"
        held = f"<CopyrightInformation>{escape(self.copyright)}</CopyrightInformation>" if self.copyright else ""
        abstract = f"<Abstract>{texts}{held}</Abstract>" if self.abstract else ""
        names = "".join(
            f'<Author ValidYN="Y"><LastName>{last}</LastName><ForeName>X</ForeName><Initials>{initials}</Initials>'
            f"<AffiliationInfo><Affiliation>Some Eye Hospital.</Affiliation></AffiliationInfo></Author>"
            for last, initials in self.authors
        )
        if self.collective:
            names += f'<Author ValidYN="Y"><CollectiveName>{self.collective}</CollectiveName></Author>'
        authors = f'<AuthorList CompleteYN="Y" Type="authors">{names}</AuthorList>' if names else ""
        types = "".join(f'<PublicationType UI="D000001">{kind}</PublicationType>' for kind in self.types)
        if self.book:
            return (
                f'<PubmedBookArticle><BookDocument><PMID Version="1">{self.pmid}</PMID><ArticleIdList>'
                f'<ArticleId IdType="bookaccession">NBK1</ArticleId></ArticleIdList><Book><Publisher><PublisherName>'
                f'StatPearls Publishing</PublisherName></Publisher><BookTitle book="statpearls">{self.journal}'
                f"</BookTitle><PubDate>{self.year}<Month>01</Month></PubDate></Book>"
                f'<ArticleTitle book="statpearls" part="article-1">{self.title}</ArticleTitle>'
                f"<Language>{self.language}</Language>{authors}"
                f'<PublicationType UI="D000072643">Study Guide</PublicationType>{abstract}</BookDocument>'
                f'<PubmedBookData><ArticleIdList><ArticleId IdType="pubmed">{self.pmid}</ArticleId></ArticleIdList>'
                f"</PubmedBookData></PubmedBookArticle>"
            )
        place = f'<ELocationID EIdType="doi" ValidYN="Y">{self.doi}</ELocationID>' if self.doi else ""
        links = "".join(
            f"<CommentsCorrections RefType={quoteattr(kind)}><RefSource>J Glaucoma. 2025;1:1</RefSource>"
            f'<PMID Version="1">99</PMID></CommentsCorrections>'
            for kind in self.links
        )
        listed = f"<CommentsCorrectionsList>{links}</CommentsCorrectionsList>" if links else ""
        return (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{self.pmid}</PMID>'
            f'<DateRevised><Year>1999</Year></DateRevised><Article PubModel="Print"><Journal><ISSN>1057-0829</ISSN>'
            f'<JournalIssue CitedMedium="Internet"><Volume>1</Volume><PubDate>{self.year}</PubDate></JournalIssue>'
            f"<Title>Journal of long names</Title><ISOAbbreviation>{self.journal}</ISOAbbreviation></Journal>"
            f"<ArticleTitle>{self.title}</ArticleTitle>{place}{abstract}{authors}<Language>{self.language}</Language>"
            f"<PublicationTypeList>{types}</PublicationTypeList></Article>{listed}</MedlineCitation>"
            f'<PubmedData><PublicationStatus>ppublish</PublicationStatus><ArticleIdList><ArticleId IdType="pubmed">'
            f"{self.pmid}</ArticleId></ArticleIdList><ReferenceList><Reference><ArticleIdList>"
            f'<ArticleId IdType="doi">10.9999/another.article</ArticleId></ArticleIdList></Reference></ReferenceList>'
            f"</PubmedData></PubmedArticle>"
        )


@dataclass(frozen=True, kw_only=True)
class Page:
    """An article of Wikipedia; `variants` are its title and text in the variants of Chinese."""

    pageid: int
    title: str
    extract: str
    revid: int = 7001
    disambiguation: bool = False
    variants: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one request gets instead of its answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    mode: Literal["reply", "drop", "hang"] = "reply"


class FakeLive(Loopback):
    """Serves `articles` and `pages` (by edition) under addresses that are new after each `reset`.

    faults: taken in turn by the next requests; requests: the path's end, headers and form of each one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._round = 0
        self.reset()

    def reset(self) -> None:
        super().reset()
        self._round += 1
        self.articles: list[Article] = []
        self.pages: dict[str, list[Page]] = {}
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, dict[str, str], Form]] = []
        self.latency_s = 0.0

    @property
    def pubmed_url(self) -> str:
        return f"{self.url}/{self._round}/eutils"

    @property
    def wikipedia_url(self) -> str:
        return f"{self.url}/{self._round}/{{language}}/w/api.php"

    def paths(self) -> list[str]:
        """The ends of the paths that were asked for, e.g. `eutils/esearch.fcgi` and `hi/w/api.php`."""
        return [path for path, _, _ in self.requests]

    def forms(self) -> list[Form]:
        return [form for _, _, form in self.requests]

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await read_request(reader)
        _, current, path = request.target.split("/", 2)
        if current != str(self._round):
            return False  # left over from the test before
        form = dict(urllib.parse.parse_qsl(request.raw.decode(), keep_blank_values=True))
        self.requests.append((path, request.headers, form))
        self._open(1)
        try:
            fault = self.faults.popleft() if self.faults else None
            gone = asyncio.ensure_future(reader.read(1))
            hangs = fault is not None and fault.mode == "hang"
            waited, _ = await asyncio.wait({gone}, timeout=3600 if hangs else self.latency_s)
            if waited:
                self.abandoned += 1
                return False
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        finally:
            self._open(-1)
        if fault is not None and fault.mode == "drop":
            writer.transport.abort()
            return False
        reply = fault or (self._answer(path, form) if request.method == "POST" else Fault(status=405))
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(reply.body)}"]
        lines += [f"{k}: {v}" for k, v in reply.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body)
        await writer.drain()
        return True

    def _answer(self, path: str, form: Form) -> Fault:
        if path == "eutils/esearch.fcgi":
            return _json(self._esearch(form))
        if path == "eutils/efetch.fcgi":
            by_id = {article.pmid: article for article in self.articles}
            # The order of the numbers is usual, but nothing promises it.
            found = "\n".join(by_id[number].xml() for number in reversed(form["id"].split(",")))
            return Fault(body=f"{_DOCTYPE}<PubmedArticleSet>\n{found}\n</PubmedArticleSet>".encode())
        code, _, rest = path.partition("/")
        if rest != "w/api.php" or code not in self.pages:
            return Fault(status=404, body=b"<!DOCTYPE html><title>No such wiki</title>")
        return _json(self._query(self.pages[code], form))

    def _esearch(self, form: Form) -> dict[str, Any]:
        words = form["term"].split()
        held = {a.pmid: f"{a.title} {a.abstract}".lower() for a in self.articles}
        numbers = [pmid for pmid, text in held.items() if all(word in text for word in words)]
        return {
            "header": {"type": "esearch", "version": "0.3"},
            "esearchresult": {
                "count": str(len(numbers)), "retmax": form["retmax"], "retstart": "0",
                "idlist": numbers[: int(form["retmax"])], "translationset": [],
                "querytranslation": " AND ".join(f'"{word}"[All Fields]' for word in words),
            },
        }  # fmt: skip

    def _query(self, pages: list[Page], form: Form) -> dict[str, Any]:
        words, variant = form["gsrsearch"].split(), form.get("variant", "")
        found = []
        for page in pages:
            forms = {"": (page.title, page.extract), **page.variants}
            if not all(any(word in f"{a} {b}".lower() for a, b in forms.values()) for word in words):
                continue
            shown: dict[str, Any] = {
                "pageid": page.pageid, "ns": 0, "title": page.title, "index": len(found) + 1,
                "extract": forms.get(variant, forms[""])[1],
                "revisions": [{"revid": page.revid, "parentid": page.revid - 1, "timestamp": "2026-05-04T03:02:01Z"}],
            }  # fmt: skip
            if page.disambiguation:
                shown["pageprops"] = {"disambiguation": ""}
            if "varianttitles" in form.get("inprop", ""):
                shown["varianttitles"] = {code: title for code, (title, _) in page.variants.items()}
            found.append(shown)
        limited = found[: int(form["gsrlimit"])]
        if not limited:
            return {"batchcomplete": True}
        # MediaWiki lists pages by their number; `index` is the rank.
        return {"batchcomplete": True, "query": {"pages": sorted(limited, key=lambda page: page["pageid"])}}


def _json(body: dict[str, Any]) -> Fault:
    return Fault(body=json.dumps(body).encode(), headers={"content-type": "application/json"})

"""PubMed's XML records (the PubmedArticleSet DTD) as passages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from clara.errors import InputError
from clara.knowledge.live.base import MOST_CHARACTERS, one_line, passage_text
from clara.languages import canonical, english_name
from clara.types import Passage

_DEEPEST = 64
_MOST_COPYRIGHT = 200

# A record that was withdrawn, or says that another was, by its type, its links, or only by its title.
_WITHDRAWN_TYPES = frozenset(
    ("Retracted Publication", "Retraction of Publication", "Retraction Notice", "Expression of Concern")
)
_WITHDRAWN_LINKS = frozenset(
    ("RetractionIn", "RetractionOf", "RetractedandRepublishedIn", "ExpressionOfConcernIn", "ExpressionOfConcernFor")
)
_WITHDRAWN_TITLE = re.compile(
    r"\W*(?:(?:retracted(?: article)?|withdrawn|retraction|expression of concern)\s*:|retraction notice\b)",
    re.IGNORECASE,
)
# What of a long structured abstract gives way first: results and conclusions say what was found.
_GIVE_WAY = ("METHOD", "OBJECTIVE", "BACKGROUND")
_KEPT = re.compile("RESULT|FINDING|CONCLUSION")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_PMID = re.compile(r"[1-9]\d{0,9}")


def parse_xml(body: bytes) -> Element:
    """Return the root element.

    Raises ValueError for what is no XML, and for what the service never sends and only an attacker would:
    entities, which could grow or fetch, and elements dozens deep.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError("too deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise ValueError("declares an entity")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise ValueError(str(error)) from None
    return builder.close()


def read_passages(root: Element) -> Iterator[Passage]:
    """Yield a passage for each record that has an abstract and was not withdrawn, in the order of the records."""
    for record in root:
        if record.tag == "PubmedArticle":
            citation = record.find("MedlineCitation")
            article = citation.find("Article") if citation is not None else None
        else:  # a chapter of a book, e.g. of StatPearls
            citation = article = record.find("BookDocument")
        if citation is None or article is None or _withdrawn(citation, article):
            continue
        pmid = _text(citation.find("PMID"))
        abstract = article.find("Abstract")
        if not _PMID.fullmatch(pmid) or abstract is None:
            continue
        title = _text(article.find("ArticleTitle")) or _text(article.find("Book/BookTitle"))
        identifier = f"pubmed:{pmid}"
        yield Passage(
            id=identifier,
            text=passage_text(_abstract(abstract)),
            language="en",
            title=title.strip("[]. "),
            source=_source(record, article, title, pmid),
            group=identifier,
            document=identifier,
            trust="live",
        )


def _withdrawn(citation: Element, article: Element) -> bool:
    types = {_text(kind) for kind in article.iter("PublicationType")}
    links = {link.get("RefType") for link in citation.iter("CommentsCorrections")}
    title = _text(article.find("ArticleTitle"))
    return bool(types & _WITHDRAWN_TYPES or links & _WITHDRAWN_LINKS or _WITHDRAWN_TITLE.match(title))


def _abstract(abstract: Element) -> str:
    """Return the sections of an abstract, each on a line under its label, the least telling left out of a long one."""
    sections = []
    for part in abstract.findall("AbstractText"):
        label, text = one_line(part.get("Label", "")), _text(part)
        if text:
            kind = f"{part.get('NlmCategory', '')} {label}".upper()
            sections.append((kind, f"{label}: {text}" if label and label != "UNLABELLED" else text))
    for kind in _GIVE_WAY:
        if len(sections) > 1 and sum(len(text) + 1 for _, text in sections) > MOST_CHARACTERS + 1:
            sections = [part for part in sections if kind not in part[0] or _KEPT.search(part[0])] or sections
    return "\n".join(text for _, text in sections)


def _source(record: Element, article: Element, title: str, pmid: str) -> str:
    """Return the reference: authors, title, journal and year, language, DOI, copyright, PMID and address."""
    journal = next(
        (text for path in ("Journal/ISOAbbreviation", "Journal/Title", "Book/BookTitle")
         if (text := _text(article.find(path)))),
        "",
    )  # fmt: skip
    language = _language(article)
    doi = _doi(record, article)
    parts = [
        _authors(article),
        title.strip(". "),
        f"{journal.strip('. ')} {_year(article)}".strip(),
        f"In {language}" if language else "",
        f"doi:{doi}" if doi else "",
        _text(article.find("Abstract/CopyrightInformation"))[:_MOST_COPYRIGHT].strip(". "),
        f"PMID {pmid}",
    ]
    text = " ".join(part if part.endswith(("?", "!")) else f"{part}." for part in parts if part)
    return f"{text} https://pubmed.ncbi.nlm.nih.gov/{pmid}/"


def _authors(article: Element) -> str:
    """Return the first author, and "et al" for the others."""
    lists = article.findall("AuthorList")
    listed = next((names for names in lists if names.get("Type", "authors") == "authors"), None)
    if listed is None:
        return ""
    names = []
    for author in listed.findall("Author"):
        name = f"{_text(author.find('LastName'))} {_text(author.find('Initials'))}".strip()
        names.append(name or _text(author.find("CollectiveName")))
    names = [name for name in names if name]
    return "" if not names else names[0] if len(names) == 1 else f"{names[0]} et al"


def _year(article: Element) -> str:
    for path in ("Journal/JournalIssue/PubDate", "ArticleDate", "ContributionDate", "Book/PubDate"):
        date = article.find(path)
        if date is not None and (found := _YEAR.search(" ".join(date.itertext()))):
            return found.group()
    return ""


def _language(article: Element) -> str:
    """Return the English name of the language that the whole article is in; empty for English and unknown ones."""
    code = _text(article.find("Language")).lower()
    if code in ("", "eng"):
        return ""
    try:
        return english_name(canonical(code))
    except InputError:
        return ""


def _doi(record: Element, article: Element) -> str:
    places = [
        *(part for part in article.findall("ELocationID") if part.get("EIdType") == "doi"),
        *(part for part in record.findall("*/ArticleIdList/ArticleId") if part.get("IdType") == "doi"),
    ]
    return next((text for part in places if _DOI.fullmatch(text := _text(part))), "")


def _text(element: Element | None) -> str:
    """Return the cleaned text of an element and all inside it, on one line."""
    return one_line(_raw(element)) if element is not None else ""


def _raw(element: Element) -> str:
    parts = [element.text or ""]
    for child in element:
        inner = _raw(child)
        # Without a mark "10<sup>6</sup>" would read 106.
        raised = child.tag == "sup" and any(c.isdecimal() for c in inner)
        parts += [f"^{inner.strip()}" if raised else inner, child.tail or ""]
    return "".join(parts)

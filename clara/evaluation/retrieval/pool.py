"""The pool: a knowledge base of its own that holds a collection's documents."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from clara.config import Settings
from clara.errors import KnowledgeError
from clara.evaluation.retrieval.data import Collection, Doc
from clara.knowledge import KnowledgeBase
from clara.knowledge.documents import Document, Record
from clara.knowledge.ingest import make_document
from clara.text import clean

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

_NAMELESS = Path("-")  # a document without title is called after its file; this name holds no word
_MOST_SPARE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A knowledge base in `folder`, and which document each of its chunks is of.

    spare: how many more chunks than documents have to be asked for to get enough documents.
    quarantined: chunks that the knowledge base does not search, as they look meant for a model.
    """

    folder: Path
    doc_of: Mapping[str, str]
    spare: int
    quarantined: int


def pool_settings(settings: Settings) -> Settings:
    """Return the user's settings for a pool, which never goes to a shared vector server."""
    return settings.model_copy(update={"chroma_url": None})


def open_pool(folder: Path, settings: Settings) -> KnowledgeBase:
    """Open the pool's knowledge base; the caller closes it. Raises KnowledgeError or ConfigError."""
    return KnowledgeBase(folder, None, settings=pool_settings(settings), purpose="clara kb eval")


def build_pool(
    collection: Collection, folder: Path, settings: Settings, seed: int, progress: Progress = lambda *_: None
) -> Pool:
    """Read a collection's documents into a new knowledge base, cut into chunks as any document is.

    Each is a translation group of its own: which documents say the same is for the system to find. They go in
    by chance, since equal scores are ordered by id and no language should win those.
    Raises KnowledgeError or ConfigError.
    """
    docs = [doc for doc in collection.docs if clean(doc.text).strip() or clean(doc.title).strip()]
    random.Random(seed).shuffle(docs)
    doc_of: dict[str, str] = {}
    chunks: Counter[str] = Counter()

    def documents() -> Iterator[Document]:
        for number, doc in enumerate(docs):
            document = _document(doc, number)
            doc_of.update((chunk.id, doc.id) for chunk in document.chunks)
            chunks[doc.language] += len(document.chunks)
            progress("reading", number + 1, len(docs))
            yield document

    with open_pool(folder, settings) as base:
        base.store.put(documents())
        base.rebuild(lambda done, total: progress("embedding", done, total))
        quarantined = len(base.quarantined())
    counts = Counter(doc.language for doc in docs)
    spare = max(chunks[language] - counts[language] for language in counts)
    return Pool(folder=folder, doc_of=doc_of, spare=min(spare, _MOST_SPARE), quarantined=quarantined)


def _document(doc: Doc, number: int) -> Document:
    text, title = clean(doc.text).strip(), clean(doc.title).strip()
    record = Record(key=f"{number:07}", body=text or title, title=title)
    try:
        return make_document(record, path=_NAMELESS, language=doc.language)
    except KnowledgeError:  # nothing but lines that look like headings
        return make_document(
            Record(key=record.key, body=text.replace("#", " "), title=title), path=_NAMELESS, language=doc.language
        )

"""`ClaraRetriever`: the knowledge base as a LangChain retriever."""

from __future__ import annotations

from typing import Any, Self, cast

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, PrivateAttr

from clara.engine import Clara
from clara.errors import ConfigError
from clara.knowledge import KnowledgeBase
from clara.languages import canonical, detect
from clara.types import Evidence


class ClaraRetriever(BaseRetriever):
    """Finds evidence in the asker's language, in English, and by way of the glossary; no model is asked.

    >>> retriever = ClaraRetriever(knowledge=clara.knowledge(), k=4)

    Only passages that pass the gate of relevance are returned, so that nothing found is an empty list. Raises
    InputError for an unknown language, and KnowledgeError.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    engine: Clara | None = Field(None, exclude=True, description="whose knowledge base is searched")
    knowledge: KnowledgeBase | None = Field(None, exclude=True, description="an open knowledge base instead")
    k: int = Field(6, ge=1, le=100, description="documents at most")
    language: str = Field("auto", description="of the queries; auto detects it")
    country: str | None = Field(None, description="whose evidence goes first")
    _own: Clara | None = PrivateAttr(None)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        language = detect(query).language if self.language == "auto" else canonical(self.language)
        found = self._base().search(query, language, k=k or self.k, country=self.country)
        return [_document(evidence) for evidence in found.evidence]

    def model_post_init(self, context: Any, /) -> None:
        """Make an engine where nothing was given; its knowledge base is opened at the first query.

        Raises ConfigError.
        """
        if self.engine is not None and self.knowledge is not None:
            raise ConfigError("pass either engine or knowledge: an engine has a knowledge base of its own")
        self._own = Clara("evidence") if self.engine is None and self.knowledge is None else None

    def close(self) -> None:
        """Release files, unless what is searched was given."""
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _base(self) -> KnowledgeBase:
        engine = self.engine or self._own
        return engine.knowledge() if engine is not None else cast("KnowledgeBase", self.knowledge)


def _document(evidence: Evidence) -> Document:
    passage = evidence.passage
    about: dict[str, Any] = {
        "title": passage.title,
        "section": passage.section,
        "source": passage.source,
        "language": passage.language,
        "country": passage.country,
        "trust": passage.trust,
        "document": passage.document,
        "score": evidence.score,
    }
    return Document(id=passage.id, page_content=passage.text, metadata=about)

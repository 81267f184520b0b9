"""LangChain over the shipped evidence: the retriever with its standard suite, and the chat model that asks no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from clara import Clara, KnowledgeBase
from clara.errors import ConfigError
from clara.integrations.langchain import ChatClara, ClaraRetriever


class TestStandardRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _behind(self, shipped_kb: KnowledgeBase) -> None:
        self._knowledge = shipped_kb

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return ClaraRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"knowledge": self._knowledge}

    @property
    def retriever_query_example(self) -> str:
        return "¿Qué es la catarata?"


QUERIES = [
    ("What is a cataract?", "en"),
    ("¿Qué es la catarata?", "es"),
    ("O que é a catarata?", "pt"),
    ("Qu'est-ce que la cataracte ?", "fr"),
    ("什么是白内障？", "zh-Hans"),
    ("मोतियाबिंद क्या है?", "hi"),
    ("Ano ang katarata?", "fil"),
]


@pytest.mark.parametrize(("query", "language"), QUERIES)
def test_the_retriever_finds_the_same_in_every_language(shipped_kb: KnowledgeBase, query: str, language: str) -> None:
    first = ClaraRetriever(knowledge=shipped_kb, k=1).invoke(query)[0]
    assert first.metadata["language"] == language and first.metadata["document"] == f"ophthalmology/cataract/{language}"
    assert first.metadata["source"] and 0 < first.metadata["score"] <= 1


@pytest.mark.parametrize(("query", "language"), [*QUERIES, ("ما هو الساد؟", "ar")])
def test_an_answer_is_in_the_language_it_was_asked_in(shipped_kb: KnowledgeBase, query: str, language: str) -> None:
    with Clara("evidence", knowledge=shipped_kb) as engine:
        reply = ChatClara(engine=engine).invoke(query)
    assert reply.response_metadata["clara"]["language"] == language and reply.text


def test_the_retriever_returns_nothing_rather_than_what_does_not_fit(shipped_kb: KnowledgeBase) -> None:
    assert ClaraRetriever(knowledge=shipped_kb).invoke("¿Quién ganó el partido de ayer?") == []


def test_the_retriever_opens_the_user_s_own_base_and_closes_it(
    shipped_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARA_HOME", str(shipped_home))
    with ClaraRetriever(language="hi", k=2) as retriever:
        assert {d.metadata["language"] for d in retriever.invoke("मोतियाबिंद")} == {"hi"}


def test_a_retriever_searches_one_base(shipped_kb: KnowledgeBase) -> None:
    with Clara("evidence") as engine, pytest.raises(ConfigError, match="either engine or knowledge"):
        ClaraRetriever(engine=engine, knowledge=shipped_kb)

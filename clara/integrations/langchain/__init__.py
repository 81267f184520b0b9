"""LangChain: a chat model, a middleware for agents and a retriever."""

from clara.integrations.langchain.chat_model import ChatClara
from clara.integrations.langchain.middleware import ClaraMiddleware
from clara.integrations.langchain.retriever import ClaraRetriever

__all__ = ["ChatClara", "ClaraMiddleware", "ClaraRetriever"]

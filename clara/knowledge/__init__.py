"""The knowledge base: what is known, how it is found, and how a citation is checked."""

from clara.knowledge.base import Check, KnowledgeBase
from clara.knowledge.citations import check_quote, cite, negations, quantities, same_facts
from clara.knowledge.embedders import Embedder, HashedNGrams
from clara.knowledge.glossary import Concept, Glossary, load_glossary
from clara.knowledge.intake import Added
from clara.knowledge.search import Lexicon, Searcher, SearchResult, coverage, passage_terms

__all__ = [
    "Added",
    "Check",
    "Concept",
    "Embedder",
    "Glossary",
    "HashedNGrams",
    "KnowledgeBase",
    "Lexicon",
    "SearchResult",
    "Searcher",
    "check_quote",
    "cite",
    "coverage",
    "load_glossary",
    "negations",
    "passage_terms",
    "quantities",
    "same_facts",
]

"""Search across languages."""

from clara.knowledge.search.coverage import coverage, passage_terms
from clara.knowledge.search.hits import Hit
from clara.knowledge.search.lexicon import Lexicon, load_stopwords
from clara.knowledge.search.searcher import Candidates, Searcher, SearchResult

__all__ = [
    "Candidates",
    "Hit",
    "Lexicon",
    "SearchResult",
    "Searcher",
    "coverage",
    "load_stopwords",
    "passage_terms",
]

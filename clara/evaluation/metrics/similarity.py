"""How alike several answers to one question are: by words, by meaning, by topic, by length."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from clara.evaluation.extras import load_extra
from clara.text import terms

TOPICS = 20
"""Topics of the latent Dirichlet allocation; XLingEval reports 20 among others."""

Texts = Sequence[Sequence[str]]
"""Question -> the answers to it, at least two each."""
Floats = npt.NDArray[np.float64]


def pairwise(answers: Texts) -> dict[str, float | None]:
    """Return the mean over questions of the mean over pairs of answers, in per cent.

    unigram, bigram: Jaccard index of the words and pairs of words. sentence: cosine of sentence embeddings, None where
    the settings name no embedder that knows meaning. topic: cosine of topic shares (Blei, Ng and Jordan 2003), fitted
    to all answers. Words are CLARA's search terms, since a pattern for words that knows English only tears Hindi and
    Chinese apart.
    """
    listed = [text for texts in answers for text in texts]
    bounds = itertools.accumulate((len(texts) for texts in answers), initial=0)
    groups = [slice(low, high) for low, high in itertools.pairwise(bounds)]
    return {
        "unigram": _mean_of_pairs(groups, lambda group: _jaccard(listed[group], 1)),
        "bigram": _mean_of_pairs(groups, lambda group: _jaccard(listed[group], 2)),
        "sentence": _sentence(listed, groups),
        "topic": _topic(listed, groups),
    }


def length_variation(answers: Texts) -> dict[str, float | None]:
    """Return the mean number of words of an answer, and the mean of its standard deviation over a question."""
    lengths = [np.array([len(terms(text)) for text in texts], dtype=float) for texts in answers]
    return {
        "length_mean": round(float(np.mean([found.mean() for found in lengths])), 4),
        "length_sd": round(float(np.mean([found.std() for found in lengths])), 4),
    }


def _mean_of_pairs(groups: Sequence[slice], similarity: Any) -> float:
    """Return the mean over groups of the mean of a similarity matrix beside its diagonal, in per cent."""
    means = []
    for group in groups:
        matrix: Floats = similarity(group)
        means.append(float(matrix[~np.eye(len(matrix), dtype=bool)].mean()))
    return round(100 * float(np.mean(means)), 4)


def _jaccard(texts: Sequence[str], size: int) -> Floats:
    """Return the Jaccard index of the texts' word n-grams, each with each; two texts without any are alike."""
    text = load_extra("sklearn.feature_extraction.text")
    metrics = load_extra("sklearn.metrics")
    counter = text.CountVectorizer(analyzer=lambda given: _ngrams(given, size), binary=True)
    if not any(_ngrams(given, size) for given in texts):
        return np.ones((len(texts), len(texts)))
    seen = counter.fit_transform(texts).toarray().astype(bool)
    return np.asarray(1.0 - metrics.pairwise_distances(seen, metric="jaccard"))


def _ngrams(text: str, size: int) -> list[str]:
    words = terms(text)
    return [" ".join(words[at : at + size]) for at in range(len(words) - size + 1)]


def _sentence(texts: Sequence[str], groups: Sequence[slice]) -> float | None:
    from clara.config import load_settings
    from clara.knowledge.embedders import build_embedder

    embedder = build_embedder(load_settings().embed)
    try:
        if not embedder.crosslingual:  # the default knows letters, and would only count them once more
            return None
        vectors = embedder.embed(texts)
    finally:
        embedder.close()
    return _mean_of_pairs(groups, lambda group: vectors[group] @ vectors[group].T)


def _topic(texts: Sequence[str], groups: Sequence[slice]) -> float | None:
    text = load_extra("sklearn.feature_extraction.text")
    decomposition = load_extra("sklearn.decomposition")
    metrics = load_extra("sklearn.metrics.pairwise")
    if not any(map(terms, texts)):
        return None
    counts = text.CountVectorizer(analyzer=terms).fit_transform(texts)
    topics = decomposition.LatentDirichletAllocation(n_components=TOPICS, random_state=0).fit_transform(counts)
    return _mean_of_pairs(groups, lambda group: metrics.cosine_similarity(topics[group]))

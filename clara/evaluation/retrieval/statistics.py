"""From values per query to averages over languages, with intervals over questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clara.evaluation.retrieval.data import Query
from clara.evaluation.retrieval.metrics import Values
from clara.evaluation.statistics.resampling import Floats, Resampler

RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A mean, or a median without interval. `low` and `high` bound its 95% interval; `queries` were averaged."""

    value: float
    queries: int
    low: float | None = None
    high: float | None = None


class Bootstrap:
    """Averages values per language and over languages, with percentile intervals (Efron 1979).

    The unit that is drawn is the question, with all languages in which it is asked: versions of one question are
    not independent. The average over languages gives each the same weight.
    queries: those that were asked. seed: makes the intervals repeatable, and the same draws serve every system.
    """

    def __init__(self, queries: Sequence[Query], seed: int, resamples: int = RESAMPLES) -> None:
        self.languages = sorted({query.language for query in queries})
        groups = {group: row for row, group in enumerate(dict.fromkeys(query.group for query in queries))}
        columns = {language: column for column, language in enumerate(self.languages)}
        self._cells = {query.id: (groups[query.group], columns[query.language]) for query in queries}
        self._questions = len(groups)
        self._resampler = Resampler(len(groups), resamples, seed)

    def summarise(self, values: Values) -> tuple[Score | None, dict[str, Score]]:
        """Return the score over all languages (None without values) and the score per language that has values."""
        sums, counts = self._tables(values)
        asked = np.flatnonzero(counts.any(axis=0))
        if not asked.size:
            return None, {}
        means = sums.sum(axis=0)[asked] / counts.sum(axis=0)[asked]
        drawn = self._resampler.sums(counts[:, asked])
        # A language of few questions can be missing from a draw; that draw says nothing of it.
        with np.errstate(invalid="ignore"):
            resampled = np.where(drawn > 0, self._resampler.sums(sums[:, asked]) / drawn, np.nan)
        per_language = {
            self.languages[column]: _score(means[i], resampled[:, i], int(counts[:, column].sum()))
            for i, column in enumerate(asked)
        }
        complete = resampled[~np.isnan(resampled).any(axis=1)]
        return _score(means.mean(), complete.mean(axis=1), int(counts.sum())), per_language

    def medians(self, values: Values) -> tuple[Score | None, dict[str, Score]]:
        """Return the mean over languages of the median, and the median per language, without intervals."""
        by_language: dict[str, list[float]] = {}
        for query, value in values.items():
            by_language.setdefault(self.languages[self._cells[query][1]], []).append(value)
        scores = {
            language: Score(value=float(np.median(found)), queries=len(found))
            for language, found in sorted(by_language.items())
        }
        if not scores:
            return None, {}
        mean = float(np.mean([score.value for score in scores.values()]))
        return Score(value=mean, queries=len(values)), scores

    def _tables(self, values: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Return sums and counts of the values, each of shape (questions, languages)."""
        shape = (self._questions, len(self.languages))
        sums, counts = np.zeros(shape), np.zeros(shape)
        for query, value in values.items():
            sums[self._cells[query]] += value
            counts[self._cells[query]] += 1
        return sums, counts


def _score(value: float, resampled: Floats, queries: int) -> Score:
    known = resampled[~np.isnan(resampled)]
    if not known.size:
        return Score(value=float(value), queries=queries)
    low, high = np.percentile(known, [2.5, 97.5])
    return Score(value=float(value), queries=queries, low=float(low), high=float(high))

"""Questions with options in several languages, and answers that models were recorded to give."""

from clara.evaluation.datasets.base import DIRECT, Dataset, Item, Recorded, Runs
from clara.evaluation.datasets.load import ALL, DATASETS, Published, load_dataset, load_runs

__all__ = [
    "ALL",
    "DATASETS",
    "DIRECT",
    "Dataset",
    "Item",
    "Published",
    "Recorded",
    "Runs",
    "load_dataset",
    "load_runs",
]

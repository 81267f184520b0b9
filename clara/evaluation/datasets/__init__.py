"""Questions in several languages, and answers that models were recorded to give."""

from clara.evaluation.datasets.base import CHOICE, DIRECT, Dataset, Item, Published, Recorded, Runs
from clara.evaluation.datasets.load import ALL, load_dataset, load_runs
from clara.evaluation.datasets.published import DATASETS

__all__ = [
    "ALL",
    "CHOICE",
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

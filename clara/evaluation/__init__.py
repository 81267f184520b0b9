"""How CLARA is measured. Packages beyond CLARA's own are in the extra `eval`."""

from clara.choices import read_choice
from clara.evaluation.extras import load_extra
from clara.evaluation.retrieval.data import Collection, Doc, Query
from clara.evaluation.retrieval.load import load_collection
from clara.evaluation.retrieval.report import describe, make_folder, to_csv, to_markdown, to_tables, write_report
from clara.evaluation.retrieval.results import Results, SystemResult, read_results
from clara.evaluation.retrieval.run import measure_retrieval
from clara.evaluation.retrieval.statistics import Score
from clara.evaluation.run import Plan, Progress, evaluate, make_plan, rescore

__all__ = [
    "Collection",
    "Doc",
    "Plan",
    "Progress",
    "Query",
    "Results",
    "Score",
    "SystemResult",
    "describe",
    "evaluate",
    "load_collection",
    "load_extra",
    "make_folder",
    "make_plan",
    "measure_retrieval",
    "read_choice",
    "read_results",
    "rescore",
    "to_csv",
    "to_markdown",
    "to_tables",
    "write_report",
]

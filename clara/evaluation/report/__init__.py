"""Reports of measurements: one page that works offline, pictures, and tables for a paper."""

from clara.evaluation.report.compare import compare_runs, write_comparison
from clara.evaluation.report.load import Measured, load
from clara.evaluation.report.report import write_report

__all__ = ["Measured", "compare_runs", "load", "write_comparison", "write_report"]

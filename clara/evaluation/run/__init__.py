"""Asking models: every method, language, question and epoch, kept so that nothing is asked twice or lost."""

from clara.evaluation.run.plan import Plan, Progress, make_plan
from clara.evaluation.run.rescore import rescore
from clara.evaluation.run.runner import evaluate

__all__ = ["Plan", "Progress", "evaluate", "make_plan", "rescore"]

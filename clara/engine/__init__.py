"""From settings to an answer: `Clara`, and what is asked of it."""

from clara.engine.core import Clara
from clara.engine.questions import Options, make_question
from clara.engine.request import ChatOptions

__all__ = ["ChatOptions", "Clara", "Options", "make_question"]

"""Forty documents that try to change an answer, the questions that they match best, and a model that obeys them."""

from tests.poison.documents import DOCUMENTS, Poison
from tests.poison.gullible import Gullible
from tests.poison.scenarios import SCENARIOS, Scenario

__all__ = ["DOCUMENTS", "SCENARIOS", "Gullible", "Poison", "Scenario"]

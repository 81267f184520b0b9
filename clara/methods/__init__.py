"""Methods by name: each a short composition of stages."""

from collections.abc import Awaitable, Callable

from clara.methods.clara import clara
from clara.methods.direct import direct
from clara.methods.evidence import evidence
from clara.methods.paper import paper
from clara.methods.rag import rag
from clara.methods.translate_test import translate_test
from clara.methods.vote import vote
from clara.stages.state import Outcome, Run

Method = Callable[[Run], Awaitable[Outcome]]

METHODS: dict[str, Method] = {
    "clara": clara,
    "direct": direct,
    "evidence": evidence,
    "paper": paper,
    "rag": rag,
    "translate_test": translate_test,
    "vote": vote,
}
"""Every method that can be named in a setting, on the command line or in a request."""

__all__ = ["METHODS", "Method", "Outcome", "Run"]

"""Methods by name: each a short composition of stages."""

from collections.abc import Awaitable, Callable

from clara.methods.clara import clara
from clara.methods.direct import direct
from clara.methods.evidence import evidence
from clara.methods.translate_test import translate_test
from clara.stages.state import Outcome, Run

Method = Callable[[Run], Awaitable[Outcome]]

METHODS: dict[str, Method] = {
    "clara": clara,
    "direct": direct,
    "evidence": evidence,
    "translate_test": translate_test,
}
"""Every method that can be named in a setting, on the command line or in a request."""

__all__ = ["METHODS", "Method", "Outcome", "Run"]

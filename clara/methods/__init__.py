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


def _with(method: Method, switch: str, value: bool) -> Method:
    async def switched(run: Run) -> Outcome:
        run.settings = run.settings.model_copy(update={switch: value})
        return await method(run)

    return switched


ABLATIONS: dict[str, Method] = {
    "clara_no_escalate": _with(clara, "escalate", False),
    "clara_no_evidence": _with(clara, "evidence", False),
    "clara_no_native": _with(clara, "native", False),
    "clara_no_permute": _with(clara, "permute", False),
    "clara_no_verify": _with(clara, "verify", False),
    "translate_test_cot": _with(translate_test, "chain_of_thought", True),
}
"""Methods with one of their switches the other way, by a name of their own: what is left out is measured beside the
whole, in one run."""


def find_method(name: str) -> Method | None:
    """Return a method or an ablation of one by its name, None where there is no such."""
    return METHODS.get(name) or ABLATIONS.get(name)


__all__ = ["ABLATIONS", "METHODS", "Method", "Outcome", "Run", "find_method"]

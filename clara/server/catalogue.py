"""The names that can be asked: CLARA and its methods, and the configured upstream models as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clara.config import EVIDENCE_MODEL, Settings
from clara.methods import ABLATIONS, METHODS
from clara.models.scripted import SCRIPTED
from clara.server.errors import RequestError

CLARA = "clara"
OPENAI = "openai"


@dataclass(frozen=True, slots=True)
class Named:
    """What a model's name stands for: a method of CLARA's, or else an upstream model by its full name."""

    method: str | None = None
    upstream: str | None = None


class Catalogue:
    """method: the one behind the name `clara`. has_model: whether methods that need a chat model can be asked."""

    def __init__(self, settings: Settings, *, method: str, has_model: bool) -> None:
        methods = sorted(METHODS) if has_model else [EVIDENCE_MODEL]
        configured = [settings.model, settings.translate_model, settings.second_model, *settings.fallback_models]
        upstream = {name.partition(":")[2]: name for name in configured if name and _is_upstream(name)}
        self.methods = frozenset([*methods, *ABLATIONS] if has_model else methods)
        self._named: Mapping[str, Named] = {
            **{short: Named(upstream=name) for short, name in upstream.items()},
            **{f"{CLARA}:{name}": Named(method=name) for name in methods},
            CLARA: Named(method=method),
        }
        self._full = {name: Named(upstream=name) for name in configured if name and _is_upstream(name)}

    def names(self) -> list[str]:
        """Return every name, CLARA's own first."""
        return sorted(self._named, key=lambda name: (not name.startswith(CLARA), name))

    def find(self, name: str) -> Named:
        """Return what a name stands for. Raises RequestError (404)."""
        found = self._named.get(name) or self._full.get(name)
        if found is None:
            raise RequestError(
                404, "model_not_found", f"no model {name[:60]!r} here; GET /v1/models lists them", param="model"
            )
        return found


def is_openai(name: str) -> bool:
    """Tell whether a model's full name is one behind the OpenAI API."""
    return name.partition(":")[0] == OPENAI


def _is_upstream(name: str) -> bool:
    return name != EVIDENCE_MODEL and name.partition(":")[0] != SCRIPTED

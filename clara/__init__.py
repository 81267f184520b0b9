"""CLARA answers a medical question in any language as well as in the language the model knows best.

>>> from clara import Clara
>>> with Clara() as clara:                                        # embedded default: no key, no download
...     answer = clara.ask("¿Qué es la catarata?")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clara.config import Settings as Settings
    from clara.engine import Clara as Clara
    from clara.errors import BudgetExceeded as BudgetExceeded
    from clara.errors import ClaraError as ClaraError
    from clara.errors import ConfigError as ConfigError
    from clara.errors import KnowledgeError as KnowledgeError
    from clara.errors import ModelError as ModelError
    from clara.knowledge import KnowledgeBase as KnowledgeBase
    from clara.languages import detect as detect
    from clara.models import ChatModel as ChatModel
    from clara.models import ScriptedModel as ScriptedModel
    from clara.types import Answer as Answer
    from clara.types import Citation as Citation
    from clara.types import Draft as Draft
    from clara.types import Event as Event
    from clara.types import Option as Option
    from clara.types import Question as Question
    from clara.types import Reply as Reply
    from clara.types import Turn as Turn
    from clara.types import Usage as Usage
    from clara.types import Verdict as Verdict

__version__ = "0.1.0"

_HOMES = {
    "Answer": "types",
    "BudgetExceeded": "errors",
    "ChatModel": "models",
    "Citation": "types",
    "Clara": "engine",
    "ClaraError": "errors",
    "ConfigError": "errors",
    "Draft": "types",
    "Event": "types",
    "KnowledgeBase": "knowledge",
    "KnowledgeError": "errors",
    "ModelError": "errors",
    "Option": "types",
    "Question": "types",
    "Reply": "types",
    "ScriptedModel": "models",
    "Settings": "config",
    "Turn": "types",
    "Usage": "types",
    "Verdict": "types",
    "detect": "languages",
}
__all__ = [
    "Answer",
    "BudgetExceeded",
    "ChatModel",
    "Citation",
    "Clara",
    "ClaraError",
    "ConfigError",
    "Draft",
    "Event",
    "KnowledgeBase",
    "KnowledgeError",
    "ModelError",
    "Option",
    "Question",
    "Reply",
    "ScriptedModel",
    "Settings",
    "Turn",
    "Usage",
    "Verdict",
    "detect",
]


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives, so that `import clara` stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clara' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"clara.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

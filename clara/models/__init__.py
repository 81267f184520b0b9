"""The one seam to chat models."""

from clara.models.base import Call, ChatModel, Completion, Show
from clara.models.build import ModelRole, Models, build_models
from clara.models.resilience import Fallback, Retrying
from clara.models.scripted import ScriptedModel

__all__ = [
    "Call",
    "ChatModel",
    "Completion",
    "Fallback",
    "ModelRole",
    "Models",
    "Retrying",
    "ScriptedModel",
    "Show",
    "build_models",
]

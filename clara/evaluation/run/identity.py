"""What makes two measurements the same: the questions, the model, the settings, the prompts and the evidence."""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from clara.config import Settings
from clara.errors import ConfigError
from clara.evaluation.datasets import DIRECT, Dataset
from clara.evaluation.run.folder import fingerprint
from clara.knowledge import KnowledgeBase

# They change how long an answer takes, what it costs and where files lie, not what is answered.
_ASIDE = frozenset(
    "home cache cache_dir prompts_dir kb_dir timeout_s attempts retry_wait_s retry_wait_max_s chroma_url method "
    "prices server redis_url redis_days".split()
)
_SECRET = ("key", "secret", "password", "authorization", "headers")

Identity = dict[str, Any]


def make_identity(dataset: Dataset, settings: Settings, *, model: str, prompts: Path, seed: int) -> Identity:
    """Return what must be the same for answers to stand side by side, without any key.

    dataset: all of it, before anything is left out, so that a run can be widened. The fingerprint of the evidence is
    added by `identify_knowledge`, once it is open.
    """
    return {
        "dataset": dataset.name,
        "versions": {tag: _version(dataset, tag) for tag in dataset.languages},
        "model": model,
        "settings": shown_settings(settings),
        "prompts": fingerprint_files(prompts),
        "knowledge": None,
        "seed": seed,
    }


def identify_knowledge(knowledge: KnowledgeBase) -> str:
    """Return a fingerprint of the documents in a knowledge base."""
    return fingerprint(knowledge.store.hashes("shipped"), knowledge.store.hashes("user"))


def config_of(identity: Identity, method: str, language: str) -> str:
    """Return the fingerprint under which rows of a method in a language are kept."""
    parts = {name: value for name, value in identity.items() if name not in ("versions", "knowledge")}
    evidence = None if method == DIRECT else identity["knowledge"]
    return fingerprint(parts, identity["versions"][language], evidence, method)


def check_same(found: Mapping[str, Any], wanted: Identity, folder: Path) -> Identity:
    """Return both identities in one; raise ConfigError where they differ, which names what does.

    Languages and, where only one knows it, the evidence may be added to.
    """
    for name, value in wanted.items():
        before: Any = found.get(name)
        if name == "versions":
            changed = [tag for tag in value if tag in before and before[tag] != value[tag]]
            differs = f"other questions in {', '.join(changed)}" if changed else ""
        elif name == "settings":
            changed = sorted(key for key in {*before, *value} if before.get(key) != value.get(key))
            differs = f"other settings: {', '.join(changed)}" if changed else ""
        elif name == "knowledge":
            differs = "other documents in the knowledge base" if None not in (before, value) and before != value else ""
        elif name == "prompts":
            differs = "other prompts" if before != value else ""
        else:
            differs = f"{name} {str(before)[:60]}, not {str(value)[:60]}" if before != value else ""
        if differs:
            raise ConfigError(f"{folder} holds a run with {differs}; choose another folder")
    return {
        **wanted,
        "versions": {**found["versions"], **wanted["versions"]},
        "knowledge": wanted["knowledge"] or found["knowledge"],
    }


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that decide an answer; no key, and no password inside an address."""
    return {name: value for name, value in _shown(settings.model_dump()).items() if name not in _ASIDE}


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(name): _shown(held)
            for name, held in value.items()
            if not isinstance(held, SecretStr) and not str(name).lower().endswith(_SECRET)
        }
    if isinstance(value, list | tuple):
        return [_shown(held) for held in value]
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urllib.parse.urlsplit(value)
        return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return str(value) if isinstance(value, Path) else value


def _version(dataset: Dataset, tag: str) -> str:
    return Dataset(
        name=dataset.name, source="", licence="", items=tuple(i for i in dataset.items if i.language == tag)
    ).version()  # fmt: skip


def fingerprint_files(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".toml"))
    listed = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return fingerprint(listed)

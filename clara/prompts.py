"""Prompts are files: `prompts/<stage>/<name>.md`, checked when they are loaded and when they are rendered.

A file has YAML front matter (`version`, `output`: json or text, `inputs`: name -> trusted | untrusted)
and two parts, `# system` (a message inside a conversation goes without) and `# user`, with `{{name}}`
where an input goes. Untrusted inputs (questions, documents, model output) may stand in the user part
only. Substitution is a single pass: braces inside an input are text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml

from clara.errors import PromptError

_FRONT = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_PARTS = re.compile(r"\A\s*(?:# system\n(.*?)\n)?# user\n(.*)\Z", re.DOTALL)
_SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_BLANK = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A rendered prompt. `fingerprint` identifies the file's text, not the inputs."""

    name: str
    system: str
    user: str
    output: Literal["json", "text"]
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A loaded prompt file."""

    name: str
    version: int
    output: Literal["json", "text"]
    trusted: frozenset[str]
    untrusted: frozenset[str]
    system: str
    user: str
    fingerprint: str

    def render(self, inputs: dict[str, str]) -> Prompt:
        """Fill the slots. Raises PromptError unless `inputs` are exactly the declared ones."""
        declared = self.trusted | self.untrusted
        if set(inputs) != declared:
            missing, unknown = sorted(declared - set(inputs)), sorted(set(inputs) - declared)
            raise PromptError(f"prompt {self.name}: missing inputs {missing}, unknown inputs {unknown}")

        def fill(part: str) -> str:
            return _BLANK.sub("\n\n", _SLOT.sub(lambda slot: inputs[slot.group(1)], part)).strip()

        return Prompt(
            name=self.name,
            system=fill(self.system),
            user=fill(self.user),
            output=self.output,
            fingerprint=self.fingerprint,
        )


class Prompts:
    """The prompts of one folder, loaded on first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def render(self, name: str, **inputs: str) -> Prompt:
        """Render prompt `name`, e.g. "draft/choice". Raises PromptError."""
        return load_template(self._folder, name).render(inputs)


@lru_cache(maxsize=128)
def load_template(folder: Path, name: str) -> Template:
    """Load and check one prompt file. Raises PromptError with the file's name and what is wrong in it."""
    path = folder / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"cannot read prompt {path}: {error}") from error
    front = _FRONT.match(text)
    parts = _PARTS.match(front.group(2)) if front else None
    if not front or not parts:
        raise PromptError(f"{path}: needs front matter between --- lines, then '# system' and '# user'")
    try:
        meta = yaml.safe_load(front.group(1))
        version, output, inputs = int(meta["version"]), meta["output"], dict(meta.get("inputs") or {})
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise PromptError(f"{path}: front matter needs version, output and inputs ({error})") from error
    if output not in ("json", "text") or not set(inputs.values()) <= {"trusted", "untrusted"}:
        raise PromptError(f"{path}: output is json or text, each input is trusted or untrusted")
    trusted = frozenset(k for k, v in inputs.items() if v == "trusted")
    untrusted = frozenset(k for k, v in inputs.items() if v == "untrusted")
    system, user = parts.group(1) or "", parts.group(2)
    in_system, in_user = set(_SLOT.findall(system)), set(_SLOT.findall(user))
    if in_system & untrusted:
        raise PromptError(f"{path}: untrusted inputs {sorted(in_system & untrusted)} may not stand in the system part")
    if in_system | in_user != trusted | untrusted:
        raise PromptError(f"{path}: inputs and slots differ: {sorted((in_system | in_user) ^ (trusted | untrusted))}")
    fingerprint = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Template(
        name=name,
        version=version,
        output=output,
        trusted=trusted,
        untrusted=untrusted,
        system=system,
        user=user,
        fingerprint=fingerprint,
    )

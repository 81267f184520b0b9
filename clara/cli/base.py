"""What the `clara kb` commands share: the open knowledge base, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from clara.knowledge import KnowledgeBase

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MethodName = Annotated[
    str | None,
    typer.Option(help="clara, direct, evidence, paper, rag, translate_test or vote; or clara without a part of it: "
                      "clara_no_escalate, clara_no_evidence, clara_no_native, clara_no_permute, clara_no_verify."),
]  # fmt: skip


@contextmanager
def open_base(
    command: str, *, rebuilding: bool = False, overrides: Mapping[str, Any] | None = None
) -> Iterator[KnowledgeBase]:
    """Open the user's knowledge base for `clara kb <command>`; what opening had to mend is said on standard error."""
    from clara.config import load_settings
    from clara.knowledge import KnowledgeBase

    with KnowledgeBase.from_settings(
        load_settings(overrides),
        purpose=f"clara kb {command}",
        rebuilding=rebuilding,
        notify=lambda notice: typer.echo(notice, err=True),
    ) as base:
        yield base


def print_json(value: Any) -> None:
    """Print a value as JSON, in its own scripts."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_rich(renderable: Any) -> None:
    """Print something of rich's."""
    from rich.console import Console

    Console(highlight=False).print(renderable)


def show(text: str, style: str = "", *, error: bool = False) -> None:
    """Print one untrusted line."""
    from rich.console import Console

    from clara.cli.render import plain

    Console(highlight=False, stderr=error).print(plain(text, style), soft_wrap=True)

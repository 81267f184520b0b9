"""`clara mcp`: CLARA's tools for assistants that speak the Model Context Protocol."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from clara.cli.base import MethodName


def mcp(
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:NAME", help="Chat model, e.g. openai:gpt-5; or evidence for none.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    method: MethodName = None,
    country: Annotated[str | None, typer.Option(help="Where askers are, for answers that depend on it.")] = None,
) -> None:
    """Serve ask, search_evidence and translate_check over MCP, on standard input and output.

    An assistant starts this command itself; see docs/mcp.md for what to write into its settings.
    """
    from clara.config import load_settings
    from clara.errors import ConfigError

    settings = load_settings({"model": model, "base_url": base_url, "method": method, "country": country})
    try:
        from clara.integrations.mcp import build_server
    except ImportError as error:
        raise ConfigError(f"clara mcp needs {error.name}: pip install 'clara-debias[mcp]'") from None
    from clara.engine import Clara

    # The SDK's thread that reads standard input holds the process until the next line; Ctrl-C is not to wait for one.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stdin.isatty():
        typer.echo("waiting for an assistant on standard input, which starts this itself; Ctrl-C ends it", err=True)
    with Clara(settings=settings) as clara:
        build_server(clara).run("stdio")

"""`clara serve`: the engine as a service."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:NAME", help="Chat model, e.g. openai:gpt-5; or evidence for none.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server.")] = None,
    method: Annotated[str | None, typer.Option(help="What the model name clara stands for.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; any but this machine's own needs keys. [127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [8400]")] = None,
) -> None:
    """Serve the OpenAI API: chat completions, responses, models, embeddings.

    An application sets its base_url to http://127.0.0.1:8400/v1 and asks for
    the model clara, or for clara:METHOD; the configured upstream models are
    served under their own names, as they are.

    /healthz, /readyz and /metrics are for those who run it, /openapi.json
    describes it. Keys, limits, log and traces are settings in the section
    server of clara.toml (clara init writes one) or CLARA_SERVER__* variables,
    e.g. CLARA_SERVER__KEYS='{"clinic": {"key": "..."}}'. SIGTERM ends it once
    open requests are answered.
    """
    from clara.config import load_settings
    from clara.errors import ConfigError

    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = load_settings({"model": model, "base_url": base_url, "method": method, "server": given or None})
    try:
        from clara.server import serve as run
        from clara.server.logs import set_up_logs
    except ImportError as error:
        raise ConfigError(f"clara serve needs {error.name}: pip install 'clara-debias[serve]'") from None
    set_up_logs()
    run(settings)

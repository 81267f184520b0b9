"""`clara doctor` and `clara init`: find out what is missing, and write the settings file."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from clara.config import Settings

# Usual ports of local model servers, and the OpenAI-compatible path that lists their models.
LOCAL_SERVERS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("clara.toml"),
    force: Annotated[bool, typer.Option(help="Overwrite an existing file.")] = False,
) -> None:
    """Write a clara.toml in which every setting stands, commented, with its default."""
    from clara.errors import ConfigError

    if path.exists() and not force:
        raise ConfigError(f"{path} exists; pass --force to overwrite it")
    try:
        path.write_text(settings_template(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    typer.echo(f"wrote {path}; remove the # before a line to change it")


def settings_template() -> str:
    """Return the commented settings file, made from the settings themselves."""
    from pydantic import BaseModel

    from clara.config import Settings

    lines = ["# CLARA's settings. An argument wins over a CLARA_* variable, which wins over this file.", ""]
    groups: list[tuple[str, type[BaseModel]]] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            groups.append((name, field.annotation))
            continue
        lines += _setting(name, field.get_default(call_default_factory=True), field.description)
    for name, group in groups:
        lines += ["", f"[{name}]"]
        for key, field in group.model_fields.items():
            lines += _setting(key, field.default, field.description)
    return "\n".join(lines) + "\n"


def _setting(name: str, default: Any, description: str | None) -> list[str]:
    comment = [f"# {description}"] if description else []
    if default is None:
        return [*comment, f"# {name} ="]
    value = {} if default == {} else list(default) if isinstance(default, tuple) else default
    return [*comment, f"# {name} = {json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)}"]


def doctor() -> None:
    """Check configuration, model and knowledge base, look for local model servers, and say what to do next."""
    from rich.console import Console

    from clara.config import EVIDENCE_MODEL, config_file, load_settings, provider_keys
    from clara.errors import ClaraError

    console = Console(highlight=False)
    settings = load_settings()
    _line(console, True, f"settings: {config_file() or 'defaults (clara init writes a file)'}; data in {settings.home}")
    advice = []
    try:
        _line(console, True, _check_knowledge(settings))
        sound = True
    except ClaraError as error:
        _line(console, False, f"knowledge base: {error}")
        sound = False
    servers = find_local_servers()
    for name, (url, models) in servers.items():
        _line(console, True, f"{name} answers at {url} with {', '.join(models[:4]) or 'no model loaded'}")
        if models and settings.model == EVIDENCE_MODEL:
            advice.append(f'CLARA_BASE_URL={url} clara ask --model {shlex.quote(f"openai:{models[0]}")} "..."')
    if settings.model == EVIDENCE_MODEL:
        _line(console, True, "model: none configured; answers quote the knowledge base")
        for variable, present in provider_keys().items():
            if present:
                _line(console, True, f"{variable} is set")
        advice = advice or [
            'set a key (e.g. OPENAI_API_KEY) and run: clara ask --model openai:gpt-5 "..."',
            "or start a local server (Ollama, LM Studio, llama.cpp, vLLM) and run clara doctor again",
        ]
    else:
        try:
            _line(console, True, _check_model(settings))
        except ClaraError as error:
            _line(console, False, f"model {settings.model}: {error}")
            sound = False
    for line in advice:
        console.print("  next:", _shown(line), soft_wrap=True, markup=False)
    if not sound:
        raise typer.Exit(1)


def _line(console: Console, good: bool, text: str) -> None:
    from rich.text import Text

    console.print(Text.assemble(("ok    ", "green") if good else ("fault ", "bold red"), _shown(text)), soft_wrap=True)


def _shown(text: str) -> str:
    """Return what may be shown, in one line: what calls itself a local server may list anything as its models."""
    from clara.text import clean

    return " ".join(clean(text).split())


def _check_knowledge(settings: Settings) -> str:
    from clara.knowledge import KnowledgeBase

    notices: list[str] = []
    with KnowledgeBase.from_settings(settings, purpose="clara doctor", notify=notices.append) as base:
        documents, tags = len(base.store.documents()), sorted(base.store.languages())
    said = f" ({'; '.join(notices)})" if notices else ""
    return f"knowledge base: {documents} documents in {', '.join(tags)}{said}"


def _check_model(settings: Settings) -> str:
    import asyncio

    from clara.models import Call, build_models
    from clara.types import Turn

    async def probe() -> str:
        models = build_models(settings.model_copy(update={"attempts": 1, "timeout_s": min(20.0, settings.timeout_s)}))
        try:
            call = Call(system="Answer in one word.", turns=(Turn(role="user", text="Say ready."),))
            completion = await models.draft.complete(call)
        finally:
            await models.aclose()
        used = completion.prompt_tokens + completion.completion_tokens
        return f"model {settings.model} answers ({used} tokens)"

    return asyncio.run(probe())


def find_local_servers(ports: dict[str, int] | None = None, timeout_s: float = 0.5) -> dict[str, tuple[str, list[str]]]:
    """Return name -> (base URL, models) of the OpenAI-compatible servers that answer on this machine's usual ports."""
    from concurrent.futures import ThreadPoolExecutor

    import httpx2

    def probe(port: int) -> tuple[str, list[str]] | None:
        url = f"http://127.0.0.1:{port}/v1"
        try:
            reply = httpx2.get(f"{url}/models", timeout=timeout_s, trust_env=False)
            listed = reply.json()["data"] if reply.status_code == 200 else None
            return (url, [str(m["id"]) for m in listed]) if listed is not None else None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return None  # nothing there, or something that is no model server

    names = ports or LOCAL_SERVERS
    with ThreadPoolExecutor(len(names)) as pool:
        found = dict(zip(names, pool.map(probe, names.values()), strict=True))
    return {name: server for name, server in found.items() if server}

"""What docs/server.md, docs/deploy.md and the Dockerfile say of the service is so."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tomllib
from pathlib import Path

import pytest

from clara import KnowledgeBase
from clara.cli.setup import settings_template
from clara.config import Settings
from clara.server import errors
from tests.conftest import ROOT
from tests.serving import serving

SERVER = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8400"


def test_the_first_example_runs(shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    (example,) = [code for code in re.findall(r"```python\n(.*?)```", SERVER, re.S) if "OpenAI(" in code]
    said = io.StringIO()
    with serving(shipped_kb, home=tmp_path) as served, contextlib.redirect_stdout(said):
        exec(compile(example.replace(ADDRESS, served.url), "docs/server.md", "exec"), {})
    assert "मोतियाबिंद" in said.getvalue() and "exact" in said.getvalue()


def test_the_health_check_of_the_image_tells_a_living_service(shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    command = json.loads(DOCKERFILE.split("HEALTHCHECK", 1)[1].split("CMD ", 1)[1].splitlines()[0])
    assert command[:2] == ["python", "-c"]
    with serving(shipped_kb, home=tmp_path) as served:
        exec(command[2].replace(ADDRESS, served.url), {})
    with pytest.raises(OSError):
        exec(command[2].replace(ADDRESS, served.url), {})


def test_the_image_runs_without_root_and_copies_what_the_package_needs() -> None:
    final = DOCKERFILE.rpartition("FROM ")[2]
    assert final.index("USER clara") < final.index("ENTRYPOINT") and "STOPSIGNAL SIGTERM" in final
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in " ".join(copied).split()} == {line for line in sent if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.search(r'"\.\[(.+?)\]"', DOCKERFILE)
    assert extras is not None and set(extras[1].split(",")) <= set(project["optional-dependencies"])


def test_the_unit_for_systemd_is_one_that_systemd_reads() -> None:
    (unit,) = re.findall(r"```ini\n(.*?)```", DEPLOY, re.S)
    lines = [line for line in unit.splitlines() if line and not line.startswith("#")]
    for line in lines:  # a comment at the end of a line is part of its value there
        assert re.fullmatch(r"\[\w+\]|\w+=[^#]+(?<! )", line), line
    stop = int(next(line for line in lines if line.startswith("TimeoutStopSec=")).partition("=")[2])
    assert stop > Settings().server.drain_s


def test_every_error_code_is_in_the_table() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(errors.__file__).parent.glob("*.py")]
    raised = {code for text in sources for code in re.findall(r'RequestError\(\s*\d+,\s*f?"(\w+)"', text)}
    raised |= {code for text in sources for code in re.findall(r'(?:code=|_final\(\d+, )"(\w+)"', text)}
    raised |= set(re.findall(r'self\._refuse\(\d+, "(\w+)"', "".join(sources)))
    assert len(raised) > 20
    assert {code for code in raised if f"`{code}`" not in SERVER} == set()


def test_settings_and_variables_that_the_pages_name_exist() -> None:
    known = settings_template()
    for page in (SERVER, DEPLOY):
        for group, name in re.findall(r"`(server|search)\.(\w+)(?: = \w+)?`", page):
            assert name in Settings.model_fields[group].annotation.model_fields, name  # type: ignore[union-attr]
    for name in re.findall(r"CLARA_([A-Z_]+)(?:=|:)", DEPLOY + DOCKERFILE):
        leaf = name.lower().rpartition("__")[2]
        assert name == "CONFIG" or f"# {leaf} =" in known, name


def test_what_the_page_says_of_metrics_is_what_is_measured(shipped_kb: KnowledgeBase, tmp_path: Path) -> None:
    import httpx2

    with serving(shipped_kb, home=tmp_path) as served:
        httpx2.post(f"{served.api}/chat/completions", json={"model": "clara", "messages": []})
        page = httpx2.get(f"{served.url}/metrics").text
    for name in set(re.findall(r"`(clara_[a-z_]+?)(?:\{.*?\})?`", SERVER + DEPLOY)):
        assert f"# HELP {name} " in page or f"# HELP {name.removesuffix('_total')} " in page, name

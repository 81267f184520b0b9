"""The rules of the house: floors, public names, types, style, and docs that show what is true."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clara
from tests.conftest import ROOT

BIN = Path(sys.executable).parent


def run(*arguments: str) -> str:
    done = subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_imports_go_down_the_floors_only() -> None:
    assert "1 kept, 0 broken" in run("lint-imports", "--no-cache")


def test_every_line_is_typed() -> None:
    run("mypy")


def test_the_style_is_one() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", "clara", "tests")


def test_public_names_are_few_sorted_and_documented() -> None:
    assert len(clara.__all__) <= 25 and clara.__all__ == sorted(clara.__all__)
    assert set(clara.__all__) == set(clara._HOMES)
    for name in clara.__all__:
        member = getattr(clara, name)
        assert inspect.getdoc(member), name
        if inspect.isclass(member):
            for attribute, value in vars(member).items():
                if not attribute.startswith("_") and inspect.isfunction(value):
                    assert inspect.getdoc(value), f"{name}.{attribute}"


def test_importing_clara_loads_nothing_heavy() -> None:
    heavy = "{'langchain_core', 'chromadb', 'numpy', 'pydantic', 'rich', 'openai'}"
    code = f"import sys, clara; print([m for m in sys.modules if m.split('.')[0] in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        clara.nothing  # noqa: B018


def test_no_room_outgrows_the_house() -> None:
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in (ROOT / "clara").rglob("*.py")}
    assert max(sizes.values()) <= 400, max(sizes, key=lambda p: sizes[p])


def test_nothing_but_config_reads_the_environment() -> None:
    readers = [
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "clara").rglob("*.py")
        if re.search(r"os\.(environ|getenv)", p.read_text(encoding="utf-8"))
    ]
    assert readers == ["clara/config.py"]


def test_the_readme_opens_with_the_two_commands_and_names_every_dependency() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.index("make demo") < readme.index("make test") < 1500
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    for name in re.findall(r'"([A-Za-z0-9_-]+)', block):
        assert f"`{name}`" in readme, name


def test_the_docs_show_the_command_line_as_it_is() -> None:
    documented = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    from tests.contract.command_line_doc import render

    assert documented == render(), "run: python -m tests.contract.command_line_doc"


def test_every_relative_link_of_the_docs_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_coverage_table_shows_what_ships() -> None:
    from tests.contract.knowledge_doc import PAGE, rewritten

    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page), "run: python -m tests.contract.knowledge_doc"

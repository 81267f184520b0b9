"""A wheel, an editable install and a plain checkout all find the prompts and the knowledge base."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

ASK = ("-m", "clara", "ask", "¿Qué es la catarata?", "--json")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    return next(place.glob("*.whl"))


def answer(place: Path, *, cwd: Path, **environment: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, *ASK], cwd=cwd, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(place)} | environment,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


def where(place: Path, cwd: Path) -> str:
    code = "import clara, clara.resources as r; print(clara.__file__, r.data_folder('prompts'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(place)},
    )  # fmt: skip
    return done.stdout


def test_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(place)
    assert "clara/py.typed" in names and "clara/_data/prompts/draft/choice.md" in names
    assert not [n for n in names if n.startswith(("tests/", "docs/"))]
    assert where(place, tmp_path).count(str(place)) == 2
    assert answer(place, cwd=tmp_path, CLARA_HOME=str(tmp_path / "home"))["language"] == "es"


def test_from_a_plain_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("clara", "prompts", "knowledge_base"):
        (checkout / name).symlink_to(ROOT / name)
    said = subprocess.run(
        [sys.executable, "-c", "import clara.resources as r; print(r.data_folder('knowledge_base'))"],
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip().endswith("knowledge_base")


def test_from_folders_of_one_s_own(shipped_home: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    done = subprocess.run(
        [sys.executable, *ASK], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"CLARA_HOME": str(shipped_home), "CLARA_PROMPTS_DIR": str(prompts)},
    )  # fmt: skip
    assert done.returncode == 1 and "messages.toml" in done.stderr
    done = subprocess.run(
        [sys.executable, *ASK], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"CLARA_KB_DIR": str(tmp_path / "nothing")},
    )  # fmt: skip
    assert done.returncode == 2 and "no such folder" in done.stderr

"""The documentation is what is true: its first examples run, its tables are what the code declares, its site builds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser

from tests.conftest import ROOT

DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent
# Pages about the project, which show nothing to run; what the command line says of itself; results of long runs.
WITHOUT_EXAMPLE = {
    "architecture", "changelog", "cli", "contributing", "debiasing", "decisions", "retrieval", "sources",
}  # fmt: skip
# Pages whose first example needs what only their own test sets up: page -> the test that runs it.
EXAMPLES = "tests/integration/test_examples.py::test_the_first_example_of_a_page_is_the_one_that_runs"
OWN_TEST = {
    "deploy": "tests/contract/test_server_docs.py::test_settings_and_variables_that_the_pages_name_exist",
    "inspect": EXAMPLES,
    "langchain": EXAMPLES,
    "mcp": EXAMPLES,
    "openai": EXAMPLES,
    "server": "tests/contract/test_server_docs.py::test_the_first_example_runs",
}
PAGES = sorted(path.stem for path in DOCS.glob("*.md"))
_ENDED = "\x1e"
_LOADS = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)


def fences(page: str) -> list[Token]:
    """Return the fenced blocks of a page, in their order."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return [token for token in MarkdownIt().parse(text) if token.type == "fence"]


def first_example(page: str) -> tuple[str, str, str | None]:
    """Return language, text and said output of the first example; a block of text after Python is what it prints."""
    blocks = fences(page)
    at = next(i for i, block in enumerate(blocks) if block.info in ("console", "sh", "python"))
    output = blocks[at + 1].content if blocks[at + 1 : at + 2] and blocks[at + 1].info == "text" else None
    return blocks[at].info, blocks[at].content, output if blocks[at].info == "python" else None


def session(shown: str) -> list[tuple[str, str]]:
    """Return the commands of a console block, each with the output shown below it."""
    commands = re.split(r"^\$ ", shown, flags=re.MULTILINE)[1:]
    found = []
    for command in commands:
        lines = command.splitlines(keepends=True)
        ends = next(i for i, line in enumerate(lines) if not line.endswith("\\\n")) + 1
        found.append(("".join(lines[:ends]).strip(), "".join(lines[ends:])))
    return found


def run(arguments: list[str], folder: Path) -> str:
    """Run a program, and return what it wrote; it must end well."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder, timeout=300,
        env=os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def differs(shown: str, got: str) -> str:
    """Return how an output differs from the one shown, where "..." stands for anything and frames for nothing."""
    wanted = [re.escape(one_line(part)) for part in shown.split("...")]
    if re.fullmatch(".*".join(wanted), one_line(got)):
        return ""
    return f"shown:\n{shown}\nprinted:\n{got}"


def one_line(text: str) -> str:
    """Return a text as terminals of every width show it: without frames and breaks."""
    return " ".join(re.sub("[\u2500-\u257f]", " ", text).split())


@pytest.fixture
def own_home(shipped_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and a data folder that is an example's to change."""
    monkeypatch.setenv("CLARA_HOME", str(shutil.copytree(shipped_home, tmp_path / "data")))
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if page not in WITHOUT_EXAMPLE | OWN_TEST.keys()])
def test_the_first_example_of_a_page_does_what_it_shows(page: str, own_home: Path) -> None:
    language, text, output = first_example(page)
    if language == "python":
        got = run([sys.executable, "-c", text], own_home)
        assert output is None or not differs(output, got), differs(output, got)
    elif language == "sh":
        run(["bash", "-euo", "pipefail", "-c", text], own_home)
    else:
        play(text, own_home)


def play(shown: str, folder: Path) -> None:
    """Run the commands of a console block in one shell: each must end well, and print what stands below it, if any."""
    commands = session(shown)
    script = "".join(f"{command}\nprintf '{_ENDED}%s{_ENDED}' $?\n" for command, _ in commands)
    got = run(["bash", "-uo", "pipefail", "-c", f"exec 2>&1\n{script}"], folder).split(_ENDED)
    assert len(got) == 2 * len(commands) + 1, got
    for (command, output), printed, status in zip(commands, got[:-1:2], got[1::2], strict=True):
        assert status == "0", f"$ {command}\n{printed}"
        assert not output or not differs(output, printed), f"$ {command}\n{differs(output, printed)}"


def test_a_page_that_shows_no_example_of_its_own_says_why_here() -> None:
    assert set(PAGES) >= WITHOUT_EXAMPLE | OWN_TEST.keys()
    for page, name in OWN_TEST.items():
        path, function = name.split("::")
        assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8"), page


def test_an_example_that_lies_is_found_out() -> None:
    shown = "$ echo one \\\n    two\none two\n$ echo three\nthree\n"
    assert session(shown) == [("echo one \\\n    two", "one two\n"), ("echo three", "three\n")]
    assert differs("one ... three\n", "one two three\n") == ""
    assert differs("one two\n", "one three\n")
    assert differs("╭─ one ─╮\n│ two │\n", "╭─ one ────╮\n│  two     │\n") == ""
    play("$ false; echo $?\n1\n$ cd /\n$ pwd\n/\n", ROOT)
    for lie in ("$ echo one\ntwo\n", "$ false\n", "$ true\n$ echo one\n\ntwo\n"):
        with pytest.raises(AssertionError):
            play(lie, ROOT)


def test_the_settings_page_shows_what_is_declared() -> None:
    from tests.contract.settings_doc import PAGE, rewritten

    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page), "run: python -m tests.contract.settings_doc"


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = subprocess.run(
        [str(BIN / "mkdocs"), "build", "--strict", "--site-dir", str(site)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    pages = sorted(site.rglob("*.html"))
    assert {page.stem for page in pages} >= set(PAGES)
    for page in pages:
        assert external(page) == [], page.name
    for style in site.rglob("*.css"):
        assert not _LOADS.search(style.read_text(encoding="utf-8")), style.name


def external(page: Path) -> list[str]:
    """Return what a browser would load from elsewhere to show the page; where its links lead is the reader's choice."""
    html = LexborHTMLParser(page.read_text(encoding="utf-8"))
    loaded = [
        node.attributes.get(name) or ""
        for node in html.css("link, script, img, iframe, source, video, audio, object, embed, use")
        for name in ("href", "src", "srcset", "data")
        if node.attributes.get(name)
    ]
    inline = [node.text() for node in html.css("style")]
    return [at for at in loaded if re.match(r"(?:https?:)?//", at)] + [css for css in inline if _LOADS.search(css)]


def test_what_a_page_loads_from_elsewhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel="stylesheet" href="https://fonts.example/a.css"><script src="//cdn.example/b.js"></script>'
        '<style>@import "x.css"</style><a href="https://example.org">a link</a><img src="own.png">',
        encoding="utf-8",
    )
    assert external(page) == ["https://fonts.example/a.css", "//cdn.example/b.js", '@import "x.css"']


def test_every_source_the_code_names_is_listed_and_every_listed_file_is_there() -> None:
    page = (DOCS / "sources.md").read_text(encoding="utf-8")
    named = {
        number
        for path in [ROOT / "README.md", *ROOT.glob("clara/**/*.py"), *DOCS.glob("*.md")]
        for number in re.findall(r"arXiv (\d{4}\.\d{4,5})", path.read_text(encoding="utf-8"))
    }
    assert [number for number in sorted(named) if f"(https://arxiv.org/abs/{number})" not in page] == []
    assert [path for path in re.findall(r"`(clara/[\w/.]+)`", page) if not (ROOT / path).exists()] == []


def test_the_languages_page_counts_what_ships() -> None:
    from tests.contract.languages_doc import PAGE, rewritten

    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page), "run: python -m tests.contract.languages_doc"

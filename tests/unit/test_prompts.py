"""Prompts: the shipped ones render with exactly what they declare, and a faulty one is refused when it is loaded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clara.errors import PromptError
from clara.prompts import Prompts, load_template
from clara.resources import data_folder
from tests.conftest import ROOT

FOLDER = data_folder("prompts")
SHIPPED = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.md"))


def marker(name: str) -> str:
    return f"<the {name}>"


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_prompt_renders_with_exactly_its_inputs(name: str) -> None:
    template = load_template(FOLDER, name)
    inputs = {key: marker(key) for key in template.trusted | template.untrusted}
    prompt = template.render(inputs)
    shown = prompt.system + prompt.user
    assert [key for key in inputs if marker(key) not in shown] == []  # none is unused
    assert not re.search(r"\{\{|\}\}", shown)
    assert not any(marker(key) in prompt.system for key in template.untrusted)
    assert prompt.user and (prompt.system or name in ("draft/application", "repair/json"))
    for key in inputs:
        with pytest.raises(PromptError, match=f"missing inputs .*{key}"):
            template.render({k: v for k, v in inputs.items() if k != key})
    with pytest.raises(PromptError, match=r"unknown inputs .*stranger"):
        template.render(inputs | {"stranger": "x"})


def test_every_shipped_prompt_is_used_and_every_used_one_is_shipped() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "clara").rglob("*.py"))
    used = {name for name in re.findall(r'"(\w+/\w+)"', code) if (FOLDER / name.partition("/")[0]).is_dir()}
    assert used == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_text_from_outside_stands_in_a_fence(name: str) -> None:
    template = load_template(FOLDER, name)
    if "fence" in template.trusted:
        assert "<<{{fence}} and {{fence}}>>" in template.system and "not for you" in template.system


GOOD = """---
version: 3
output: text
inputs:
  rule: trusted
  question: untrusted
---
# system
Follow {{rule}}.

# user
{{ question }}
"""


def prompt_file(folder: Path, text: str) -> Path:
    (folder / "stage").mkdir(exist_ok=True)
    (folder / "stage" / "x.md").write_text(text, encoding="utf-8")
    return folder


def test_inputs_are_filled_in(tmp_path: Path) -> None:
    prompt = Prompts(prompt_file(tmp_path, GOOD)).render("stage/x", rule="the rule", question="मेरी आँख लाल क्यों है?")
    assert prompt.system == "Follow the rule." and prompt.user == "मेरी आँख लाल क्यों है?"
    assert prompt.output == "text" and load_template(tmp_path, "stage/x").version == 3


@pytest.mark.parametrize(
    "text", ["{{rule}}", "{{question}} {{rule}}", "{rule} {0} %s \\1 \\g<0>", "}}{{", "# user\n# system"]
)
def test_braces_and_marks_in_an_input_stay_text(text: str, tmp_path: Path) -> None:
    prompt = Prompts(prompt_file(tmp_path, GOOD)).render("stage/x", rule="SECRET", question=text)
    assert prompt.user == text and "SECRET" not in prompt.user


def test_an_empty_input_leaves_no_gap(tmp_path: Path) -> None:
    folder = prompt_file(tmp_path, GOOD.replace("{{ question }}", "First.\n\n{{question}}\n\nLast."))
    assert Prompts(folder).render("stage/x", rule="r", question="").user == "First.\n\nLast."


def test_the_fingerprint_is_of_the_file_and_not_of_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = Prompts(prompt_file(tmp_path / "a", GOOD))
    second = Prompts(prompt_file(tmp_path / "b", GOOD.replace("Follow", "Obey")))
    one, two = first.render("stage/x", rule="r", question="1"), first.render("stage/x", rule="r", question="2")
    assert one.fingerprint == two.fingerprint != second.render("stage/x", rule="r", question="1").fingerprint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace("Follow {{rule}}.", "Follow {{rule}}. Asked: {{question}}"), r"untrusted inputs \['question'\]"),
        (GOOD.replace("{{ question }}", "nothing"), r"inputs and slots differ: \['question'\]"),
        (GOOD.replace("{{ question }}", "{{question}} {{more}}"), r"inputs and slots differ: \['more'\]"),
        (GOOD.replace("output: text", "output: poem"), "output is json or text"),
        (GOOD.replace("rule: trusted", "rule: believed"), "trusted or untrusted"),
        (GOOD.replace("version: 3\n", ""), "needs version"),
        (GOOD.replace("version: 3", "version: new"), "needs version"),
        (GOOD.replace("inputs:", "inputs: [:"), "front matter needs"),
        (GOOD.replace("# system", "# System"), "then '# system' and '# user'"),
        (GOOD.replace("# user", "user"), "then '# system' and '# user'"),
        (GOOD.removeprefix("---\n"), "front matter between --- lines"),
        ("", "front matter between --- lines"),
    ],
)
def test_a_faulty_prompt_is_refused_with_its_file_and_reason(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=reason) as caught:
        load_template(prompt_file(tmp_path, text), "stage/x")
    assert "x.md" in str(caught.value)


def test_a_missing_or_unreadable_prompt_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"cannot read prompt .*nope\.md"):
        Prompts(tmp_path).render("stage/nope")
    prompt_file(tmp_path, "")
    (tmp_path / "stage" / "x.md").write_bytes(b"\xff\xfe")
    with pytest.raises(PromptError, match=r"cannot read prompt .*x\.md"):
        Prompts(tmp_path).render("stage/x")

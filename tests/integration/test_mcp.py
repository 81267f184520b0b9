"""`clara mcp`, asked by the SDK's own client: in process, and as an assistant starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from clara import Clara, KnowledgeBase
from clara.integrations.mcp import build_server
from tests import fake_openai
from tests.agreeable import ANSWER, ASKED, Agreeable
from tests.fake_openai import FakeOpenAI

Open = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def opened(openai_server: FakeOpenAI, shipped_kb: KnowledgeBase) -> Open:
    @asynccontextmanager
    async def connect(model: str = "openai:fake-1") -> AsyncIterator[Client]:
        settings: dict[str, Any] = {"base_url": openai_server.base_url, "api_key": "sk-test", "attempts": 1}
        async with Clara(model, knowledge=shipped_kb, **settings) as clara, Client(build_server(clara)) as client:
            yield client

    return connect


async def test_a_client_lists_the_tools_and_what_they_take(opened: Open) -> None:
    async with opened() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"ask", "search_evidence", "translate_check"}
    assert tools["ask"].input_schema["required"] == ["question"]
    for tool in tools.values():
        assert tool.description and tool.output_schema and tool.annotations and tool.annotations.read_only_hint
        assert "context" not in tool.input_schema["properties"]


async def test_an_answer_comes_in_the_asker_s_language_with_progress_on_the_way(
    openai_server: FakeOpenAI, opened: Open
) -> None:
    openai_server.script = Agreeable().serve
    told: list[str | None] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with opened() as client:
        result = await client.call_tool("ask", {"question": ASKED}, progress_callback=report)
    made = result.structured_content
    assert made is not None and (made["answer"], made["language"], made["abstained"]) == (ANSWER, "es", False)
    assert made["model_calls"] == len(openai_server.requests) == len(told) and "write/answer" in told


@pytest.mark.parametrize(
    ("question", "options", "language", "chosen"),
    [
        ("¿Qué síntoma es del glaucoma agudo?", ["costras en los párpados", "halos alrededor de las luces"], "es", "B"),
        ("What is a cataract?", ["clouding of the lens", "raised eye pressure"], "en", "A"),
        ("मोतियाबिंद क्या है?", ["लेंस का धुंधला होना", "पलकों पर पपड़ी"], "hi", "A"),
    ],
)
async def test_a_choice_is_made_without_a_model_too(
    opened: Open, question: str, options: list[str], language: str, chosen: str
) -> None:
    async with opened("evidence") as client:
        made = (await client.call_tool("ask", {"question": question, "options": options})).structured_content
    assert made is not None and (made["choice"], made["language"]) == (chosen, language)
    assert made["citations"] and all(c["quote"] and c["source"] for c in made["citations"])


async def test_evidence_is_found_across_languages(opened: Open) -> None:
    async with opened("evidence") as client:
        found = (await client.call_tool("search_evidence", {"query": "白内障是什么？", "k": 2})).structured_content
        none = (await client.call_tool("search_evidence", {"query": "resultado del partido"})).structured_content
    assert found is not None and len(found["passages"]) == 2 and found["passages"][0]["language"] == "zh-Hans"
    assert none == {"passages": []}


SOURCE = "¿Puedo usar 2 gotas de timolol en el ojo izquierdo cada 12 horas?"


@pytest.mark.parametrize(
    ("translation", "usable", "problem"),
    [
        ("Can I use 2 drops of timolol in the left eye every 12 hours?", True, None),
        ("Can I use 2 drops of timolol in the right eye every 12 hours?", False, "laterality"),
        ("Can I use 2 drops of timolol in the left eye every 24 hours?", False, "numbers"),
        ("Can I use 2 drops of latanoprost in the left eye every 12 hours?", False, "drugs"),
    ],
)
async def test_a_translation_is_checked_in_code(
    opened: Open, translation: str, usable: bool, problem: str | None
) -> None:
    async with opened("evidence") as client:
        asked = {"text": SOURCE, "translation": translation}
        made = (await client.call_tool("translate_check", asked)).structured_content
    assert made is not None and made["usable"] is usable and made["translation"] == translation
    assert made["problems"] == [] if problem is None else problem in made["problems"]


async def test_a_translation_is_made_where_none_is_given(openai_server: FakeOpenAI, opened: Open) -> None:
    openai_server.script = Agreeable().serve
    async with opened() as client:
        made = (await client.call_tool("translate_check", {"text": ASKED})).structured_content
    assert made is not None and made["usable"]
    assert made["translation"] == "What are the symptoms of angle-closure glaucoma?"


async def test_what_goes_wrong_is_said_in_one_line(openai_server: FakeOpenAI, opened: Open) -> None:
    openai_server.script = lambda _: fake_openai.Reply(status=401)
    async with opened() as client:
        refused = await client.call_tool("ask", {"question": ASKED})
        empty = await client.call_tool("ask", {"question": "  "})
        unknown = await client.call_tool("search_evidence", {"query": "catarata", "language": "not a tag"})
    async with opened("evidence") as client:
        unable = await client.call_tool("translate_check", {"text": ASKED})
    said = [result.content[0].text for result in (refused, empty, unknown, unable)]  # type: ignore[union-attr]
    assert all(result.is_error for result in (refused, empty, unknown, unable))
    assert "refused the key" in said[0] and "is empty" in said[1] and "not a tag" in said[2]
    assert "translating needs a chat model" in said[3] and not any("\n" in text for text in said)


def test_who_starts_the_command_at_a_terminal_is_told_and_can_end_it(shipped_home: Path, tmp_path: Path) -> None:
    ours, terminal = os.openpty()
    environment = {"CLARA_HOME": str(shipped_home), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "clara", "mcp", "--model", "evidence"]
    with subprocess.Popen(command, env=environment, stdin=terminal, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None and "Ctrl-C ends it" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == -signal.SIGINT and process.stderr.read() == ""
    os.close(ours)
    os.close(terminal)


async def test_an_assistant_starts_the_command_and_asks(shipped_home: Path, tmp_path: Path) -> None:
    environment = {"CLARA_HOME": str(shipped_home), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "clara", "mcp", "--model", "evidence"], env=environment
    )
    async with Client(command) as client:
        assert client.server_info is not None and client.server_info.name == "clara"
        made = (await client.call_tool("ask", {"question": "Ano ang katarata?"})).structured_content
    assert made is not None and made["language"] == "fil" and made["citations"]

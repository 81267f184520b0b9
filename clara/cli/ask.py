"""`clara ask`: one question through the engine, shown as it happens."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from clara.chat import Screen, open_screen
from clara.chat.asking import Watcher, Words, watched
from clara.chat.views import show_footer, show_record, show_run
from clara.config import load_settings
from clara.engine import Clara
from clara.messages import Messages
from clara.resources import data_folder
from clara.types import Answer


def ask_once(
    question: str,
    *,
    language: str,
    options: Mapping[str, str],
    overrides: Mapping[str, Any],
    as_json: bool,
    explain: bool,
    screen: Screen | None = None,
) -> Answer:
    """Answer, print, and return the answer. With `as_json` nothing but the JSON goes to standard output.

    screen: where it is shown; standard output if None.
    """
    settings = load_settings(overrides)
    screen = screen or open_screen()
    # What is read by a program or kept in a file holds the answer alone: stages are told beside it.
    told = open_screen(error=True) if as_json or screen.plain else screen
    words = Words(Messages(data_folder("prompts", settings.prompts_dir)))
    watcher = Watcher(told, words, shows=told is screen)

    async def answered() -> Answer:
        async with clara:
            try:
                asked = clara.aask(question, options=options, language=language, observers=[watcher])
                return await watched(asked, watcher)
            finally:
                watcher.end()

    with Clara(settings=settings) as clara:  # closed once more at the end: a thread may still have been opening files
        answer = asyncio.run(answered())
    if as_json:
        sys.stdout.write(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) + "\n")
        return answer
    if told is not screen:
        shown = screen.markdown()
        shown.feed(answer.answer)
        shown.finish()
    words.language = answer.language
    show_footer(screen, words, answer, full=True)
    if explain:
        show_record(screen, answer)
    show_run(screen, answer)
    return answer

"""What can be typed beside questions: `/help` lists it."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clara.chat.asking import Watcher
from clara.chat.compare import ask_in, cited, differences
from clara.chat.sessions import Column, from_json, to_json, total, write_private
from clara.chat.transcript import to_markdown
from clara.chat.views import show_comparison, show_cost, show_drafts, show_exchange, show_sources, show_verdicts
from clara.errors import ConfigError
from clara.languages import canonical, english_name
from clara.stages.concurrent import together

if TYPE_CHECKING:
    from clara.chat.chat import Chat

_NONE = ("none", "auto", "off")
_BETWEEN = re.compile(r"[\s,，、]+")
_SLASHES = ("/", "／", "、")
_ALSO = {"": "help", "?": "help", "exit": "quit"}
_BARE = ("help", "?", "exit", "quit")  # what is tried first where nothing is known yet, and no medical question


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """usage: the arguments; does: one line for /help; run: what it does, given the chat and the arguments."""

    usage: str
    does: str
    run: Callable[[Chat, str], None]


def read_command(message: str) -> tuple[str, str] | None:
    """Return the name of a command and its arguments; None for a question.

    Keyboards for Chinese and Japanese give other marks for the key of "/", and full-width letters.
    """
    said = message.strip()
    if said.lower() in _BARE:
        return _ALSO.get(said.lower(), said.lower()), ""
    if not said.startswith(_SLASHES):
        return None
    name, argument = [*said[1:].split(maxsplit=1), "", ""][:2]
    name = unicodedata.normalize("NFKC", name).lower()
    return _ALSO.get(name, name), argument


def _lang(chat: Chat, argument: str) -> None:
    if argument:
        chosen = None if argument.lower() in _NONE else canonical(argument)
        chat.change(replace(chat.session, language=chosen))
        chat.words.language = chosen or chat.words.language
    language = chat.session.language
    chat.screen.line(f"answers are in {english_name(language) if language else 'the language of the question'}")


def _model(chat: Chat, argument: str) -> None:
    if argument:
        chat.use_model(argument)
    chat.screen.line(f"model {chat.clara.settings.model}, method {chat.session.method or chat.clara.method}")


def _method(chat: Chat, argument: str) -> None:
    if argument:
        chosen = None if argument.lower() in _NONE else argument
        chat.clara.check_method(chosen or chat.clara.method)
        chat.change(replace(chat.session, method=chosen))
    chat.screen.line(f"method {chat.session.method or chat.clara.method}")


def _country(chat: Chat, argument: str) -> None:
    if argument:
        chat.change(replace(chat.session, country=None if argument.lower() in _NONE else argument))
    country = chat.session.country or chat.clara.settings.country
    chat.screen.line(f"country {country}" if country else "no country is set")


def _sources(chat: Chat, argument: str) -> None:
    show_sources(chat.screen, chat.last_answer())


def _drafts(chat: Chat, argument: str) -> None:
    show_drafts(chat.screen, chat.last_answer())


def _verdicts(chat: Chat, argument: str) -> None:
    show_verdicts(chat.screen, chat.last_answer())


def _cost(chat: Chat, argument: str) -> None:
    show_cost(chat.screen, chat.session)


def _compare(chat: Chat, argument: str) -> None:
    """Ask the last question in each language at once, beside the answer that was given."""
    answer, last = chat.last_answer(), chat.session.last()
    languages = list(dict.fromkeys(canonical(tag) for tag in _BETWEEN.split(argument) if tag))
    languages = [language for language in languages if language != answer.language]
    if not languages:
        raise ConfigError("name the other languages to compare with, e.g. /compare es hi")
    messages = [*chat.session.without_last().messages, {"role": "user", "content": last.question}]
    watcher = Watcher(chat.screen, chat.words, shows=False, answer_in=chat.words.language)
    asked = [ask_in(chat.clara, messages, tag, observers=(watcher,), **chat.options()) for tag in languages]
    made = chat.wait_for(together(*asked), watcher)
    chat.screen.wipe()
    spent = total([last.usage, *(column.usage for column in made)])
    chat.change(chat.session.with_last(replace(last, compared=(*last.compared, *made), usage=spent)))
    columns = [Column(language=answer.language, question=last.question, answer=answer), *made]
    passages = chat.clara.knowledge().store.passages(sorted(cited(columns)))
    groups = {passage.id: passage.group for passage in passages.values() if passage.group}
    show_comparison(chat.screen, chat.words, columns, differences(columns, groups))


def _retry(chat: Chat, argument: str) -> None:
    chat.ask(chat.session.last().question, again=True)


def _edit(chat: Chat, argument: str) -> None:
    question = chat.session.last().question
    chat.given, chat.replacing = question, True
    chat.screen.line("what you enter next takes the place of the last question")


def _copy(chat: Chat, argument: str) -> None:
    text = chat.session.last().text
    if not text:
        raise ConfigError("the last question has no answer to copy")
    if not chat.screen.to_clipboard(base64.b64encode(text.encode())):
        raise ConfigError("no terminal whose clipboard could take it; use /save FILE.md")
    chat.screen.line("handed to the terminal's clipboard; in tmux that needs: set -g set-clipboard on")


def _save(chat: Chat, argument: str) -> None:
    path = _path(argument, "/save notes.md or /save notes.json")
    if path.suffix not in (".md", ".json"):
        raise ConfigError(f"{path.name}: end the name in .md for reading or .json for loading again")
    if path.exists() and str(path.absolute()) not in chat.written:
        raise ConfigError(f"{path} exists; choose another name")
    chat.session.last()
    content = to_json(chat.session) if path.suffix == ".json" else to_markdown(chat.session).encode()
    write_private(path, content)
    chat.written.add(str(path.absolute()))
    chat.screen.line(f"wrote {path}")


def _load(chat: Chat, argument: str) -> None:
    path = _path(argument, "/load notes.json")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    loaded = from_json(content, path)
    name = chat.shelf.fresh_name() if chat.shelf else chat.session.name
    chat.switch(replace(loaded, name=name, model=chat.session.model, method=chat.session.method))
    before = "; the chat before is kept" if chat.shelf else ""
    chat.screen.line(f"loaded {len(loaded.exchanges)} questions from {path}{before}")
    if loaded.exchanges:
        show_exchange(chat.screen, loaded.exchanges[-1])


def _new(chat: Chat, argument: str) -> None:
    name = chat.shelf.fresh_name() if chat.shelf else chat.session.name
    chat.switch(replace(chat.session, name=name, exchanges=()))
    chat.screen.line("a new chat; what was said before is forgotten in it")


def _help(chat: Chat, argument: str) -> None:
    keys = _PLAIN_KEYS if chat.screen.plain else _KEYS
    listed = {f"/{name} {command.usage}".rstrip(): command.does for name, command in COMMANDS.items()} | keys
    longest = 0 if chat.screen.plain else max(map(len, listed))
    for typed, does in listed.items():
        chat.screen.line(does, lead=f"{typed:{longest}}  ")


def _quit(chat: Chat, argument: str) -> None:
    chat.end()


def _path(argument: str, example: str) -> Path:
    if not argument:
        raise ConfigError(f"name a file, e.g. {example}")
    return Path(argument).expanduser()


COMMANDS: dict[str, Command] = {
    "lang": Command(usage="TAG|auto", does="answer in this language, whatever the question's", run=_lang),
    "model": Command(usage="PROVIDER:NAME", does="ask another model; evidence for none", run=_model),
    "method": Command(usage="NAME|auto", does="answer by another method", run=_method),
    "country": Command(usage="NAME|none", does="where you are, for answers that depend on it", run=_country),
    "sources": Command(usage="", does="the last answer's sources with their quotes", run=_sources),
    "drafts": Command(usage="", does="the drafts it was made of, side by side", run=_drafts),
    "verdicts": Command(usage="", does="what was checked against what, and what came of it", run=_verdicts),
    "compare": Command(usage="LANG...", does="the same question in other languages, and what differs", run=_compare),
    "cost": Command(usage="", does="calls, tokens and money of this chat", run=_cost),
    "retry": Command(usage="", does="ask the last question again", run=_retry),
    "edit": Command(usage="", does="change the last question and ask it anew", run=_edit),
    "copy": Command(usage="", does="the last answer to the clipboard", run=_copy),
    "save": Command(usage="FILE", does="the chat as FILE.md to read or FILE.json to load", run=_save),
    "load": Command(usage="FILE", does="go on with a chat saved as FILE.json", run=_load),
    "new": Command(usage="", does="begin another chat", run=_new),
    "help": Command(usage="", does="this list", run=_help),
    "quit": Command(usage="", does="end the chat; it is kept unless begun with --no-save", run=_quit),
}
_PLAIN_KEYS = {
    "\\ before Enter": "begin another line",
    "Ctrl-C": "stop an answer and keep what came",
    "Ctrl-D": "end the chat",
}
_KEYS = {"Alt-Enter": "begin another line"} | _PLAIN_KEYS | {
    "Ctrl-R": "search earlier messages",
    "Ctrl-X Ctrl-E": "open your editor",
}  # fmt: skip

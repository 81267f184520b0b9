"""A conversation at a terminal: what `clara chat` is made of."""

from clara.chat.chat import Chat
from clara.chat.commands import COMMANDS
from clara.chat.reading import LineReader, PromptReader
from clara.chat.screen import Screen, open_screen
from clara.chat.sessions import Session, Shelf

__all__ = ["COMMANDS", "Chat", "LineReader", "PromptReader", "Screen", "Session", "Shelf", "open_screen"]

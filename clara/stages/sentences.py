"""Take the sentences out of a text, also one that is still being written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clara.stages.replies import THOUGHT_TAGS

_STOP = re.compile(r"[.!?؟…]+|[。！？।॥۔]+|\n")
_SPACED = ".!?؟…"  # these end a sentence only before a space or a mark, the others wherever they stand
_CLOSING = re.compile("[\"'”’»）)」』]*")
_MARK = re.compile(r"[ \t]?[\[【]([\d, ]{1,12})[\]】]")
_MARKS = re.compile(rf"(?:{_MARK.pattern})*")
_LIST_MARK = re.compile(r"(?:\d{1,2}[.)]|[-*•])\s+")
_ABBREVIATION = re.compile(
    r"(?<!\w)(?:dra?|sra?|mrs?|ms|st|vs|approx|aprox|env|cf|e\.g|i\.e|p\. ?e[jx]|p|máx|mín|gng|डॉ)\.$", re.IGNORECASE
)
_OPENING = tuple(f"<{tag}>" for tag in THOUGHT_TAGS)
_THOUGHTS = re.compile(rf"\s*<({'|'.join(THOUGHT_TAGS)})>.*?</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence as it was written.

    lead: the spaces, line ends and list mark before it. text: its words, with marks such as [1] or [1, 2]. ended:
    whether it ends as sentences do, or something follows it.
    """

    lead: str
    text: str
    ended: bool = True

    @property
    def marks(self) -> tuple[int, ...]:
        """The numbers in brackets, in order."""
        return tuple(int(n) for group in _MARK.findall(self.text) for n in re.findall(r"\d+", group))

    @property
    def plain(self) -> str:
        """The words without the marks."""
        return _MARK.sub("", self.text).strip()

    def marked(self, numbers: Mapping[int, int]) -> str:
        """Return the words with each mark by its new number, each once; one that `numbers` does not hold goes."""

        seen: set[int] = set()

        def renumber(match: re.Match[str]) -> str:
            new = [numbers[int(n)] for n in re.findall(r"\d+", match[1]) if int(n) in numbers]
            fresh = [n for n in dict.fromkeys(new) if n not in seen]
            seen.update(fresh)
            return "".join(f" [{n}]" for n in fresh)

        return _MARK.sub(renumber, self.text).strip()


class Sentences:
    """Takes text piece by piece and gives whole sentences back: the same ones, however the text was cut up.

    The thoughts that some models put before their answer are left out.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._thinking = True
        self._first = True

    def feed(self, piece: str) -> list[Sentence]:
        """Return the sentences that `piece` completed: those that another one has begun after."""
        self._rest += piece
        if self._thinking:
            self._rest = _THOUGHTS.sub("", self._rest, count=1)
            start = self._rest.lstrip()
            self._thinking = start.startswith(_OPENING) or any(tag.startswith(start) for tag in _OPENING)
        found: list[Sentence] = []
        while not self._thinking and (end := _end(self._rest, self._lead())) is not None:
            found.append(self._take(end))
        return found

    def finish(self) -> list[Sentence]:
        """Return what is left as the last sentence, if anything is."""
        self._rest = self._rest.rstrip()
        if self._rest.lstrip().startswith(_OPENING) or self._lead() >= len(self._rest):
            return []
        last = self._take(len(self._rest))
        ended = re.search(rf"[{_SPACED}。！？।॥۔]{_CLOSING.pattern}$", last.plain)
        return [Sentence(lead=last.lead, text=last.text, ended=bool(ended))]

    def _lead(self) -> int:
        """Return the length of the lead of what is left. A number is a list mark only at the beginning of a line."""
        spaces = len(self._rest) - len(self._rest.lstrip())
        begins = self._first or "\n" in self._rest[:spaces]
        mark = _LIST_MARK.match(self._rest, spaces) if begins else None
        return mark.end() if mark else spaces

    def _take(self, end: int) -> Sentence:
        lead = self._lead()
        taken = Sentence(lead=self._rest[:lead], text=self._rest[lead:end])
        self._rest, self._first = self._rest[end:], False
        return taken


def split(text: str) -> list[Sentence]:
    """Return the sentences of a whole text."""
    sentences = Sentences()
    return sentences.feed(text) + sentences.finish()


def _end(text: str, lead: int) -> int | None:
    """Return where the first sentence of `text` ends, None while nothing has begun after it."""
    for stop in _STOP.finditer(text, lead):
        end = stop.start()
        if stop.group() != "\n":
            closed = _after(_CLOSING, text, stop.end())
            end = _after(_MARKS, text, closed)
            if stop.group()[0] in _SPACED and end == closed and not text[end : end + 1].isspace():
                continue
            if _ABBREVIATION.search(text[lead : stop.end()]):
                continue
        following = text[end:].lstrip()
        if following and following[0] not in "[【":  # a mark that may still be coming belongs to this sentence
            return end
    return None


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at

"""Answers and lists on a terminal. All of it is untrusted: no markup is read from it, no control characters pass."""

from __future__ import annotations

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from clara.config import EVIDENCE_MODEL
from clara.errors import ClaraError
from clara.languages import UNKNOWN, english_name
from clara.text import clean
from clara.types import Answer, Draft

# Open on the right: terminals disagree on the width of Indic and other complex scripts, and a border there would fray.
OPEN = box.Box("╭── \n│   \n├── \n│   \n├── \n├── \n│   \n╰── \n")
_CLAIM_CHARACTERS = 70
_STATE_STYLE = {"exact": "green", "near": "yellow", "unverified": "red"}
_VERDICT_STYLE = {"supported": "green", "refuted": "red", "not_enough_info": "yellow", "unverified": "dim"}


def print_error(error: ClaraError) -> None:
    """Print one line on standard error."""
    console = Console(stderr=True, highlight=False)
    line = " ".join(clean(str(error)).split())
    console.print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)


def plain(text: str, style: str = "") -> Text:
    """Return untrusted text as it may be shown."""
    return Text(clean(text), style=style)


def show_answer(console: Console, answer: Answer, *, explain: bool) -> None:
    """Show the answer, its sources and what the reader should know; with `explain` the whole record."""
    language = "" if answer.language == UNKNOWN else f" · {english_name(answer.language)}"
    # Without a generator the number says how well the passages match, not how likely an answer is right.
    measure = "match" if answer.method == EVIDENCE_MODEL else "confidence"
    title = "no reliable answer" if answer.abstained else f"answer{language} · {measure} {answer.confidence:.0%}"
    style = "yellow" if answer.abstained else "green"
    body = _lines(answer.answer)
    console.print(Panel(body, title=title, border_style=style, title_align="left", box=OPEN, padding=(1, 2)))
    if answer.citations:
        console.print(_sources(answer))
    for warning in answer.warnings:
        console.print(Text.assemble(("note ", "bold yellow"), plain(warning)))
    if explain:
        for part in _explanation(answer):
            console.print(part)
    usage = answer.usage
    seconds = next((e.data["seconds"] for e in reversed(answer.trace) if e.kind == "finished"), 0.0)
    cost = "" if usage.cost is None or not usage.calls else f" · cost {usage.cost:.6g}"
    console.print(
        f"{answer.method} · {usage.calls} model calls in {usage.rounds} rounds · "
        f"{usage.prompt_tokens} + {usage.completion_tokens} tokens{cost} · {seconds:.2f} s",
        style="dim",
        highlight=False,
    )


def _lines(text: str) -> RenderableType:
    """Return the lines of an answer, list items hanging from their marks."""
    parts: list[RenderableType] = []
    for line in clean(text).splitlines():
        if line.startswith("- "):
            item = Table.grid(padding=(0, 1))
            item.add_row("•", Text(line[2:], overflow="fold"))  # an ellipsis would hide words
            parts.append(item)
        else:
            parts.append(Text(line))
    return Group(*parts)


def _sources(answer: Answer) -> RenderableType:
    """Show each source once, with the quotes that the answer does not hold itself."""
    citations = answer.citations
    by_source: dict[tuple[str, str, str], list[int]] = {}
    for number, citation in enumerate(citations, 1):
        by_source.setdefault((citation.title, citation.language, citation.source), []).append(number)
    lines: list[RenderableType] = []
    for (title, language, source), numbers in by_source.items():
        states = {citations[n - 1].state for n in numbers}
        worst = next(s for s in ("unverified", "near", "exact") if s in states)
        marks = " ".join(f"[{n}]" for n in numbers)
        state = (f"quote {worst}", _STATE_STYLE[worst])
        lines.append(Text.assemble((marks, "bold"), "  ", plain(title), f" ({language})  ", state))
        quotes = [citations[n - 1].quote for n in numbers if citations[n - 1].quote not in answer.answer]
        lines += [Padding(plain(f"“{quote}”"), (0, 0, 0, 6)) for quote in quotes]
        lines += [Padding(plain(part.strip(), "dim"), (0, 0, 0, 6)) for part in source.split("; ")]
    return Panel(Group(*lines), title="evidence", title_align="left", border_style="blue", box=OPEN, padding=(0, 2))


def _explanation(answer: Answer) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if answer.drafts:
        panels = [_draft(draft) for draft in answer.drafts]
        parts.append(Columns(panels, equal=True, expand=True))
    found = [e for e in answer.trace if e.kind == "evidence"]
    if found:
        table = Table("passage", "score", "found by", title="evidence", box=box.SIMPLE, title_justify="left")
        for event in found:
            for item in event.data["passed"]:
                origins = ", ".join(f"{name} {rank}" for name, rank in item["origins"].items())
                table.add_row(plain(item["id"]), f"{item['score']:.2f}", plain(origins, "dim"))
            for item in event.data["rejected"][:3]:
                table.add_row(plain(item["id"], "dim"), f"{item['score']:.2f}", Text("did not pass the gate", "dim"))
        parts.append(table)
    if answer.verdicts:
        table = Table("claim", "against", "verdict", "reason", title="verdicts", box=box.SIMPLE, title_justify="left")
        for v in answer.verdicts:
            claim = v.claim if len(v.claim) <= _CLAIM_CHARACTERS else v.claim[: _CLAIM_CHARACTERS - 1] + "…"
            table.add_row(
                plain(claim), plain(v.against), Text(v.state, _VERDICT_STYLE[v.state]), plain(v.reason, "dim")
            )
        parts.append(table)
    words = [e.data["words"] for e in answer.trace if e.kind == "decision" and "words" in e.data]
    if words:
        parts.append(
            Panel(plain("\n".join(words)), title="decision", title_align="left", border_style="magenta", box=OPEN)
        )
    calls = [e for e in answer.trace if e.kind == "call"]
    if calls:
        table = Table(
            "round", "call", "model", "outcome", "tries", "tokens", "seconds", title="model calls", box=box.SIMPLE,
            title_justify="left",
        )  # fmt: skip
        for event in calls:
            data = event.data
            tokens = f"{data['prompt_tokens']} + {data['completion_tokens']}" if "prompt_tokens" in data else "-"
            table.add_row(
                str(data["round"]), event.stage, plain(data["model"]),
                "cached" if data.get("cached") else data["outcome"],
                str(data.get("attempts", 1)), tokens, f"{data['seconds']:.2f}",
            )  # fmt: skip
        parts.append(table)
    return parts


def _draft(draft: Draft) -> RenderableType:
    if draft.error is not None:
        body: RenderableType = plain(f"failed: {draft.error}", "red")
    elif not draft.usable and not draft.text and draft.choice is None:
        body = Text("no evidence passed the gate", "yellow")
    else:
        chosen = f"{draft.choice}  " if draft.choice is not None else ""
        body = Text.assemble((clean(chosen), "bold"), plain(draft.text))
        if not draft.sufficient:
            body = Group(body, Text("evidence insufficient", "yellow"))
    title = f"{draft.route} · {draft.language} · {draft.confidence:.0%}"
    return Panel(body, title=title, title_align="left", border_style="cyan" if draft.usable else "dim", box=OPEN)

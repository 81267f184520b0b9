"""What can be looked at beside an answer: sources, drafts, verdicts, comparisons, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clara.chat.asking import Words
from clara.chat.compare import Difference
from clara.chat.layout import Columns, Flow, Row, Rows, crop
from clara.chat.screen import Screen, set_rows
from clara.chat.sessions import Column, Exchange, Session, Shelf
from clara.config import EVIDENCE_MODEL
from clara.errors import ConfigError
from clara.languages import UNKNOWN, english_name
from clara.types import Answer, Citation, Draft, Usage

_LONGEST_QUESTION = 50  # cells
_NEAR_MISSES = 3
_STATES = {"unverified": "bad", "near": "note", "exact": "good"}  # the worst first
_VERDICTS = {"supported": "good", "refuted": "bad", "not_enough_info": "note", "unverified": "dim"}


def show_footer(
    screen: Screen, words: Words, answer: Answer, *, before: Answer | None = None, full: bool = False
) -> None:
    """Show what stands under an answer: its sources by name, notes, and how sure it is.

    before: the answer before this one; that no model is asked is not said under every one.
    full: sources with their addresses, and those quotes that the answer does not hold itself.
    """
    screen.line()
    if answer.citations:
        screen.line(words.say("chat_sources"), "bold")
        for numbers, cited in _by_document(answer):
            lead = " ".join(f"[{n}]" for n in numbers) + " "
            screen.line(f"{cited[0].title} ({cited[0].language})", lead=lead, indent=2)
            if full:
                _show_grounds(screen, [c for c in cited if c.quote not in answer.answer], cited)
    told = before.warnings if before and before.method == answer.method == EVIDENCE_MODEL else ()
    for warning in answer.warnings:
        if warning in told:
            continue
        screen.line(warning, "note", lead="! ")
    # Without a generator the number says how well the passages match, not how likely an answer is right.
    measure = words.say("chat_match") if answer.method == EVIDENCE_MODEL else words.say("chat_confidence")
    if answer.abstained:
        screen.line(words.say("chat_no_answer"), "note")
    else:
        screen.line(f"{measure} {answer.confidence:.0%}", "dim")


def show_sources(screen: Screen, answer: Answer) -> None:
    """Show each citation with its quote, what code found when it looked the quote up, and where it is from."""
    if not answer.citations:
        screen.line("the answer cites nothing")
    for number, citation in enumerate(answer.citations, 1):
        screen.line(f"{citation.title} ({citation.language})", "bold", lead=f"[{number}] ")
        _show_grounds(screen, [citation], [citation])


def show_record(screen: Screen, answer: Answer) -> None:
    """Show how an answer came about: its drafts, what was found for them, checks, decision, and the model's calls."""
    for heading, show in (
        ("drafts", show_drafts), ("evidence", show_evidence), ("verdicts", show_verdicts), ("model calls", show_calls)
    ):  # fmt: skip
        screen.line()
        screen.line(heading, "heading")
        show(screen, answer)
    screen.line()


def show_run(screen: Screen, answer: Answer) -> None:
    """Show in one line by what method an answer came, in which language, and what it took."""
    used = answer.usage
    seconds = next((e.data["seconds"] for e in reversed(answer.trace) if e.kind == "finished"), 0.0)
    cost = "" if used.cost is None or not used.calls else f" · cost {used.cost:.6g}"
    screen.line(
        f"{answer.method} · {_name(answer.language)} · {used.calls} model calls in {used.rounds} rounds · "
        f"{used.prompt_tokens} + {used.completion_tokens} tokens{cost} · {seconds:.2f} s",
        "dim",
    )


def show_drafts(screen: Screen, answer: Answer) -> None:
    """Show the drafts side by side, or one under the other where that would be too narrow."""
    if not answer.drafts:
        screen.line("the answer has no drafts")
        return
    heads = [f"{d.route} · {_name(d.language)} · {d.confidence:.0%}" for d in answer.drafts]
    _side_by_side(screen, [(head, _draft(draft)) for head, draft in zip(heads, answer.drafts, strict=True)])


def show_verdicts(screen: Screen, answer: Answer) -> None:
    """Show what was checked against what, and how drafts were reconciled."""
    for verdict in answer.verdicts:
        screen.line(f"{verdict.state} (by {verdict.against})", _VERDICTS[verdict.state])
        screen.line(verdict.claim, indent=4)
        if verdict.reason:
            screen.line(verdict.reason, "dim", indent=4)
    decisions = [e.data for e in answer.trace if e.kind == "decision" and "words" in e.data]
    for decision in decisions:  # in the asker's language, and with its figures in English
        if "said" in decision:
            screen.line(decision["said"])
        screen.line(decision["words"], lead="decision: ")
    if not answer.verdicts and not decisions:
        screen.line("nothing was checked")


def show_evidence(screen: Screen, answer: Answer) -> None:
    """Show which passages were found, by which lists at which rank, and which came near."""
    found = [event for event in answer.trace if event.kind == "evidence"]
    for event in found:
        for item in event.data["passed"]:
            screen.line(f"{item['id']} · {item['score']:.2f}")
            screen.line(", ".join(f"{name} {rank}" for name, rank in item["origins"].items()), "dim", indent=4)
        for item in event.data["rejected"][:_NEAR_MISSES]:
            screen.line(f"{item['id']} · {item['score']:.2f} · did not pass the gate", "dim")
    if not found:
        screen.line("nothing was searched")


def show_calls(screen: Screen, answer: Answer) -> None:
    """Show each call of a model: its round, what it was for, and what came of it."""
    calls = [event for event in answer.trace if event.kind == "call"]
    for event in calls:
        data = event.data
        outcome = "cached" if data.get("cached") else data["outcome"]
        tokens = f" · {data['prompt_tokens']} + {data['completion_tokens']} tokens" if "prompt_tokens" in data else ""
        tries = f" · {data['attempts']} tries" if data.get("attempts", 1) > 1 else ""
        screen.line(
            f"{event.stage} · {data['model']} · {outcome}{tries}{tokens} · {data['seconds']:.2f} s",
            lead=f"round {data['round']}: ",
        )
    if not calls:
        screen.line("no model was asked")


def show_cost(screen: Screen, session: Session) -> None:
    """Show what the last question and the whole conversation took."""
    if session.exchanges:
        screen.line(_cost(session.exchanges[-1].usage), lead="last question: ")
    screen.line(_cost(session.usage), lead=f"this chat, {len(session.exchanges)} questions: ")


def show_comparison(screen: Screen, words: Words, columns: Sequence[Column], found: Sequence[Difference]) -> None:
    """Show the answers side by side, and under them what differs, each with the language that says it."""
    blocks = []
    alike = {column.question for column in columns} == {columns[0].question}
    for column in columns:
        head = f"{_name(column.language)} · {column.language}"
        said = column.note if column.answer is None else column.answer.answer
        if not column.question:
            said = f"{words.say('compare_untranslated')} ({said})"
        elif not alike:
            said = f"{_quoted(column.question)}\n\n{said}"
        blocks.append((head, said))
    if alike:
        screen.line(words.say("compare_as_asked"), "note")
    _side_by_side(screen, blocks)
    screen.line()
    headings: Mapping[str, str] = {
        "answered": words.say("differs_answered"),
        "choice": words.say("differs_choice"),
        "numbers": words.say("differs_numbers"),
        "claims": words.say("differs_claims"),
        "conflict": words.say("differs_conflict"),
    }
    for difference in found:
        screen.line(headings[difference.kind], "bold")
        for language, said in difference.said:
            screen.line(said, lead=f"{language}: ", indent=2)
    if not found:
        screen.line(words.say("differs_nothing"), "bold")


def show_shelf(screen: Screen, shelf: Shelf) -> None:
    """Show the names of the chats that are kept, each with its first question."""
    for name in shelf.names():
        try:
            asked = " ".join(exchange.question for exchange in shelf.read(name).exchanges[:1])
            said = crop(" ".join(asked.split()), _LONGEST_QUESTION)
        except ConfigError as error:  # the others are there all the same
            said = str(error)
        screen.line(said, lead=f"{name}  ")


def show_exchange(screen: Screen, exchange: Exchange) -> None:
    """Show an earlier question with its answer, as when a chat is taken up again."""
    screen.line(exchange.question, "bold", lead="> ")
    reader = screen.markdown()
    reader.feed(exchange.text)
    reader.finish()
    screen.line()


def _by_document(answer: Answer) -> list[tuple[list[int], list[Citation]]]:
    """Return the numbers of each source's citations, and these."""
    numbers: dict[tuple[str, str, str], list[int]] = {}
    for number, citation in enumerate(answer.citations, 1):
        numbers.setdefault((citation.title, citation.language, citation.source), []).append(number)
    return [(listed, [answer.citations[n - 1] for n in listed]) for listed in numbers.values()]


def _show_grounds(screen: Screen, quoted: Sequence[Citation], cited: Sequence[Citation]) -> None:
    """Show quotes, the worst of what code found when it looked up all that are `cited`, and where these are from."""
    for citation in quoted:
        screen.line(f"“{citation.quote}”", indent=4)
    worst = next(state for state in _STATES if any(citation.state == state for citation in cited))
    screen.line(f"quote {worst}", _STATES[worst], indent=4)
    for part in cited[0].source.split("; "):
        screen.line(part.strip(), "dim", indent=4)


def _side_by_side(screen: Screen, blocks: Sequence[tuple[str, str]]) -> None:
    """Show blocks of Markdown, each with its heading."""
    places = Columns.fitting(len(blocks), screen.columns)
    if places is not None:
        screen.side_by_side([_head(head, places.size) + set_rows(text, places.size) for head, text in blocks], places)
        return
    for i, (head, text) in enumerate(blocks):
        if i:
            screen.line()
        screen.line(head, "bold")
        reader = screen.markdown()
        reader.feed(text)
        reader.finish()


def _head(head: str, columns: int) -> list[Row]:
    collected = Rows()
    flow = Flow(collected, columns)
    flow.begin()
    flow.put(head, "bold")
    flow.end()
    return [*collected.done(), []]


def _draft(draft: Draft) -> str:
    if draft.error is not None:
        return f"failed: {draft.error}"
    parts = [f"**{draft.choice}**"] if draft.choice is not None else []
    claims = [f"- {claim.wording or claim.text}" for claim in draft.claims]
    parts += ["\n".join(claims)] if claims else [draft.text]
    parts += [] if draft.sufficient else ["(evidence insufficient)"]
    return "\n\n".join(part for part in parts if part)


def _quoted(question: str) -> str:
    return "\n".join(f"> {line}" for line in question.splitlines())


def _name(language: str) -> str:
    return "unknown language" if language == UNKNOWN else english_name(language)


def _cost(usage: Usage) -> str:
    said = f"{usage.calls} calls in {usage.rounds} rounds, {usage.prompt_tokens} + {usage.completion_tokens} tokens"
    if usage.cost is None:
        return f"{said}, cost unknown: set prices for the model"
    return f"{said}, cost {usage.cost:.6g}"

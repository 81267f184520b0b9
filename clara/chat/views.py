"""What can be looked at beside an answer: sources, drafts, verdicts, comparisons, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clara.chat.asking import Words
from clara.chat.compare import Difference
from clara.chat.layout import Columns, Flow, Row, Rows
from clara.chat.screen import Screen, set_rows
from clara.chat.sessions import Column, Exchange, Session
from clara.config import EVIDENCE_MODEL
from clara.languages import UNKNOWN, english_name
from clara.types import Answer, Draft, Usage

_STATES = {"exact": "good", "near": "note", "unverified": "bad"}
_VERDICTS = {"supported": "good", "refuted": "bad", "not_enough_info": "note", "unverified": "dim"}


def show_footer(screen: Screen, words: Words, answer: Answer, *, before: Answer | None = None) -> None:
    """Show what stands under an answer: its sources by name, notes, and how sure it is.

    before: the answer before this one; that no model is asked is not said under every one.
    """
    if answer.citations:
        screen.line()
        screen.line(words.say("chat_sources"), "bold")
        for title, language, numbers in _by_document(answer):
            screen.line(f"{title} ({language})", lead=" ".join(f"[{n}]" for n in numbers) + " ", indent=2)
    told = before.warnings if before and before.method == answer.method == EVIDENCE_MODEL else ()
    for warning in answer.warnings:
        if warning in told:
            continue
        screen.line(warning, "note", lead="! " if not screen.plain else "Note: ")
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
        screen.line(f"“{citation.quote}”", indent=4)
        screen.line(f"quote {citation.state}", _STATES[citation.state], indent=4)
        for part in citation.source.split("; "):
            screen.line(part.strip(), "dim", indent=4)


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
    decisions = [e.data["words"] for e in answer.trace if e.kind == "decision" and "words" in e.data]
    for words in decisions:
        screen.line(words, lead="decision: ")
    if not answer.verdicts and not decisions:
        screen.line("nothing was checked")


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


def show_exchange(screen: Screen, exchange: Exchange) -> None:
    """Show an earlier question with its answer, as when a chat is taken up again."""
    screen.line(exchange.question, "bold", lead="> ")
    reader = screen.markdown()
    reader.feed(exchange.text)
    reader.finish()
    screen.line()


def _by_document(answer: Answer) -> list[tuple[str, str, list[int]]]:
    numbers: dict[tuple[str, str], list[int]] = {}
    for number, citation in enumerate(answer.citations, 1):
        numbers.setdefault((citation.title, citation.language), []).append(number)
    return [(title, language, listed) for (title, language), listed in numbers.items()]


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

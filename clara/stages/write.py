"""Write the answer in the asker's language, and check in code that it says no more than was accepted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from clara.errors import BudgetExceeded, ClaraError, ConfigError, ModelError
from clara.languages import UNKNOWN, english_name, is_written_in
from clara.stages.state import Outcome, Run
from clara.stages.verify import CheckedClaim
from clara.text import clean, numbers, sentences
from clara.types import Citation, Draft, Evidence, Question

# A full stop ends a sentence before a space or a mark; those of Chinese and Hindi do so wherever they stand.
_SENTENCE = re.compile(r".+?(?:(?:[.!?]+(?=\s|[\[【]|$)|[。！？।]+)(?:\s?[\[【]\d+[\]】])*|$)")
_MARK = re.compile(r"\s?[\[【](\d{1,2})[\]】]")


def write_choice(question: Question, option_id: str) -> str:
    """Return the chosen option in the asker's own letters and words."""
    return f"{option_id}) {question.option(option_id).text}"


def finish_draft(run: Run, draft: Draft) -> Outcome:
    """Return one draft as the answer, as the baselines do: its choice in the asker's words, or its text.

    Raises the model's error where that is why there is none.
    """
    if draft.error is not None:
        raise_model_failure(run)
        return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True, drafts=(draft,))
    text = draft.text if draft.choice is None else write_choice(run.question, draft.choice)
    cited = tuple(c for c in draft.citations if c.state != "unverified")
    return Outcome(text=text, choice=draft.choice, confidence=draft.confidence, citations=cited, drafts=(draft,))


def raise_model_failure(run: Run) -> None:
    """Raise the last failure if a model was its cause; a budget that ran out is none."""
    if run.failures and isinstance(run.failures[-1], ModelError):
        raise run.failures[-1]


def raise_if_no_draft(run: Run, drafts: Sequence[Draft]) -> None:
    """Raise the first model failure if it left no usable draft; a budget that ran out is no failure."""
    failed = [error for error in run.failures if isinstance(error, ModelError)]
    if failed and not any(draft.usable for draft in drafts):
        raise failed[0]


async def bring_back(run: Run, draft: Draft) -> Draft:
    """Return a free draft with its text translated into the asker's language; a failure leaves it in English."""
    if draft.error is not None:
        return draft
    prompt = run.prompts.render(
        "write/back", fence=run.fence, language=english_name(run.question.language), answer=run.fenced(draft.text)
    )
    try:
        return replace(draft, text=clean((await run.ask("translate", prompt)).text).strip())
    except (BudgetExceeded, ModelError) as error:
        run.failed("write", error)
        run.trace.warn("write", f"the answer stays in English: {type(error).__name__}")
        return draft


def write_abstention(run: Run, key: str, evidence: Sequence[Evidence] = ()) -> str:
    """Say what is missing, and quote the closest passages that were found."""
    lines = [run.say(key)]
    if evidence:
        lines += ["", run.say("closest")]
        lines += [f"- {e.passage.title}: {' '.join(sentences(e.passage.text)[:1])}" for e in evidence[:3]]
    return "\n".join(lines)


def quote_lines(run: Run, citations: Sequence[Citation]) -> str:
    """Return quotes as a list, numbered as the citations are, under a line that says what they are."""
    return "\n".join([run.say("quoted"), "", *(f"- {c.quote} [{i}]" for i, c in enumerate(citations, 1))])


async def write_free(run: Run, accepted: Sequence[CheckedClaim]) -> tuple[str, tuple[Citation, ...]]:
    """Write a free answer from the accepted claims; returns it with its citations, numbered from 1 as marked.

    Sentences with a number that no accepted claim has, or in the wrong language, are removed and that is
    said. If writing fails or nothing is left, the answer is the accepted claims that are in the asker's
    language, else the quotes themselves.
    """
    language = run.question.language
    citations, marks = _number(accepted)
    claims = "\n".join(f"- {c.claim.text}{marks.get(i, '')}" for i, c in enumerate(accepted))
    prompt = run.prompts.render(
        "write/answer",
        fence=run.fence,
        language=english_name(language),
        question=run.fenced(run.question.text),
        claims=run.fenced(claims),
    )
    try:
        written = clean((await run.ask("draft", prompt)).text).strip()
    except ConfigError:
        raise
    except ClaraError as error:
        run.failed("write", error)
        return _without_writer(run, accepted, citations, marks), citations
    known = set(numbers(" ".join(c.claim.text for c in accepted))) | set(numbers(run.question.text))
    kept, removed = check_written(written, known, len(citations))
    if not kept or not is_written_in(kept, language):
        run.trace.record("rejected", "write", reason="nothing checkable was left, or it is in another language")
        return _without_writer(run, accepted, citations, marks), citations
    if removed:
        run.trace.warn("write", run.say("removed"))
        run.trace.record("removed", "write", sentences=removed)
        kept = f"{kept}\n\n{run.say('removed')}"
    return kept, citations


def check_written(text: str, known_numbers: set[str], citations: int) -> tuple[str, int]:
    """Drop the sentences with an unknown number, and marks of citations that do not exist.

    Returns the text that is left and the number of sentences removed.
    """
    removed = 0
    lines = []
    for line in text.splitlines():
        mark = re.match(r"\s*(?:\d+[.)]|[-*•])\s+", line)
        start, line = (mark.group(), line[mark.end() :]) if mark else ("", line)
        kept = []
        # A mark belongs to the sentence before it, on whichever side of the full stop it stands.
        for sentence in _SENTENCE.findall(line):
            marks_aside = _MARK.sub("", sentence)
            if set(numbers(marks_aside)) - known_numbers:
                removed += 1
                continue
            kept.append(_MARK.sub(lambda m: m.group() if 1 <= int(m.group(1)) <= citations else "", sentence))
        lines.append(start + "".join(kept).strip() if kept else "")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), removed


def _number(accepted: Sequence[CheckedClaim]) -> tuple[tuple[Citation, ...], dict[int, str]]:
    """Return the citations, each once, and the mark of each claim by its place in `accepted`."""
    citations: list[Citation] = []
    marks: dict[int, str] = {}
    for i, checked in enumerate(accepted):
        if checked.citation is None:
            continue
        if checked.citation not in citations:
            citations.append(checked.citation)
        marks[i] = f" [{citations.index(checked.citation) + 1}]"
    return tuple(citations), marks


def _without_writer(
    run: Run, accepted: Sequence[CheckedClaim], citations: Sequence[Citation], marks: dict[int, str]
) -> str:
    language = run.question.language
    own = [
        f"- {c.claim.text}{marks.get(i, '')}"
        for i, c in enumerate(accepted)
        if language != UNKNOWN and is_written_in(c.claim.text, language) and (c.route == "native" or language == "en")
    ]
    if own:
        return "\n".join(own)
    if citations:
        return quote_lines(run, citations)
    run.trace.warn("write", "the answer could not be written in the asker's language")
    return "\n".join(f"- {c.claim.text}" for c in accepted)

"""Put an answer into the asker's words: a choice, a draft as it is, what is quoted, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clara.errors import BudgetExceeded, ModelBadOutput, ModelError
from clara.languages import UNKNOWN, english_name, script, usual_script
from clara.stages.replies import without_thoughts
from clara.stages.state import Outcome, Run
from clara.text import clean, sentences
from clara.types import Citation, Draft, Evidence, Question

_SCRIPTS = {"Latn": "Latin", "Deva": "Devanagari", "Hani": "Chinese", "Arab": "Arabic", "Cyrl": "Cyrillic"}


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
    if draft.error is not None or run.structured:  # a JSON form is written in the asker's language
        return draft
    language = run.question.answer_language
    prompt = run.prompts.render(
        "write/back", fence=run.fence, language=english_name(language),
        script=script_name(language, run.question.text), answer=run.fenced(draft.text),
    )  # fmt: skip
    try:
        text = without_thoughts(clean((await run.ask("translate", prompt)).text))
        if not text:
            raise ModelBadOutput("the reply was empty")
        return replace(draft, text=text)
    except (BudgetExceeded, ModelError) as error:
        run.failed("write", error)
        run.trace.warn("write", run.say("not_written"))
        return draft


def script_name(language: str, asked: str) -> str:
    """Return what a prompt calls the letters of an answer; of a language without a name, those of the question."""
    import langcodes

    code = script(asked) or "Latn" if language == UNKNOWN else usual_script(language)
    code = "Latn" if language.endswith("-Latn") else code
    return f"{_SCRIPTS.get(code) or langcodes.Language.make(script=code).script_name()} script"


def write_abstention(run: Run, key: str, evidence: Sequence[Evidence] = (), *, missing: str = "") -> str:
    """Say why there is no answer and what is `missing`, and quote the closest passages, the asker's language first."""
    run.trace.record("abstained", "write", reason=key)
    why = run.say(key)
    lines = [f"{why}{'' if why.endswith('。') else ' '}{missing}".rstrip()]
    if evidence:
        lines += ["", run.say("closest")]
        own = sorted(evidence, key=lambda e: e.passage.language != run.question.answer_language)
        lines += [f"- {e.passage.title}: {' '.join(sentences(e.passage.text)[:1])}" for e in own[:3]]
    return "\n".join(lines)


def quote_lines(run: Run, citations: Sequence[Citation]) -> str:
    """Return quotes as a list, numbered as the citations are, under a line that says what they are."""
    return "\n".join([run.say("quoted"), "", *(f"- {c.quote} [{i}]" for i, c in enumerate(citations, 1))])

"""`evidence`: no generator. The answer is what the knowledge base says, word for word.

Two routes look independently: in the asker's language, and in English by way of the glossary. Their
agreement is the confidence; passages that say the same in two languages are one piece of evidence, so
the English route's find is quoted in the asker's language too.
"""

from __future__ import annotations

from dataclasses import replace

from clara.knowledge import cite
from clara.languages import UNKNOWN
from clara.stages.blocks import concepts_of, search_words
from clara.stages.concurrent import together
from clara.stages.evidence import OptionScore, answering_lines, is_odd_one_out, score_options
from clara.stages.retrieve import retrieve
from clara.stages.state import Outcome, Run
from clara.stages.write import quote_lines, write_abstention, write_choice
from clara.types import Citation, Draft, Evidence, Option, Verdict

# Chosen on the shipped questions so that those the base does not cover are left alone.
_MIN_SCORE = 0.30
_MIN_MARGIN = 0.05
_MIN_ABOUT = 0.20


async def evidence(run: Run) -> Outcome:
    """Answer a choice by evidence score, a free question by verbatim passages; abstain where the base is silent."""
    run.trace.warn("evidence", run.say("no_model"))
    return await (_choice(run) if run.question.options else _free(run))


async def _free(run: Run) -> Outcome:
    run = _identified(run)
    question = run.question
    asked = search_words(question, concepts_of(run, question))
    found = await retrieve(run, asked, question.language)
    if not found.evidence:
        text = write_abstention(run, "abstain_evidence", missing=run.say("missing_passages"))
        return Outcome(text=text, abstained=True)
    target = _answer_language(run, found.evidence[0])
    shown = [_in_language(run, item, target) for item in found.evidence]
    query = found.queries.get(shown[0].passage.language, asked)
    lines = answering_lines(run.knowledge, query, shown[0].passage.language, shown)
    citations = tuple(cite(line.passage, line.text) for line in lines)
    routes = sorted({name.partition(":")[2] for item in found.evidence[:1] for name in item.origins})
    run.trace.record(
        "decision", "reconcile",
        words=f"{found.evidence[0].passage.group} ranks first, found in {', '.join(routes)}",
        said=run.say("decided_passages"),
    )  # fmt: skip
    if target != question.answer_language and question.answer_language != UNKNOWN:
        run.trace.warn("evidence", run.say("other_language"))
    drafts = tuple(
        Draft(
            route="native" if language == shown[0].passage.language else f"glossary:{language}",
            language=language, group=f"evidence:{language}", confidence=found.evidence[0].score,
            text=_in_language(run, found.evidence[0], language).passage.text,
        )
        for language in routes
    )  # fmt: skip
    return Outcome(
        text=quote_lines(_speaking(run, target), citations),
        language=target,
        confidence=round(min(0.95, found.evidence[0].score), 4),
        citations=citations,
        drafts=drafts,
        verdicts=tuple(Verdict(claim=c.quote, against="evidence", state="supported", reason=c.id) for c in citations),
    )


async def _choice(run: Run) -> Outcome:
    question, kb = run.question, run.knowledge
    own = kb.lexicon.own_language(question.language) or "en"
    parts = {"native": (question.text, question.options, own)}
    stem = " ".join(kb.glossary.translate_terms(question.text, question.language, "en"))
    options = tuple(
        Option(id=o.id, text=" ".join(kb.glossary.translate_terms(o.text, question.language, "en")))
        for o in question.options
    )
    if own != "en" and stem and all(option.text for option in options):
        parts["english"] = (stem, options, "en")
    scored = await together(*(score_options(run, *part) for part in parts.values()))
    by_route = dict(zip(parts, scored, strict=True))
    odd = is_odd_one_out(question.text)
    total = {o.id: sum(_of(scores, o.id).score for scores in scored) / len(scored) for o in question.options}
    ranked = sorted(total, key=lambda i: (total[i], i), reverse=not odd)
    margin = abs(total[ranked[0]] - total[ranked[1]])
    leader = ranked[-1] if odd else ranked[0]
    about = max(_of(scores, leader).about for scores in scored)
    drafts = tuple(_draft(run, route, scores, parts[route][2], odd) for route, scores in by_route.items())
    agree = len({d.choice for d in drafts}) == 1
    run.trace.record(
        "decision", "reconcile", scores={i: round(v, 4) for i, v in total.items()},
        words=f"{ranked[0]} has {'the least' if odd else 'most'} evidence, margin {margin:.2f}; "
        + ("the routes agree" if agree else "the routes differ"),
        said=run.say("decided_least" if odd else "decided_most", option=ranked[0]),
    )  # fmt: skip
    citations = _citations(by_route, leader)
    # For the odd one out the evidence must speak for all the others.
    strength = total[ranked[1]] if odd else total[ranked[0]]
    sure = strength >= _MIN_SCORE and margin >= _MIN_MARGIN and about >= _MIN_ABOUT
    confidence = round(min(0.9, strength) * (0.5 + min(0.5, margin)) * (1.0 if agree else 0.8), 4)
    if not sure:
        missing = run.say("missing_passages") if about < _MIN_ABOUT else ""
        text = write_abstention(run, "abstain_evidence", missing=missing)
        return Outcome(text=text, abstained=True, confidence=confidence, drafts=drafts)
    return Outcome(
        text=write_choice(question, ranked[0]),
        choice=ranked[0],
        confidence=confidence,
        citations=citations,
        drafts=drafts,
        verdicts=tuple(
            Verdict(
                claim=f"{d.route}: {d.choice}",
                against="evidence",
                state="supported" if d.citations else "not_enough_info",
            )
            for d in drafts
        ),
    )


def _draft(run: Run, route: str, scores: list[OptionScore], language: str, odd: bool) -> Draft:
    best = (min if odd else max)(scores, key=lambda s: (s.score, s.option))
    line = best.line
    return Draft(
        route=route, language=language, group=f"evidence:{language}", choice=best.option,
        confidence=round(min(0.99, best.score), 4), text=line.text if line else "",
        citations=(cite(line.passage, line.text),) if line and not odd else (),
    )  # fmt: skip


def _of(scores: list[OptionScore], option: str) -> OptionScore:
    return next(s for s in scores if s.option == option)


def _citations(by_route: dict[str, list[OptionScore]], option: str) -> tuple[Citation, ...]:
    found = []
    for scores in by_route.values():
        line = _of(scores, option).line
        if line is not None:
            found.append(cite(line.passage, line.text))
    return tuple(dict.fromkeys(found))


def _answer_language(run: Run, best: Evidence) -> str:
    """Return the asker's language if the base has it, English for a known other one, else the best passage's."""
    language = run.question.answer_language
    own = run.knowledge.lexicon.own_language(language)
    return own or (best.passage.language if language == UNKNOWN else "en")


def _identified(run: Run) -> Run:
    """Return the run with the language of its question, where only the knowledge base's own words can tell it."""
    if run.question.language != UNKNOWN:
        return run
    likely = run.knowledge.lexicon.likely_language(search_words(run.question))
    return replace(run, question=replace(run.question, language=likely)) if likely else run


def _in_language(run: Run, item: Evidence, language: str) -> Evidence:
    """Return the same evidence as its version in `language`, where its translation group has one."""
    if item.passage.language == language:
        return item
    version = run.knowledge.store.in_group(item.passage.group).get(language)
    return replace(item, passage=version) if version else item


def _speaking(run: Run, language: str) -> Run:
    """Return the run with the language in which the answer is given, for CLARA's own words around it."""
    if run.question.language != UNKNOWN:
        return run
    return replace(run, question=replace(run.question, language=language))

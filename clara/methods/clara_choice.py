"""How `clara` answers a question with options.

Round 1  translation, and a draft in the asker's language, from evidence where there is any
Round 2  a draft in English from what the model knows; agreement with confidence ends it here
Round 3  a reading of the evidence in English, with better search words if the first was not enough; where the first
         rests on evidence, the asker's language once more without; drafts in two further languages

So two drafts that agree have come by different ways: language, order of the options, and evidence or memory. An
English question has no translation; its first two drafts run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clara.config import ReconcileSettings
from clara.errors import KnowledgeError
from clara.knowledge import Concept, SearchResult, cite
from clara.stages.blocks import concepts_of, search_words, show_glossary
from clara.stages.concurrent import together
from clara.stages.draft_choice import draft_choice, draft_choice_abroad, draft_choice_from_evidence
from clara.stages.evidence import score_options
from clara.stages.reconcile import EVIDENCE_GROUP, Decision, reconcile
from clara.stages.retrieve import note_no_search, retrieve
from clara.stages.state import Outcome, Run
from clara.stages.translate import as_asked, search_variants, translate
from clara.stages.verify import verify_choices
from clara.stages.write import raise_if_no_draft, write_abstention, write_choice
from clara.types import Citation, Draft, Translation

_CLEARLY = 0.6
_FURTHER = 2
_CALLS = 8
"""Model calls of an escalated answer, where the budget does not say less."""


async def answer_choice(run: Run) -> Outcome:
    """Answer a question with options."""
    making = _Making(run, concepts_of(run, run.question), as_asked(run.question))
    await making.first_drafts()
    if not making.settled() and run.settings.escalate:
        await making.escalate()
    raise_if_no_draft(run, making.drafts)
    decision = reconcile(making.drafts, len(run.question.options), making.constants, local=making.local)
    said = " ".join(run.say(key, **values) for key, values in decision.reasons)
    run.trace.record(
        "decision", "reconcile", words=decision.words, said=said, scores=dict(decision.scores),
        evidence=dict(decision.evidence),
        anchor=decision.anchor, switched=decision.switched, confidence=decision.confidence, local=making.local,
    )  # fmt: skip
    return await making.finish(decision)


@dataclass(slots=True)
class _Making:
    """An answer in the making: the drafts so far and what they are made of."""

    run: Run
    concepts: list[Concept]
    pivot: Translation
    drafts: list[Draft] = field(default_factory=list)

    @property
    def local(self) -> bool:
        return self.pivot.locality != "none" and self.run.settings.policy != "universal"

    @property
    def constants(self) -> ReconcileSettings:
        return self.run.settings.reconcile_for(self.run.question.language)

    @property
    def _foreign(self) -> bool:
        return self.run.question.language != "en"

    async def first_drafts(self) -> None:
        """Make the drafts of rounds 1 and 2."""
        native = [self._native()] if self.run.settings.native else []
        self.drafts = [draft for made in await together(self._english(), *native) for draft in made]
        if not native and self.run.settings.evidence:
            self.drafts += await self._from_evidence()

    async def _native(self) -> list[Draft]:
        """Draft in the asker's language, from evidence where any passes the gate."""
        run, asked, glossary = self.run, as_asked(self.run.question), self._glossary()
        found = await self._first_search() if run.settings.evidence else SearchResult()
        if not found.evidence:
            return [await draft_choice(run, "native", asked, turn=0, glossary=glossary)]
        return [
            await draft_choice_from_evidence(
                run, asked, found.evidence, turn=0, glossary=glossary, route="native", or_memory=True
            )
        ]

    async def _english(self) -> list[Draft]:
        if not self._foreign:
            return [await draft_choice(self.run, "english", self.pivot, turn=1, glossary=self._glossary())]
        limits = self.run.meter.limits
        if self.run.settings.native and 1 in (limits.calls, limits.rounds):
            return []  # a translation with no call left for a draft would take the other draft's
        self.pivot = await translate(self.run, self.concepts)
        if self.pivot.validity == 0:
            self.run.trace.warn("translate", self.run.say("english_dropped"))
            return []
        return [await draft_choice(self.run, "english", self.pivot, turn=1, compare=True)]

    def settled(self) -> bool:
        """Whether at least two drafts agree, none dissents, and their mean confidence is high enough."""
        usable = [d for d in self.drafts if d.usable]
        mean = sum(d.confidence for d in usable) / len(usable) if usable else 0.0
        one = len(usable) >= 2 and len({d.choice for d in usable}) == 1
        settled = one and mean >= self.constants.stop_confidence
        routes = {d.route: d.choice for d in usable}
        self.run.trace.record("decision", "stop", settled=settled, routes=routes, confidence=round(mean, 4))
        return settled

    async def escalate(self) -> None:
        """Add the drafts of round 3, as many as the calls that are left allow."""
        run, asked = self.run, as_asked(self.run.question)
        usable = [d for d in self.drafts if d.usable]
        native = next((d for d in self.drafts if d.route == "native" and d.error is None), None)
        wanted = []
        if usable and run.settings.evidence and run.settings.native:
            wanted.append(self._from_evidence(native.query if native else ""))
        if usable and native is not None and native.group == EVIDENCE_GROUP:
            wanted.append(self._again("native_closed", asked))
        elif not any(d.language == "en" for d in usable):
            wanted.append(self._again("second", asked))
        limit = min(run.meter.limits.calls or _CALLS, _CALLS)
        spare = limit - run.meter.calls - len(wanted) if usable else 0
        languages = [tag for tag in run.settings.further_languages if tag not in (run.question.language, "en")]
        # Counted from 2: the orders in which other drafts saw the options are 0 and 1.
        wanted += [self._abroad(tag, turn) for turn, tag in enumerate(languages[: max(0, min(_FURTHER, spare))], 2)]
        self.drafts += [draft for made in await together(*wanted) for draft in made]

    async def _from_evidence(self, query: str = "") -> list[Draft]:
        """Read the evidence in English; no passage through the gate is no draft, and no call."""
        english = self.pivot.validity > 0
        found = await self._search(query)
        if not found.evidence:
            return []
        asked = self.pivot if english else as_asked(self.run.question)
        return [
            await draft_choice_from_evidence(self.run, asked, found.evidence, turn=2, compare=english and self._foreign)
        ]

    async def _again(self, route: str, asked: Translation) -> list[Draft]:
        """Draft from what the model knows, by another model where one is configured."""
        return [await draft_choice(self.run, route, asked, turn=3, glossary=self._glossary(), role="second")]

    async def _abroad(self, language: str, turn: int) -> list[Draft]:
        glossary = show_glossary(self.run, self.concepts, (self.run.question.language, language))
        return [await draft_choice_abroad(self.run, language, turn=turn, glossary=glossary)]

    async def _first_search(self) -> SearchResult:
        """Search in the asker's language alone: a draft waits for it, and no translation is there yet."""
        question = self.run.question
        return await retrieve(self.run, search_words(question), question.language, nearest=True)

    async def _search(self, query: str = "") -> SearchResult:
        """Search with the question in its own words and in English, or with better words."""
        question = self.run.question
        if query:
            return await retrieve(self.run, query, question.language, live=True)
        asked = search_words(question)
        variants = search_variants(self.pivot) if self._foreign and self.pivot.language == "en" else {}
        return await retrieve(self.run, asked, question.language, variants=variants, live=True)

    def _glossary(self) -> str:
        return show_glossary(self.run, self.concepts, (self.run.question.language, "en"))

    async def finish(self, decision: Decision) -> Outcome:
        """Return the decision in the asker's words, with what speaks for it."""
        run, question, drafts = self.run, self.run.question, self.drafts
        citations = _citations(drafts, decision.choice)
        if not citations and decision.choice is not None:
            wordings = dict.fromkeys([as_asked(question), *([self.pivot] if self.pivot.validity > 0 else [])])
            citations = await _further_reading(run, decision.choice, list(wordings))
        if run.settings.policy == "show-both" and self.local:
            _show_both(run, drafts, decision.choice)
        if self.local and not question.country:
            run.trace.warn("reconcile", run.say("abstain_country"))
        abstained = decision.abstain is not None or decision.choice is None
        if abstained or decision.choice is None:
            found = await self._search()
            missing = "missing_statement" if found.evidence else "missing_passages"
            text = write_abstention(run, decision.abstain or "abstain_routes", found.evidence, missing=run.say(missing))
        else:
            text = write_choice(question, decision.choice)
        return Outcome(
            text=text,
            choice=None if abstained else decision.choice,
            confidence=decision.confidence,
            abstained=abstained,
            citations=citations,
            drafts=tuple(drafts),
            verdicts=verify_choices(drafts, decision.evidence),
        )


def _citations(drafts: Sequence[Draft], choice: str | None) -> tuple[Citation, ...]:
    """Return the quotes that speak for a choice and that code has found, each once."""
    quoted = (c for d in drafts if d.usable and d.choice == choice for c in d.citations if c.state != "unverified")
    return tuple(dict.fromkeys(quoted))


def _show_both(run: Run, drafts: Sequence[Draft], choice: str | None) -> None:
    """Say what the other side of a local question holds, where it differs."""
    others = {d.choice for d in drafts if d.usable and d.language == "en" and d.choice not in (None, choice)}
    for other in sorted(map(str, others)):
        run.trace.warn("reconcile", f"{run.say('english_differs')} {write_choice(run.question, other)}")


async def _further_reading(run: Run, choice: str, wordings: Sequence[Translation]) -> tuple[Citation, ...]:
    """Cite the line that names the chosen option in the matter asked about, if one clearly does and leads.

    wordings: the question in the languages to look in, one after the other. No verdict rests on what is found: the
    drafts agreed before any evidence was asked for.
    """
    try:
        for asked in wordings:
            if run.knowledge.lexicon.own_language(asked.language) != asked.language:
                continue
            scores = await score_options(run, asked.text, asked.options, asked.language, near=choice)
            best = max(scores, key=lambda s: s.score, default=None)
            if best is None or best.option != choice or best.line is None or best.score < _CLEARLY:
                continue
            if not any(mark in best.line.text for mark in "?؟？"):  # what asks states nothing
                return (cite(best.line.passage, best.line.text),)
    except KnowledgeError as error:
        note_no_search(run, error)
    return ()

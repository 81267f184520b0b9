"""Write a free answer from accepted claims, sentence by sentence, each checked in code before anybody sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from clara.errors import ClaraError, ConfigError
from clara.languages import english_name
from clara.prompts import Prompt
from clara.stages.claims import CheckedClaim
from clara.stages.matching import text_language
from clara.stages.replies import Items, JsonReply, Number, Words, read_reply
from clara.stages.saying import in_language, problems, read
from clara.stages.sentences import Sentence, Sentences, split
from clara.stages.state import Run
from clara.stages.write import quote_lines, script_name
from clara.text import clean, terms, words
from clara.types import Citation

_SHORT = 40  # characters; the language of less is told from what stands before it, too
_COVERED = 0.4  # of a sentence's words, from which it is known to state claims without naming them
_WRONG = {
    "language": "is not in the language and script of the answer",
    "source": "does not name the claims that it states, or states none",
    "number": "has a number that its claims do not have",
    "unit": "has another unit than its claims",
    "negation": "denies what its claims affirm, or the other way round",
    "drug": "names a drug that its claims do not name",
    "side": "names a side of the body that its claims do not name",
}


class MendedSentence(JsonReply):
    """One sentence, written anew; an empty one is left out."""

    number: Number
    text: Words = ""


class MendReply(JsonReply):
    """What the repair prompt asks for."""

    sentences: Items[MendedSentence]


async def write_free(run: Run, accepted: Sequence[CheckedClaim], *, repair: bool) -> tuple[str, tuple[Citation, ...]]:
    """Write a free answer from the accepted claims; returns it with its citations, numbered from 1 as marked.

    Every sentence is checked before it is shown to the observers. With `repair`, the first that fails and all after
    it wait until one more call has written the failing ones anew; what fails still, or without `repair` at once, is
    removed, and that is said. If writing fails or nothing is left, the answer is the accepted claims as the drafts
    worded them in the asker's language, else the quotes themselves.
    """
    if run.structured:  # the claims go into a JSON form next, which is written and checked there
        citations = tuple(dict.fromkeys(c.citation for c in accepted if c.citation))
        return "\n".join(f"- {c.claim.text}" for c in accepted), citations
    answer = _Answer(run, accepted, repair)
    watched = run.trace.observed
    try:
        completion = await run.ask("draft", answer.prompt(), answer.feed if watched else None)
        if not watched:
            answer.feed(completion.text)
        answer.finish(cut=completion.truncated)
    except ConfigError:
        raise
    except ClaraError as error:
        run.failed("write", error)
        answer.finish(cut=True)
    await answer.mend()
    return answer.close()


class _Answer:
    """A free answer while it is being written. A mark in a written sentence is the number of a claim, from 1."""

    def __init__(self, run: Run, accepted: Sequence[CheckedClaim], repair: bool) -> None:
        question = run.question
        self._run, self._accepted, self._repair = run, accepted, repair
        self._language = question.answer_language
        self._asked = read((question.language, question.text))
        listed = [_texts(checked, question.language) for checked in accepted]
        self._said = [read(*texts) for texts in listed]
        # The words in which the claims are known to be said in the language of the answer. What a draft added in its
        # own wording has been checked by nobody: it tells what a sentence is about, and allows it nothing.
        own = [text for texts in listed for language, text in texts if language == self._language]
        own += [c.claim.wording for c in accepted if question.language == self._language]
        self._words = frozenset(terms(" \n ".join(own)))
        self._sentences = Sentences()
        self._held: list[tuple[Sentence, list[str]]] = []
        self._parts: list[str] = []
        self._lead = ""
        self._citations: list[Citation] = []
        self._removed = Counter[str]()
        self._cut = False

    def prompt(self) -> Prompt:
        """Return the prompt that asks for the whole answer."""
        return self._run.prompts.render("write/answer", **self._common())

    def _common(self) -> dict[str, str]:
        run = self._run
        return {
            "fence": run.fence,
            "language": english_name(self._language),
            "script": script_name(self._language, run.question.text),
            "question": run.fenced(run.question.text),
            "claims": run.fenced("\n".join(f"[{n}] {c.claim.text}" for n, c in enumerate(self._accepted, 1))),
        }

    def feed(self, piece: str) -> None:
        """Take the next piece of what is being written."""
        for sentence in self._sentences.feed(piece):
            self._take(sentence)

    def finish(self, *, cut: bool) -> None:
        """Take the last sentence; where the reply was cut off, only if it is whole."""
        self._cut = cut
        for sentence in self._sentences.finish():
            if sentence.ended or not cut:
                self._take(sentence)

    async def mend(self) -> None:
        """Have the failing sentences written anew, in one call, and go on with those that waited for them."""
        failing = [(sentence, wrong) for sentence, wrong in self._held if wrong]
        mended = await self._written_anew(failing) if failing else {}
        number = 0
        held, self._held, self._repair = self._held, [], False
        for sentence, wrong in held:
            if not wrong:
                self._put(sentence)
                continue
            number += 1
            anew = split(clean(mended.get(number, "")))
            if not anew:
                self._drop(sentence, wrong)
            for i, part in enumerate(anew):
                self._take(Sentence(lead=part.lead if i else sentence.lead, text=part.text))

    async def _written_anew(self, failing: Sequence[tuple[Sentence, Sequence[str]]]) -> dict[int, str]:
        run = self._run
        shown = "\n".join(f"{number}. {sentence.text}" for number, (sentence, _) in enumerate(failing, 1))
        reasons = "\n".join(
            f"- Sentence {number} {'; it '.join(_WRONG[name] for name in wrong)}."
            for number, (_, wrong) in enumerate(failing, 1)
        )
        before = run.fenced("".join(self._parts)) if self._parts else "(nothing)"
        prompt = run.prompts.render(
            "write/repair", before=before, sentences=run.fenced(shown), reasons=reasons, **self._common()
        )
        run.trace.record("repair", "write", sentences=len(failing), problems=_counted(wrong for _, wrong in failing))
        try:
            reply = read_reply(MendReply, (await run.ask("draft", prompt)).text)
        except ConfigError:
            raise
        except ClaraError as error:
            run.failed("write", error)
            return {}
        return {sentence.number: sentence.text for sentence in reply.sentences}

    def close(self) -> tuple[str, tuple[Citation, ...]]:
        """Return the whole answer and its citations, and say what was left out."""
        run = self._run
        if self._removed:
            run.trace.record("removed", "write", sentences=self._removed.total(), problems=dict(self._removed))
        if not self._parts:
            return self._as_drafted()
        text = "".join(self._parts)
        notices = [run.say("removed")] if self._removed else []
        notices += [run.say("cut_off")] if self._cut else []
        for notice in notices:
            run.trace.warn("write", notice)
            text += f"\n\n{notice}"
        if not self._citations:  # no sentence bears a mark that leads to one
            self._citations = list(dict.fromkeys(c.citation for c in self._accepted if c.citation))
        return text, tuple(self._citations)

    def _take(self, sentence: Sentence) -> None:
        if not words(sentence.plain):  # a rule, or a mark alone
            return
        wrong = self._wrong(sentence)
        if self._held or (wrong and self._repair):
            self._held.append((sentence, wrong))
        elif wrong:
            self._drop(sentence, wrong)
        else:
            self._put(sentence)

    def _wrong(self, sentence: Sentence) -> list[str]:
        """Name what is wrong with a sentence."""
        plain = sentence.plain
        said = "".join(self._parts)[-_SHORT:]
        asked = self._run.question.text
        right = in_language(plain, self._language, asked)
        if len(plain) < _SHORT and said:
            right = right and in_language(f"{said} {plain}", self._language, asked)
        named = [self._said[n - 1] for n in sentence.marks if 1 <= n <= len(self._said)]
        wrong = [] if right else ["language"]
        if not named and len(self._said) > 1 and not self._covers(plain):
            wrong.append("source")
        return wrong + problems(plain, self._language, named or self._said, self._asked, stated=bool(named))

    def _covers(self, plain: str) -> bool:
        """Whether the claims, as they are known in the language of the answer, hold enough of the words."""
        found = terms(plain)
        return sum(term in self._words for term in found) >= _COVERED * len(found)

    def _put(self, sentence: Sentence) -> None:
        """Add a sentence to the answer and show it. Its marks become the numbers of the citations, in order of use."""
        numbers: dict[int, int] = {}
        for n in sentence.marks:
            citation = self._accepted[n - 1].citation if 1 <= n <= len(self._accepted) else None
            if citation is not None:
                if citation not in self._citations:
                    self._citations.append(citation)
                numbers[n] = self._citations.index(citation) + 1
        # What began a line still does where the sentence that it stood before was removed.
        lead = sentence.lead if "\n" in sentence.lead else self._lead or sentence.lead
        part = clean((lead if self._parts else lead.lstrip()) + sentence.marked(numbers))
        self._lead = ""
        self._parts.append(part)
        self._run.trace.say(part, {n: self._citations[n - 1] for n in sorted(set(numbers.values()))})

    def _drop(self, sentence: Sentence, wrong: Sequence[str]) -> None:
        self._removed.update(wrong[:1])
        if not self._lead or "\n" in sentence.lead:
            self._lead = sentence.lead

    def _as_drafted(self) -> tuple[str, tuple[Citation, ...]]:
        """Return the claims in the words of the drafts, as far as these are in the language of the answer."""
        run, language = self._run, self._language
        self._citations = []
        lines = []
        for checked, said in zip(self._accepted, self._said, strict=True):
            worded = checked.claim.text if language == "en" else checked.claim.wording
            if not worded or not in_language(worded, language, run.question.text):
                continue
            if problems(worded, language, [said], self._asked):
                continue
            mark = ""
            if checked.citation is not None:
                if checked.citation not in self._citations:
                    self._citations.append(checked.citation)
                mark = f" [{self._citations.index(checked.citation) + 1}]"
            lines.append(f"- {worded}{mark}")
        if lines:
            return "\n".join(lines), tuple(self._citations)
        citations = tuple(dict.fromkeys(c.citation for c in self._accepted if c.citation))
        if citations:
            return quote_lines(run, citations), citations
        run.trace.warn("write", run.say("not_written"))
        return "\n".join(f"- {c.claim.text}" for c in self._accepted), ()


def _texts(checked: CheckedClaim, asked_in: str) -> list[tuple[str, str]]:
    """Return what was accepted, each text with its language: the judged statement, and the quote it rests on."""
    claim = checked.claim
    found = [(text_language(claim, "en" if checked.route == "english" else asked_in), claim.text)]
    found += [(checked.citation.language, checked.citation.quote)] if checked.citation else []
    return found


def _counted(problem_lists: Iterable[Sequence[str]]) -> dict[str, int]:
    return dict(Counter(name for wrong in problem_lists for name in wrong))

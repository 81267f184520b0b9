"""`vote`: the question in several languages, one draft in each, and the majority. A baseline for choice questions."""

from __future__ import annotations

from collections import Counter

from clara.errors import InputError
from clara.stages.blocks import concepts_of
from clara.stages.concurrent import together
from clara.stages.draft_choice import draft_choice
from clara.stages.state import Outcome, Run
from clara.stages.translate import as_asked, translate
from clara.stages.write import raise_model_failure, write_abstention, write_choice
from clara.types import Draft


async def vote(run: Run) -> Outcome:
    """Draft in the asker's language and in `vote_languages`; ties go to English, then to confidence.

    Raises InputError for a question without options, which has no majority.
    """
    question = run.question
    if not question.options:
        raise InputError("method vote needs options to count votes for; use clara or rag for a free question")
    concepts = concepts_of(run, question)

    async def by(language: str, turn: int) -> Draft | None:
        if language == question.language:
            return await draft_choice(run, "native", as_asked(question), turn=turn)
        pivot = await translate(run, concepts, language)
        if pivot.validity == 0:
            run.trace.warn("translate", run.say("translation_doubtful"))
            return None
        return await draft_choice(run, language, pivot, turn=turn)

    languages = dict.fromkeys([question.language, *run.settings.vote_languages])
    made = await together(*(by(language, turn) for turn, language in enumerate(languages)))
    drafts = tuple(draft for draft in made if draft is not None)
    usable = [d for d in drafts if d.usable and d.choice is not None]
    if not usable:
        raise_model_failure(run)
        return Outcome(text=write_abstention(run, "abstain_routes"), abstained=True, drafts=drafts)
    votes = Counter(d.choice for d in usable)

    def order(choice: str | None) -> tuple[int, bool, float, str]:
        own = [d for d in usable if d.choice == choice]
        return (
            votes[choice], any(d.language == "en" for d in own), max(d.confidence for d in own),
            question.option(str(choice)).text,
        )  # fmt: skip

    winner = str(max(votes, key=order))
    share = votes[winner] / len(usable)
    run.trace.record(
        "decision", "vote", words=f"{winner} has {votes[winner]} of {len(usable)} votes",
        said=run.say("decided_votes", option=winner, votes=votes[winner], count=len(usable)),
        scores={str(choice): count for choice, count in votes.items()},
    )  # fmt: skip
    return Outcome(text=write_choice(question, winner), choice=winner, confidence=round(share, 4), drafts=drafts)

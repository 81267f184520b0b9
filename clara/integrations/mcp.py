"""MCP: CLARA's answers, evidence and translation checks as tools for assistants and editors."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from clara import __version__
from clara.engine import Clara, make_question
from clara.engine.streams import AsyncStream
from clara.errors import ClaraError
from clara.languages import canonical, detect
from clara.stages.fidelity import HARD, check
from clara.types import Answer, Citation, Event

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_INSTRUCTIONS = (
    "Answers medical questions in any language as well as in English, from reconciled drafts and cited evidence. Pass "
    "questions on in the words and the language they were asked in: translating them first loses what CLARA mends. "
    "Information, not medical advice."
)
_Language = Annotated[str, Field(description="BCP 47 tag such as hi or zh-Hans; auto detects it")]
_Country = Annotated[str | None, Field(description="where the asker is, for answers that depend on it")]


class CitedAnswer(BaseModel):
    """An answer in the asker's language; [n] in it is the nth citation."""

    answer: str
    language: str
    choice: str | None = Field(description="label of the chosen option, where options were given")
    confidence: float = Field(description="0 to 1")
    abstained: bool = Field(description="whether the answer says that there is none that can be relied on")
    citations: list[dict[str, str]] = Field(description="title, quote and source of each, and how the quote was found")
    warnings: list[str]
    model_calls: int


class Passage(BaseModel):
    """One passage of the knowledge base."""

    id: str
    title: str
    section: str
    text: str
    language: str
    country: str | None
    source: str
    score: float = Field(description="0 to 1")


class Passages(BaseModel):
    """What was found, best first; empty where nothing fits the query."""

    passages: list[Passage]


class CheckedTranslation(BaseModel):
    """A translation and what code found wrong with it."""

    translation: str
    usable: bool = Field(description="false where something was lost that changes what is asked")
    problems: list[str] = Field(description="what differs: numbers, units, sides, denials, drugs, script, options")


def build_server(clara: Clara) -> MCPServer[Any]:
    """Return an MCP server over an engine, which the caller closes. Its errors say what to do, to the model too."""
    server: MCPServer[Any] = MCPServer(
        "clara", title="CLARA", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING"
    )

    @server.tool(annotations=_READS)
    async def ask(
        question: Annotated[str, Field(description="in the asker's own words and language")],
        context: Context[Any, Any],
        options: Annotated[list[str] | None, Field(description="the choices, for a multiple-choice question")] = None,
        language: _Language = "auto",
        country: _Country = None,
    ) -> CitedAnswer:
        """Answer a medical question in its own language, with citations."""
        try:
            return _cited(await _answer(clara, context, question, options, language, country))
        except ClaraError as error:
            raise ToolError(str(error)) from None

    @server.tool(annotations=_READS)
    def search_evidence(
        query: str,
        language: _Language = "auto",
        k: Annotated[int, Field(ge=1, le=50, description="passages at most")] = 6,
        country: _Country = None,
    ) -> Passages:
        """Find passages of the medical knowledge base, across languages; asks no model."""
        try:
            spoken = detect(query).language if language == "auto" else canonical(language)
            found = clara.knowledge().search(query, spoken, k=k, country=country)
        except ClaraError as error:
            raise ToolError(str(error)) from None
        return Passages(passages=[_passage(e.passage, e.score) for e in found.evidence])

    @server.tool(annotations=_READS)
    async def translate_check(
        text: Annotated[str, Field(description="a medical question or statement")],
        translation: Annotated[str, Field(description="of it; left out, CLARA's model translates")] = "",
        language: _Language = "auto",
        target: Annotated[str, Field(description="language of the translation")] = "en",
    ) -> CheckedTranslation:
        """Check in code that a translation lost no number, unit, side, denial or drug name."""
        try:
            return await _checked(clara, text, translation, language, target)
        except ClaraError as error:
            raise ToolError(str(error)) from None

    return server


async def _answer(
    clara: Clara,
    context: Context[Any, Any],
    question: str,
    options: list[str] | None,
    language: str,
    country: str | None,
) -> Answer:
    """Answer, and report each call as progress, so that a client does not take a long answer for a lost one."""
    asked: dict[str, Any] = {"options": options, "language": language, "country": country}
    done = 0
    async with AsyncStream[Answer](lambda observer: clara.aask(question, **asked, observers=[observer])) as stream:
        async for happened in stream:
            if not isinstance(happened, Event):
                return happened
            if happened.kind == "call":
                done += 1
                await context.report_progress(done, message=happened.stage)
    raise AssertionError("a stream ends with what was made")


async def _checked(clara: Clara, text: str, translation: str, language: str, target: str) -> CheckedTranslation:
    if not translation.strip():
        made, _ = await clara.atranslate([{"role": "user", "content": text}], target, language=language)
        return CheckedTranslation(translation=made.text, usable=made.validity > 0, problems=list(made.problems))
    question = make_question(text, language=language)
    problems = check(question, translation, [], canonical(target))
    return CheckedTranslation(translation=translation, usable=not HARD.intersection(problems), problems=problems)


def _cited(answer: Answer) -> CitedAnswer:
    return CitedAnswer(
        answer=answer.answer,
        language=answer.language,
        choice=answer.choice,
        confidence=answer.confidence,
        abstained=answer.abstained,
        citations=[_citation(citation) for citation in answer.citations],
        warnings=list(answer.warnings),
        model_calls=answer.usage.calls,
    )


def _citation(citation: Citation) -> dict[str, str]:
    return {"title": citation.title, "quote": citation.quote, "source": citation.source, "state": citation.state}


def _passage(passage: Any, score: float) -> Passage:
    names = ("id", "title", "section", "text", "language", "country", "source")
    return Passage(score=score, **{name: getattr(passage, name) for name in names})

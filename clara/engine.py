"""`Clara`: builds a method from settings and runs it, async or sync, under a budget."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from clara import languages
from clara.choices import LETTERS, label_options
from clara.config import EVIDENCE_MODEL, Settings, load_settings
from clara.errors import BudgetExceeded, ConfigError, InputError, ModelError
from clara.knowledge import KnowledgeBase
from clara.knowledge.live import build_retrievers
from clara.messages import Messages
from clara.methods import METHODS, Outcome, Run
from clara.models import ChatModel, build_models
from clara.prompts import Prompts
from clara.resources import data_folder
from clara.stages.concurrent import together
from clara.stages.state import Meter
from clara.text import clean, fold
from clara.trace import Observer, Trace
from clara.translators import build_translator
from clara.types import Answer, Option, Question, Turn

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T")
_PROCESS_KEY = secrets.token_bytes(32)
Options = Mapping[str, str] | Sequence[str] | Sequence[Option]
_MAX_CHARACTERS = 20_000
_MAX_LABEL = 60


class Clara:
    """Answers questions in any language.

    model: "PROVIDER:NAME" (any provider LangChain's `init_chat_model` knows), "evidence" for the embedded
        default, a LangChain chat model, or any `ChatModel`.
    method: a name in `METHODS`; default `clara` with a model, `evidence` without.
    settings: a ready `Settings`; otherwise they are read (argument > environment > clara.toml > default),
        with `overrides` as the arguments, e.g. `Clara("openai:gpt-5", country="IN")`.
    observers: called with every `Event` of every answer.
    knowledge: an open knowledge base to use, which the caller closes; default the user's own, opened at
        first need.

    One instance serves many questions at once. Use it as a context manager, or call `close` / `aclose`.
    Raises ConfigError.
    """

    def __init__(
        self,
        model: str | ChatModel | BaseChatModel | None = None,
        *,
        method: str | None = None,
        settings: Settings | None = None,
        observers: Sequence[Observer] = (),
        knowledge: KnowledgeBase | None = None,
        **overrides: Any,
    ) -> None:
        name = model if isinstance(model, str) else None
        given = model if model is not None and not isinstance(model, str) else None
        if settings is None:
            settings = load_settings({"model": name, "method": method, **overrides})
        elif overrides or name or method:
            raise ConfigError("pass either settings or single values, not both")
        self.settings = settings
        self._observers = tuple(observers)
        has_model = given is not None or settings.model != EVIDENCE_MODEL
        self.models = build_models(settings, given) if has_model else None
        self.method = settings.method or ("clara" if has_model else EVIDENCE_MODEL)
        self._check_method(self.method)
        if settings.budget.cost is not None and self.models and not settings.prices:
            raise ConfigError("a budget of money needs prices: set prices for the models that are used")
        self._prompts_folder = data_folder("prompts", settings.prompts_dir)
        data_folder("knowledge_base", settings.kb_dir)  # a wrong folder is said here, not at the first question
        self._live = build_retrievers(settings.live, settings.home)
        self._translator = build_translator(settings.translator)
        self._given_knowledge = knowledge
        self._knowledge = knowledge
        self._notices: list[str] = []
        self._opening = threading.Lock()
        self._starting = threading.Lock()
        self._thread: _LoopThread | None = None

    async def aask(
        self,
        question: str,
        *,
        options: Options | None = None,
        language: str = "auto",
        country: str | None = None,
        history: Sequence[Turn] = (),
        method: str | None = None,
        observers: Sequence[Observer] = (),
    ) -> Answer:
        """Answer one question.

        options: label -> text, or texts (labelled A, B, ...): a multiple-choice question.
        language: of the question, and so of the answer; "auto" detects it.
        Raises InputError, ConfigError, KnowledgeError, or ModelError where no route gave a usable draft.
        """
        name = method or self.method
        self._check_method(name)
        trace = Trace([*self._observers, *observers])
        reading = asyncio.to_thread(
            make_question,
            question,
            options=options,
            language=language,
            country=country or self.settings.country,
            history=history,
        )
        if name == "direct":
            asked = await reading
        else:  # the identifier and the knowledge base each take a moment to load, the first time
            asked, _ = await together(reading, asyncio.to_thread(self.knowledge))
        run = Run(
            question=asked,
            settings=self.settings,
            prompts=Prompts(self._prompts_folder),
            messages=Messages(self._prompts_folder),
            open_knowledge=self.knowledge,
            trace=trace,
            models=self.models,
            meter=Meter(limits=self.settings.budget, prices=_by_model(self.settings.prices)),
            fence=self._fence(asked),
            live=self._live,
            translator=self._translator,
        )
        trace.record("started", name, language=asked.language, options=len(asked.options))
        for notice in self._notices:
            trace.warn("knowledge", notice)
        self._notices.clear()
        try:
            outcome = await METHODS[name](run)
        except (ModelError, BudgetExceeded) as error:
            if EVIDENCE_MODEL in self.settings.fallback_models and name != EVIDENCE_MODEL:
                reason = type(error).__name__
                trace.warn("fallback", f"the model failed ({reason}); answered from the knowledge base alone")
                name = EVIDENCE_MODEL
                outcome = await METHODS[name](run)
            elif isinstance(error, BudgetExceeded):
                outcome = Outcome(text=run.say("abstain_routes"), abstained=True)
            else:
                raise
        return _answer(name, run, outcome)

    def ask(
        self,
        question: str,
        *,
        options: Options | None = None,
        language: str = "auto",
        country: str | None = None,
        history: Sequence[Turn] = (),
        method: str | None = None,
        observers: Sequence[Observer] = (),
    ) -> Answer:
        """Do what `aask` does and wait for it; works inside a running event loop too."""
        with self._starting:
            if self._thread is None:
                self._thread = _LoopThread()
            thread = self._thread
        return thread.run(
            self.aask(
                question, options=options, language=language, country=country, history=history, method=method,
                observers=observers,
            )
        )  # fmt: skip

    def knowledge(self) -> KnowledgeBase:
        """Return the knowledge base, opening it (and building it the first time) if need be."""
        with self._opening:
            if self._knowledge is None:
                self._knowledge = KnowledgeBase.from_settings(
                    self.settings, purpose="clara", notify=self._notices.append
                )
            return self._knowledge

    async def aclose(self) -> None:
        """Release connections and files."""
        await self._disconnect()
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Release connections and files, and end the thread behind `ask`."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.run(self._disconnect())
            thread.stop()
        if self._knowledge is not None and self._given_knowledge is None:
            self._knowledge.close()
            self._knowledge = None

    async def _disconnect(self) -> None:
        if self.models is not None:
            await self.models.aclose()
        for retriever in self._live:
            await retriever.aclose()
        if self._translator is not None:
            await self._translator.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _fence(self, question: Question) -> str:
        """Return the mark around untrusted text, which nobody outside can guess.

        Random per request; with a response cache the same for the same question, or the cache would never
        be hit, and secret all the same: keyed by a secret of this process or of the user's data folder.
        """
        if self.settings.cache == "off":
            return secrets.token_hex(6)
        key = _PROCESS_KEY if self.settings.cache == "memory" else _stored_key(self.settings.home / "fence.key")
        return hmac.new(key, repr(question).encode(), "sha256").hexdigest()[:12]

    def _check_method(self, name: str) -> None:
        if name not in METHODS:
            raise ConfigError(f"unknown method {name[:40]!r}: choose one of {', '.join(sorted(METHODS))}")
        if name != EVIDENCE_MODEL and self.models is None:
            raise ConfigError(
                f"method {name} needs a chat model: give --model PROVIDER:NAME or set CLARA_MODEL "
                "(clara doctor looks for local ones)"
            )


def _by_model(prices: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return prices by the name that calls are recorded under: "openai:gpt-5" and "gpt-5" are one model."""
    return {name.partition(":")[2] or name: price for name, price in prices.items()}


def _stored_key(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            made = path.with_suffix(f".{os.getpid()}")
            made.touch(mode=0o600)
            made.write_bytes(secrets.token_bytes(32))
            with contextlib.suppress(FileExistsError):
                os.link(made, path)  # of two processes that make one, the first is kept, and whole
            made.unlink()
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot use {path}: {error.strerror}; set cache = off or CLARA_HOME") from None


def make_question(
    text: str,
    *,
    options: Options | None = None,
    language: str = "auto",
    country: str | None = None,
    history: Sequence[Turn] = (),
) -> Question:
    """Check and clean what was asked. Raises InputError in one line that says what to do."""
    text = _checked_text(text, "the question")
    listed = _options(options)
    if language.strip().lower() == "auto":
        found = languages.detect(text).language
        if found == languages.UNKNOWN and listed:
            found = languages.detect(" ".join([text, *(option.text for option in listed)])).language
    else:
        found = languages.canonical(language)
    turns = tuple(Turn(role=turn.role, text=_checked_text(turn.text, "an earlier message")) for turn in history)
    place = _checked_text(country, "the country")[:_MAX_LABEL] if country else None
    return Question(text=text, language=found, options=listed, history=turns, country=place)


def _checked_text(text: str, what: str) -> str:
    if not isinstance(text, str):
        raise InputError(f"{what} is {type(text).__name__}, not text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what} is not valid UTF-8 text; check the encoding of your terminal or file") from None
    text = clean(text).strip()
    if not text:
        raise InputError(f"{what} is empty; write what you want to know")
    if len(text) > _MAX_CHARACTERS:
        raise InputError(f"{what} has {len(text)} characters; at most {_MAX_CHARACTERS} can be asked at once")
    return text


def _options(options: Options | None) -> tuple[Option, ...]:
    if not options:
        return ()
    if len(options) > len(LETTERS):
        raise InputError(f"{len(options)} options; at most {len(LETTERS)} can be told apart")
    if isinstance(options, Mapping):
        listed = [Option(id=clean(str(label)).strip()[:_MAX_LABEL], text=text) for label, text in options.items()]
    else:
        listed = label_options(options)
    if len(listed) == 1:
        raise InputError("one option is no choice; give at least two, or none for a free answer")
    listed = [Option(id=o.id, text=_checked_text(o.text, f"option {o.id}")) for o in listed]
    seen: dict[str, str] = {}
    for option in listed:
        if not option.id or option.id in {o.id for o in listed if o is not option}:
            raise InputError(f"two options are labelled {option.id!r}; labels must differ")
        if (key := fold(option.text)) in seen:
            raise InputError(f"options {seen[key]} and {option.id} are the same; remove one")
        seen[key] = option.id
    return tuple(listed)


def _answer(method: str, run: Run, outcome: Outcome) -> Answer:
    run.trace.record("finished", method, abstained=outcome.abstained, seconds=round(run.trace.elapsed_s(), 4))
    return Answer(
        answer=outcome.text,
        language=outcome.language or run.question.language,
        choice=outcome.choice,
        confidence=outcome.confidence,
        abstained=outcome.abstained,
        method=method,
        citations=outcome.citations,
        drafts=outcome.drafts,
        verdicts=outcome.verdicts,
        usage=run.meter.usage(),
        trace=run.trace.events,
        warnings=run.trace.warnings,
    )


class _LoopThread:
    """One event loop in a thread of its own, so that connections outlive single calls."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="clara", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupted caller must not leave calls running
            raise

    def stop(self) -> None:
        async def finish() -> None:
            waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in waiting:  # a caller that still waits is told, not left hanging
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await self._loop.shutdown_asyncgens()
            await self._loop.shutdown_default_executor()

        asyncio.run_coroutine_threadsafe(finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

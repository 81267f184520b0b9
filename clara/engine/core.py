"""`Clara`: builds a method from settings and runs it, async or sync, under a budget."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from clara.config import EVIDENCE_MODEL, Settings, load_settings
from clara.engine.answers import answer_of, best_so_far
from clara.engine.chat import leave_room, open_trace, read_chat, reply_of, tool_calls_of
from clara.engine.conversation import Message
from clara.engine.loop import LoopThread
from clara.engine.questions import Options, make_question
from clara.engine.request import ChatOptions
from clara.engine.streams import AsyncStream, ChatStream
from clara.errors import BudgetExceeded, ClaraError, ConfigError, ModelError
from clara.knowledge import KnowledgeBase
from clara.knowledge.live import build_retrievers
from clara.languages import canonical
from clara.messages import Messages
from clara.methods import ABLATIONS, METHODS, Outcome, Run, find_method
from clara.models import ChatModel, Models, build_models
from clara.models.shared import shared_secret
from clara.prompts import Prompts
from clara.resources import data_folder
from clara.stages.blocks import concepts_of
from clara.stages.concurrent import together
from clara.stages.meter import Meter
from clara.stages.translate import translate
from clara.trace import Observer, Trace
from clara.translators import build_translator
from clara.types import Answer, Question, Reply, Translation, Turn, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T")
_PROCESS_KEY = secrets.token_bytes(32)


class Clara:
    """Answers questions in any language.

    model: "PROVIDER:NAME" (any provider LangChain's `init_chat_model` knows), "evidence" for the embedded
        default, a LangChain chat model, any `ChatModel`, or ready `Models`.
    method: a name in `METHODS` or `ABLATIONS`; default `clara` with a model, `evidence` without.
    settings: a ready `Settings`; otherwise they are read (argument > environment > clara.toml > default),
        with `overrides` as the arguments, e.g. `Clara("openai:gpt-5", country="IN")`.
    observers: called with every `Event` of every answer.
    knowledge: an open knowledge base to use, which the caller closes; default the user's own, opened at
        first need.
    notify: told in one line what opening it takes or lacks; otherwise the next answer's warnings tell.

    One instance serves many questions at once. Use it as a context manager, or call `close` / `aclose`.
    Raises ConfigError.
    """

    def __init__(
        self,
        model: str | ChatModel | BaseChatModel | Models | None = None,
        *,
        method: str | None = None,
        settings: Settings | None = None,
        observers: Sequence[Observer] = (),
        knowledge: KnowledgeBase | None = None,
        notify: Callable[[str], None] | None = None,
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
        ready = given if isinstance(given, Models) else build_models(settings, given) if has_model else None
        self.models: Models | None = ready
        self.method = settings.method or ("clara" if has_model else EVIDENCE_MODEL)
        self.check_method(self.method)
        if settings.budget.cost is not None and self.models and not settings.prices:
            raise ConfigError("a budget of money needs prices: set prices for the models that are used")
        self._prompts_folder = data_folder("prompts", settings.prompts_dir)
        data_folder("knowledge_base", settings.kb_dir)  # a wrong folder is said here, not at the first question
        self._live = build_retrievers(settings.live, settings.home)
        self._translator = build_translator(settings.translator)
        self._shared_key = shared_secret(settings) if settings.cache == "redis" else None
        self._given_knowledge = knowledge
        self._knowledge = knowledge
        self._notices: list[str] = []
        self._notify = notify or self._notices.append
        self._opening = threading.Lock()
        self._starting = threading.Lock()
        self._thread: LoopThread | None = None

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
        sample: str = "",
    ) -> Answer:
        """Answer one question.

        options: label -> text, or texts (labelled A, B, ...): a multiple-choice question.
        language: of the question, and so of the answer; "auto" detects it.
        sample: tells answers apart that must not share kept replies.
        Raises InputError, ConfigError, KnowledgeError, or ModelError where no route gave a usable draft.
        """
        name = method or self.method
        self.check_method(name)
        read = partial(
            make_question,
            question,
            options=options,
            language=language,
            country=country or self.settings.country,
            history=history,
        )
        # Only telling the language takes long enough to be worth a thread.
        reading = asyncio.to_thread(read) if language.strip().lower() == "auto" else _at_once(read)
        trace = Trace([*self._observers, *observers])
        run = self._run(await self._beside_opening(reading, name), self.settings, trace)
        run.sample = sample
        return answer_of(run, await self._outcome(name, run))

    async def achat(self, messages: Sequence[Message], **options: Any) -> Reply:
        """Give the next message of a conversation. messages: in the form of the OpenAI API; options: `ChatOptions`.

        The last user message is what is answered. With tools the model is first asked as the application would ask
        it: its tool calls are returned as they are, and a text in their place is the draft in the asker's language.
        Raises what `aask` raises, and ModelBadOutput where no JSON of the form that was asked for came about.
        """
        asked = ChatOptions.read(options)
        name = asked.method or self.method
        self.check_method(name)
        settings = asked.settings(self.settings)
        chat = await self._beside_opening(asyncio.to_thread(read_chat, messages, asked, settings.country), name)
        run = self._run(chat.question, settings, open_trace([*self._observers, *asked.observers], chat))
        run.sample, run.sampling, run.structured = asked.sample, asked.sampling, chat.json is not None
        if chat.json is not None:
            run.meter.limits = leave_room(settings.budget)
        if asked.tools and name != EVIDENCE_MODEL:
            try:
                completion = await run.pass_through(messages, asked.of_the_call)
            except ModelError as error:
                name = _fall_back(run, error)
            else:
                if completion.tool_calls:
                    return tool_calls_of(run, completion)
                run.given = completion if completion.text.strip() else None
        return await reply_of(run, chat, await self._outcome(name, run))

    async def atranslate(self, messages: Sequence[Message], into: str, **options: Any) -> tuple[Translation, Usage]:
        """Put the question of a conversation into another language, standing alone; also returns what that cost.

        messages, options: as of `achat`. Checked in code as every translation is: one of validity 0 must not be used.
        Raises InputError, and ConfigError where neither a chat model nor a translation service is there.
        """
        target, asked = canonical(into), ChatOptions.read(options)
        if self.models is None and self._translator is None:
            raise ConfigError("translating needs a chat model or a translation service: set model or translator")
        settings = asked.settings(self.settings)
        chat = await self._beside_opening(asyncio.to_thread(read_chat, messages, asked, settings.country), self.method)
        run = self._run(chat.question, settings, open_trace([*self._observers, *asked.observers], chat))
        translation = await translate(run, concepts_of(run, chat.question), target)
        return translation, run.meter.usage()

    async def _beside_opening(self, reading: Coroutine[Any, Any, T], method: str) -> T:
        """Return what is read; the identifier and the knowledge base each take a moment to load, the first time."""
        if method == "direct" or self._knowledge is not None:
            return await reading
        read: tuple[T, KnowledgeBase] = await together(reading, asyncio.to_thread(self.knowledge))
        return read[0]

    def _run(self, question: Question, settings: Settings, trace: Trace) -> Run:
        return Run(
            question=question,
            settings=settings,
            prompts=Prompts(self._prompts_folder),
            messages=Messages(self._prompts_folder),
            open_knowledge=self.knowledge,
            trace=trace,
            models=self.models,
            meter=Meter(limits=settings.budget, prices=settings.prices_by_model, replayed=settings.cache == "replay"),
            fence=self._fence(question),
            live=self._live,
            translator=self._translator,
        )

    async def _outcome(self, name: str, run: Run) -> tuple[str, Outcome]:
        """Run a method; returns the name of the one that answered, and its outcome."""
        trace = run.trace
        trace.record("started", name, language=run.question.language, options=len(run.question.options))
        for notice in self._notices:
            trace.warn("knowledge", notice)
        self._notices.clear()
        method = find_method(name)
        assert method is not None  # `check_method` has looked
        try:
            outcome = await method(run)
        except (ModelError, BudgetExceeded) as error:
            if isinstance(error, BudgetExceeded) and EVIDENCE_MODEL not in run.settings.fallback_models:
                outcome = Outcome(text=run.say("abstain_routes"), abstained=True)
            else:
                name = _fall_back(run, error)
                outcome = await METHODS[name](run)
        return name, best_so_far(run, outcome)

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
        return self._waited(
            self.aask(
                question, options=options, language=language, country=country, history=history, method=method,
                observers=observers,
            )
        )  # fmt: skip

    def chat(self, messages: Sequence[Message], **options: Any) -> Reply:
        """Do what `achat` does and wait for it; works inside a running event loop too."""
        return self._waited(self.achat(messages, **options))

    def achat_stream(self, messages: Sequence[Message], **options: Any) -> AsyncStream[Reply]:
        """Do what `achat` does, begun at once: yields its events as they happen, and the `Reply` last."""
        return AsyncStream(lambda observer: self.achat(messages, **_observed(options, observer)))

    def chat_stream(self, messages: Sequence[Message], **options: Any) -> ChatStream:
        """Do what `achat_stream` does, without an event loop."""
        return ChatStream(
            lambda observer: self.achat(messages, **_observed(options, observer)), self._loop_thread().submit
        )

    def _waited(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._loop_thread().run(coroutine)

    def _loop_thread(self) -> LoopThread:
        with self._starting:
            if self._thread is None:
                self._thread = LoopThread()
            return self._thread

    def knowledge(self) -> KnowledgeBase:
        """Return the knowledge base, opening it (and building it the first time) if need be."""
        with self._opening:
            if self._knowledge is None:
                self._knowledge = KnowledgeBase.from_settings(self.settings, purpose="clara", notify=self._notify)
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
        with self._opening:  # an answer that was broken off may have left a thread opening it
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
        be hit, and secret all the same: keyed by a secret of this process, of the user's data folder or of all
        replicas.
        """
        if self.settings.cache == "off":
            return secrets.token_hex(6)
        key = self._shared_key or (
            _PROCESS_KEY if self.settings.cache == "memory" else _stored_key(self.settings.cache_folder / "fence.key")
        )
        return hmac.new(key, repr(question).encode(), "sha256").hexdigest()[:12]

    def check_method(self, name: str) -> None:
        """Raise ConfigError where there is no such method, or it needs a model and none is set."""
        if find_method(name) is None:
            known = f"{', '.join(METHODS)}, or an ablation, {', '.join(ABLATIONS)}"
            raise ConfigError(f"unknown method {name[:40]!r}: choose one of {known}")
        if name != EVIDENCE_MODEL and self.models is None:
            raise ConfigError(
                f"method {name} needs a chat model: give --model PROVIDER:NAME or set CLARA_MODEL "
                "(clara doctor looks for local ones)"
            )


def _fall_back(run: Run, error: ClaraError) -> str:
    """Return the method that needs no model, where the settings allow it in place of others; else raise `error`."""
    if EVIDENCE_MODEL not in run.settings.fallback_models:
        raise error
    run.trace.warn("fallback", run.say("model_failed"))
    return EVIDENCE_MODEL


async def _at_once(read: Callable[[], T]) -> T:
    return read()


def _observed(options: Mapping[str, Any], observer: Observer) -> dict[str, Any]:
    return {**options, "observers": (*options.get("observers", ()), observer)}


@lru_cache(maxsize=8)
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

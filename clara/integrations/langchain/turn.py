"""One turn of an application's own LangChain model: asked as the application asks it, and by CLARA beside that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from clara.errors import ModelBadOutput
from clara.integrations.blocking import each, waited
from clara.models import Call, Completion, Show
from clara.models.langchain import ALONE, LangChainModel, completion_of, map_error, with_options
from clara.models.wire import wire_messages


class Turn:
    """The application's model for one request, as a `ChatModel`.

    messages: the request as it stands. Its own call is made with these, since a provider's package may need what
    another form of them would lose. reply: what came back to that call, for the same reason.
    options: what each call is made with that has a meaning to this model alone, such as `reasoning_effort`.
    blocking: the application asks without an event loop, and so is its model: clients for event loops belong to the
    one that they were first used in.
    """

    def __init__(
        self, model: BaseChatModel, messages: Sequence[BaseMessage], options: Mapping[str, Any], *, blocking: bool
    ) -> None:
        self._model, self._messages, self._blocking = model, list(messages), blocking
        self._options = options
        self.name = name_of(model)
        self._plain = LangChainModel(self.name, lambda: model, owned=False, options=options)
        self.reply: AIMessage | None = None

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Ask the model. Raises ModelError."""
        if not call.messages and not self._blocking:
            return await self._plain.complete(call, show)
        messages: list[Any] = self._messages if call.messages else wire_messages(call)
        try:
            reply = await self._asked(messages, call, show)
        except Exception as error:
            raise map_error(error, self.name) from None
        if call.messages:
            self.reply = reply
        return completion_of(reply, self.name)

    async def _asked(self, messages: list[Any], call: Call, show: Show | None) -> AIMessage:
        asked, options = with_options(self._model, call.options, streamed=show is not None)
        options |= self._options
        if not self._blocking:
            return await asked.ainvoke(messages, ALONE, **options)
        if show is None:
            return await waited(asked.invoke, messages, ALONE, **options)
        whole: Any = None
        async for chunk in each(asked.stream(messages, ALONE, **options)):
            whole = chunk if whole is None else whole + chunk
            if chunk.text:
                show(chunk.text)
        if whole is None:
            raise ModelBadOutput(f"{self.name}: the reply was empty", retryable=True)
        made: AIMessage = whole
        return made

    async def aclose(self) -> None:
        """The model is the application's to close."""


def name_of(model: BaseChatModel) -> str:
    """Return what a model is called."""
    return str(getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__)

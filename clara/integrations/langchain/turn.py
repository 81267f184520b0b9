"""One turn of an application's own LangChain model: asked as the application asks it, and by CLARA beside that."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from clara.models import Call, Completion, Show
from clara.models.langchain import ALONE, LangChainModel, completion_of, map_error, with_options


class Turn:
    """The application's model for one request, as a `ChatModel`.

    messages: the request as it stands. Its own call is made with these, since a provider's package may need what
    another form of them would lose. reply: what came back to that call, for the same reason.
    """

    def __init__(self, model: BaseChatModel, messages: Sequence[BaseMessage]) -> None:
        self._model, self._messages = model, list(messages)
        name = getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__
        self.name = str(name)
        self._plain = LangChainModel(self.name, lambda: model, owned=False)
        self.reply: AIMessage | None = None

    async def complete(self, call: Call, show: Show | None = None) -> Completion:
        """Ask the model. Raises ModelError."""
        if not call.messages:
            return await self._plain.complete(call, show)
        try:
            asked, options = with_options(self._model, call.options)
            self.reply = await asked.ainvoke(self._messages, ALONE, **options)
            return completion_of(self.reply, self.name)
        except Exception as error:
            raise map_error(error, self.name) from None

    async def aclose(self) -> None:
        """The model is the application's to close."""

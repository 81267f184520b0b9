"""A `Reply` in the forms of the OpenAI API, as plain dicts: what the server sends and the drop-ins return."""

from clara.openai_form.chat import ChatChunks, chat_completion
from clara.openai_form.extension import clara_object, progress_object, usage_object
from clara.openai_form.read_chat import ChatRequest, read_chat_request
from clara.openai_form.read_responses import ResponsesRequest, read_responses_request
from clara.openai_form.replies import ChatReplies, Replies, ResponsesReplies
from clara.openai_form.responses import ResponseEvents, response_object

__all__ = [
    "ChatChunks",
    "ChatReplies",
    "ChatRequest",
    "Replies",
    "ResponseEvents",
    "ResponsesReplies",
    "ResponsesRequest",
    "chat_completion",
    "clara_object",
    "progress_object",
    "read_chat_request",
    "read_responses_request",
    "response_object",
    "usage_object",
]

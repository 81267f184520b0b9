"""The one error tree.

ClaraError
├── ConfigError            a setting, option or argument that cannot work
│   └── InputError         a question that cannot be asked as it stands
├── ResourceError          a shipped or user-supplied data file is missing or unreadable
├── PromptError            a prompt file and its inputs do not fit
├── ModelError             a chat model did not give a usable reply
│   ├── ModelTimeout
│   ├── ModelUnreachable
│   ├── ModelRateLimited
│   ├── ModelStatusError   any other HTTP status (`status`)
│   │   └── ModelAuthError
│   └── ModelBadOutput     a reply came, but could not be read
├── KnowledgeError         the knowledge base cannot serve
│   ├── KnowledgeLocked    another process holds it
│   └── KnowledgeCorrupt   truth and index disagree, or a file is damaged
├── BudgetExceeded         a limit on calls, rounds, tokens, seconds or money was reached
└── DatasetError           an evaluation dataset is missing or malformed

Every message is one line that says what to do. Messages never hold a key or a question's text.
"""

from __future__ import annotations


class ClaraError(Exception):
    """Base of everything CLARA raises on purpose."""


class ConfigError(ClaraError):
    """A setting or argument cannot work."""


class InputError(ConfigError):
    """The question, its options or its language cannot be used as given."""


class ResourceError(ClaraError):
    """A data file that CLARA needs is missing or unreadable."""


class PromptError(ClaraError):
    """A prompt file is malformed, or was rendered with other inputs than it declares."""


class ModelError(ClaraError):
    """A chat model gave no usable reply.

    Attributes:
        retryable: whether asking the same again may succeed.
        retry_after_s: seconds the provider asked to wait, or None.
        attempts: how many times the call was tried.
    """

    retryable = False

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.attempts = 1


class ModelTimeout(ModelError):
    """No reply within the time allowed."""

    retryable = True


class ModelUnreachable(ModelError):
    """The connection failed or broke."""

    retryable = True


class ModelRateLimited(ModelError):
    """The provider asked to slow down (HTTP 429)."""

    retryable = True


class ModelStatusError(ModelError):
    """The provider answered with an HTTP error `status`."""

    def __init__(self, message: str, *, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.status = status
        # 408 and 409 are transient by the providers' own documentation.
        self.retryable = status >= 500 or status in (408, 409)


class ModelAuthError(ModelStatusError):
    """The key was refused (401, 403)."""


class ModelBadOutput(ModelError):
    """A reply arrived but its form could not be read, even after one repair.

    `retryable` is set on an instance where the transport was at fault (a truncated body),
    not the model (an answer in the wrong form).
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class KnowledgeError(ClaraError):
    """The knowledge base cannot serve the request."""


class KnowledgeLocked(KnowledgeError):
    """Another process holds the knowledge base."""


class KnowledgeCorrupt(KnowledgeError):
    """The knowledge base's files are damaged."""


class BudgetExceeded(ClaraError):
    """A limit of the answer's budget was reached."""


class DatasetError(ClaraError):
    """An evaluation dataset is missing or malformed."""

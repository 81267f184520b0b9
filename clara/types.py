"""The vocabulary: frozen values that every floor speaks in.

Languages are canonical BCP 47 tags (`fil`, `zh-Hans`, `hi-Latn`); `und` is unknown.
Confidences and scores are floats in [0, 1] unless said otherwise; times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls"]
VerdictState = Literal["supported", "refuted", "not_enough_info", "unverified"]
CitationState = Literal["exact", "near", "unverified"]
Locality = Literal["none", "country", "culture"]
Polarity = Literal["affirmed", "denied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a multiple-choice question; `id` is the asker's own label, e.g. "B" or "ख"."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation. A `tool` turn is what a tool of the application returned.

    attachments: content parts that are no text, e.g. images, in the form of the OpenAI API.
    """

    role: Role
    text: str
    attachments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked. `country` is an ISO 3166 code or a name, if the asker gave one.

    answer_in: the language to answer in, where another than the question's was asked for.
    instructions: what the application's system messages say.
    attachments: see `Turn`; of the whole conversation.
    """

    text: str
    language: str = "und"
    options: tuple[Option, ...] = ()
    history: tuple[Turn, ...] = ()
    country: str | None = None
    answer_in: str | None = None
    instructions: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()

    @property
    def answer_language(self) -> str:
        """The language to answer in."""
        return self.answer_in or self.language

    def option(self, option_id: str) -> Option:
        """Return the option labelled `option_id`; KeyError if there is none."""
        for option in self.options:
            if option.id == option_id:
                return option
        raise KeyError(option_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A question put into `language`, and how far code could trust it.

    `options` keep the asker's ids and order. `validity` is 1 when every check passed, 0.5 when a
    mild one failed, 0 when the translation must not be used; `problems` names what failed.
    """

    text: str
    language: str
    options: tuple[Option, ...] = ()
    validity: float = 1.0
    problems: tuple[str, ...] = ()
    locality: Locality = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of one document. Passages of one `group` say the same in different languages."""

    id: str
    text: str
    language: str
    title: str
    section: str = ""
    source: str = ""
    group: str = ""
    document: str = ""
    country: str | None = None
    trust: str = "unrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A passage found for a query.

    origins: each ranked list that held it -> its rank there (from 1).
    signals: what the score is made of, each in [0, 1]; place: why it stands where it stands.
    """

    passage: Passage
    score: float
    rank: int
    origins: Mapping[str, int] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A verbatim quote of a passage, with what code found when it looked the quote up."""

    id: str
    title: str
    language: str
    quote: str
    source: str
    state: CitationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One checkable statement of a draft, with the quote it was given, if any.

    text: in English where the draft gave it so, else in the draft's language.
    wording: the same in the asker's language, where that is another and the draft said it.
    polarity: whether something is said to be so, or not to be so; None where the draft does not say.
    dose: every amount, frequency and duration in it; condition: whom or what alone it holds for; country: whose law,
    guideline or health system it is about. All in English, "" and None where there is none.
    """

    text: str
    wording: str = ""
    polarity: Polarity | None = None
    dose: str = ""
    condition: str = ""
    country: str | None = None
    citation: Citation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One route's answer.

    route: how it came about: `native`, `english`, `evidence`, `second`, ...
    group: drafts of one group make correlated errors and share a vote.
    translation_validity: the q of the reconciler, {0, 0.5, 1}; 1 where nothing was translated.
    claims: a free answer's statements; `text` is the whole.
    locality: whether the draft says the answer depends on where the asker lives.
    query: for an insufficient evidence draft, the words it would search for.
    refuted: option ids that verified quotes speak against.
    error: why the route failed; such a draft holds no answer.
    """

    route: str
    language: str
    group: str
    model: str = ""
    choice: str | None = None
    text: str = ""
    confidence: float = 0.5
    translation_validity: float = 1.0
    sufficient: bool = True
    claims: tuple[Claim, ...] = ()
    locality: Locality = "none"
    citations: tuple[Citation, ...] = ()
    refuted: tuple[str, ...] = ()
    query: str = ""
    error: str | None = None

    @property
    def usable(self) -> bool:
        """Whether the draft may take part in an answer."""
        return self.error is None and self.translation_validity > 0 and self.sufficient


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one source (`against`: a route's name or `evidence`) says of one claim or choice."""

    claim: str
    against: str
    state: VerdictState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an answer cost. `rounds` is the longest chain of calls that waited for one another.

    `cost` is in the currency of the configured prices, None when a model without a price was used.
    """

    calls: int = 0
    rounds: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `at_s` counts from the start of the answer."""

    kind: str
    stage: str
    at_s: float
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reconciled answer and its whole record."""

    answer: str
    language: str
    choice: str | None
    confidence: float
    abstained: bool
    method: str
    citations: tuple[Citation, ...] = ()
    drafts: tuple[Draft, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    usage: Usage = field(default_factory=Usage)
    trace: tuple[Event, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the keys of this class, nested values as plain dicts and lists."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The next message of a conversation, in the terms of the OpenAI API.

    finish_reason: `length` where the text was cut at the limit that was asked for.
    refusal: why no answer is given, where one in a JSON form was asked for; `text` is then empty.
    tool_calls: as the model made them; `answer` is then None, and the application is to run them.
    answer: the whole answer with its record; `text` says it in the form that was asked for.
    """

    text: str
    finish_reason: Finish = "stop"
    refusal: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    answer: Answer | None = None
    usage: Usage = field(default_factory=Usage)

"""A model behind loopback HTTP that is of one mind: two drafts say the same, the checker agrees, and tools are called
where they are offered. What an integration makes of an answer can then be told from the answer itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clara.openai_form import ResponseEvents, read_responses_request, response_object
from clara.types import Reply, Usage
from tests import fake_openai
from tests.doctors import kind, letters
from tests.fake_openai import Body

ASKED = "¿Cuáles son los síntomas del glaucoma de ángulo cerrado?"
FIRST, SECOND = "Se ven halos de colores alrededor de las luces.", "El ojo duele mucho."
ANSWER = f"{FIRST} {SECOND}"
ENGLISH = ("Coloured halos are seen around lights.", "The eye hurts a lot.")
DRAFT = "Aparecen halos de color ante las lámparas. El ojo está muy dolorido."
"""What the model says to an application's own call; a draft, and never shown."""
JSON_FORM = "JSON form that an application asked for"


@dataclass
class Agreeable:
    """The model. calls: tool name -> arguments, called once each before an answer. form: fills a JSON form.

    options: those of a choice in English, of which the one that is `chosen` stands in either language.
    """

    claims: Sequence[str] = (FIRST, SECOND)
    english: Sequence[str] = ENGLISH
    written: str = ANSWER
    calls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[str] = ()
    chosen: Sequence[str] = ()

    def serve(self, body: Body) -> Any:
        """A script of the fake server."""
        if "input" in body:
            return serve_responses(self, body)
        messages = body["messages"]
        system = _text(messages[0]["content"]) if messages[0]["role"] in ("system", "developer") else ""
        if (name := kind(system)) == "translate":
            return json.dumps(self._translate(_text(messages[1]["content"])))
        if name in ("choice", "evidence", "abroad"):
            return self._choice(name, _text(messages[1]["content"]))
        if name != "unknown":
            return json.dumps(made) if isinstance(made := getattr(self, f"_{name}")(), dict) else made
        if JSON_FORM in system:
            return json.dumps(self.form, ensure_ascii=False)
        # A call of the application's own.
        offered = [tool["function"]["name"] for tool in body.get("tools", ())]
        called = [name for name in offered if name in self.calls] or offered
        if called and messages[-1]["role"] != "tool" and body.get("tool_choice") != "none":
            return tool_calls(body, {called[0]: self.calls.get(called[0], {})})
        return DRAFT

    def _translate(self, user: str) -> dict[str, Any]:
        return {
            "question": "What are the symptoms of angle-closure glaucoma?",
            "options": [*self.options] if "Options:" in user else [],
        }

    def _choice(self, name: str, user: str) -> str:
        shown = letters(user)
        letter = next(letter for text, letter in shown.items() if text in self.chosen)
        more: dict[str, Any] = {"sufficient": True, "quotes": []} if name == "evidence" else {"reason": "so it is"}
        more |= {"question": ASKED, "options": [*shown]} if name == "abroad" else {}
        return json.dumps(more | {"choice": letter, "confidence": 90})

    def _free(self) -> dict[str, Any]:
        pairs = zip(self.claims, self.english, strict=True)
        return {"claims": [{"claim": claim, "english": english} for claim, english in pairs], "confidence": 90}

    def _free_evidence(self) -> dict[str, Any]:
        return {"claims": [{"claim": claim, "passage": 0, "quote": ""} for claim in self.english], "confidence": 90}

    def _verify(self) -> dict[str, Any]:
        count = len(self.english)
        told = [{"claim": n, "verdict": "not_enough_info", "agrees": [(n - 1 + count) % (2 * count) + 1]}
                for n in range(1, 2 * count + 1)]  # fmt: skip
        return {"verdicts": told}

    def _write(self) -> str:
        return self.written

    def _mend(self) -> str:
        return self.written

    def _direct(self) -> str:
        return self.written


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)


def tool_calls(body: Body, calls: Mapping[str, Mapping[str, Any]]) -> fake_openai.Reply:
    """Return a reply that calls tools, whole or as a stream, as the request asks."""
    made = [
        {"id": f"call_{n}", "type": "function",
         "function": {"name": name, "arguments": json.dumps(given, ensure_ascii=False)}}
        for n, (name, given) in enumerate(calls.items(), 1)
    ]  # fmt: skip
    head = {"id": "c-1", "created": 1, "model": body.get("model", "fake")}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    if not body.get("stream"):
        message = {"role": "assistant", "content": None, "tool_calls": made}
        choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
        whole = head | {"object": "chat.completion", "choices": [choice], "usage": usage}
        return fake_openai.Reply(body=json.dumps(whole).encode())
    pieces = [{"index": n} | call for n, call in enumerate(made)]
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": {"role": "assistant", "content": None, "tool_calls": pieces}, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
    ]
    chunks = [head | {"object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
    chunks += [head | {"object": "chat.completion.chunk", "choices": [], "usage": usage}]
    lines = [*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n"]
    return fake_openai.Reply(body="".join(lines).encode())


def serve_responses(model: Agreeable, body: Body) -> fake_openai.Reply:
    """Answer a request of the Responses API as the model answers the same of chat completions."""
    asked = read_responses_request(body)
    made = model.serve({"messages": asked.messages, **asked.options})
    calls: list[Any] = []
    if isinstance(made, fake_openai.Reply):
        calls = json.loads(made.body or b"")["choices"][0]["message"]["tool_calls"]
    reply = Reply(
        text="" if calls else made, tool_calls=tuple(calls), usage=Usage(prompt_tokens=9, completion_tokens=3)
    )
    whole = response_object(reply, body, response_id="resp_1", created=1, model=body["model"])
    # What a reasoning model adds, and needs to see again beside its call.
    whole["output"].insert(0, {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"})
    if not body.get("stream"):
        return fake_openai.Reply(body=json.dumps(whole).encode())
    events = ResponseEvents(body, response_id="resp_1", created=1, model=body["model"])
    shown = [*events.begin(), *events.end(reply)]
    shown[-1]["response"] = whole
    return fake_openai.Reply(body="".join(f"data: {json.dumps(event)}\n\n" for event in shown).encode())

"""`Clara.achat` over real HTTP: conversations, pass-through of tools, forms of answers, and what each costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clara import Clara, Event, KnowledgeBase, Reply, ScriptedModel
from clara.errors import InputError, ModelBadOutput, ModelStatusError
from clara.models import Call, Completion
from clara.types import Turn
from tests import fake_openai
from tests.doctors import Doctor, free_replies, kind
from tests.fake_openai import Body, FakeOpenAI

ASKED = "¿Cuáles son los síntomas del glaucoma de ángulo cerrado?"
ENGLISH = "What are the symptoms of angle-closure glaucoma?"
QUOTE = "halos de colores alrededor de las luces"
CLAIM = "En el ataque agudo se ven halos de colores alrededor de las luces."
WRITTEN = "En el ataque agudo se ven halos de colores alrededor de las luces y duele mucho el ojo. [1]"
CHOICE = (
    "Answer the following multiple choice question. The entire content of your response should be of the following "
    "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B,C.\n\n"
    "¿Qué síntoma aparece en el glaucoma agudo de ángulo cerrado?\n\nA) costras en los párpados\n"
    "B) halos alrededor de las luces y dolor intenso\nC) pérdida de visión sin dolor"
)
TOOL = {"type": "function", "function": {"name": "pressure", "parameters": {"type": "object", "properties": {}}}}
TOOL_CALL = {"id": "call_9", "type": "function", "function": {"name": "pressure", "arguments": '{ "eye":  "left" }'}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SCHEMA = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "urgent": {"type": "boolean"}},
    "required": ["summary", "urgent"],
    "additionalProperties": False,
}
AS_SCHEMA = {"type": "json_schema", "json_schema": {"name": "advice", "schema": SCHEMA}}

Make = Callable[..., Clara]


@pytest.fixture
def make(openai_server: FakeOpenAI, shipped_home: Path, shipped_kb: KnowledgeBase) -> Iterator[Make]:
    made: list[Clara] = []

    def build(**settings: Any) -> Clara:
        given: dict[str, Any] = {"retry_wait_s": 0.001, "home": shipped_home, "knowledge": shipped_kb} | settings
        made.append(Clara("openai:fake-1", base_url=openai_server.base_url, api_key="sk-test-secret", **given))
        return made[-1]

    yield build
    for clara in made:
        clara.close()


def doctor(**overrides: Any) -> Doctor:
    return Doctor(
        english=ENGLISH,
        picks={"native": "halos alrededor de las luces y dolor intenso", "english": "halos and severe pain"},
        english_options=("crusts on the lids", "halos and severe pain", "painless loss of sight"),
        overrides={
            "translate": json.dumps({"question": ENGLISH, "options": []}),
            **free_replies(CLAIM, QUOTE, WRITTEN),
            "direct": "Answer: B",
            **overrides,
        },
    )


def translate_choice(system: str, user: str) -> str:
    options = ["crusts on the lids", "halos and severe pain", "painless loss of sight"]
    return json.dumps({"question": "Which symptom occurs in acute angle-closure glaucoma?", "options": options})


def user(text: str = ASKED) -> dict[str, Any]:
    return {"role": "user", "content": text}


def by_kind(server: FakeOpenAI) -> dict[str, Body]:
    return {kind(str(request["messages"][0]["content"])): request for request in server.requests}


def test_a_conversation_is_answered_and_its_history_reaches_whoever_needs_it(
    openai_server: FakeOpenAI, make: Make
) -> None:
    openai_server.script = doctor().serve
    earlier = [user("¿Qué es el glaucoma de ángulo cerrado?"), {"role": "assistant", "content": "Una enfermedad."}]
    reply = make().chat([*earlier, user("¿y en niños?")])
    assert isinstance(reply, Reply) and reply.answer is not None
    assert (reply.text, reply.finish_reason, reply.tool_calls, reply.refusal) == (WRITTEN, "stop", (), "")
    assert reply.answer.language == "es" and reply.usage == reply.answer.usage and reply.usage.calls <= 6
    asked = by_kind(openai_server)
    for name in ("translate", "free", "free_evidence"):
        assert "assistant: Una enfermedad." in asked[name]["messages"][1]["content"], name


def test_the_application_s_instructions_reach_drafts_and_writing_only(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor().serve
    make().chat([{"role": "system", "content": "Eres el asistente de una clínica infantil."}, user()])
    for name, request in by_kind(openai_server).items():
        system, *others = (message["content"] for message in request["messages"])
        told = name in ("free", "free_evidence", "write")
        assert ("clínica infantil" in system) is told, name
        assert not any("clínica infantil" in text for text in others)  # never beside fenced text
        if told:
            own, instructions = system.split("The application that you answer for")
            assert "not for you" in own and "clínica" not in own  # CLARA's own rules stand above
            assert "except where they contradict the rules above" in instructions


def test_tool_calls_are_the_application_s_own(openai_server: FakeOpenAI, make: Make) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]}
    body = {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}], "usage": {"prompt_tokens": 7}}
    openai_server.script = lambda _: fake_openai.Reply(body=json.dumps(body).encode())
    messages = [{"role": "system", "content": "Use tools."}, user()]
    options: dict[str, Any] = {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False}
    reply = make().chat(messages, **options, temperature=0.5, seed=3, stop=["x"], max_tokens=50)
    assert reply.tool_calls == (TOOL_CALL,) and reply.finish_reason == "tool_calls" and reply.answer is None
    assert (reply.usage.calls, reply.usage.prompt_tokens) == (1, 7)
    (sent,) = openai_server.requests
    assert sent["messages"] == messages
    assert {name: sent[name] for name in options} == options
    assert (sent["temperature"], sent["seed"], sent["stop"], sent["max_completion_tokens"]) == (0.5, 3, ["x"], 50)


def test_a_text_in_place_of_tool_calls_is_the_native_draft(openai_server: FakeOpenAI, make: Make) -> None:
    inner = doctor()
    openai_server.script = lambda body: CLAIM if "tools" in body else inner.serve(body)
    messages = [
        user(),
        {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
        {"role": "tool", "tool_call_id": "call_9", "content": "52 mmHg"},
    ]
    reply = make().chat(messages, tools=[TOOL])
    assert reply.text == WRITTEN and reply.answer is not None
    kinds = [kind(str(r["messages"][0]["content"])) for r in openai_server.requests]
    assert kinds == ["unknown", "translate", "free_evidence", "verify", "write"]  # no second native draft
    native = next(d for d in reply.answer.drafts if d.route == "native")
    assert native.text == CLAIM and native.language == "es"
    for name in ("translate", "free_evidence"):
        assert '{ "eye":  "left" }): 52 mmHg' in by_kind(openai_server)[name]["messages"][1]["content"], name


def test_without_a_model_tools_are_nobody_s_and_the_evidence_answers(shipped_kb: KnowledgeBase) -> None:
    with Clara(knowledge=shipped_kb) as clara:
        reply = clara.chat([user("¿Qué es la catarata?")], tools=[TOOL])
    assert reply.finish_reason == "stop" and reply.answer is not None and reply.answer.method == "evidence"
    assert "catarata" in reply.text and reply.usage.calls == 0


def test_a_provider_that_is_down_falls_back_to_the_evidence_with_tools_too(
    openai_server: FakeOpenAI, make: Make
) -> None:
    openai_server.script = lambda _: fake_openai.Reply(status=500)
    clara = make(fallback_models=["evidence"], attempts=1)
    reply = clara.chat([user("¿Qué es la catarata?")], tools=[TOOL])
    assert reply.answer is not None and reply.answer.method == "evidence" and "catarata" in reply.text
    assert len(openai_server.requests) == 1
    with pytest.raises(ModelStatusError):
        make(attempts=1).chat([user()], tools=[TOOL])


def test_what_limits_the_answer_does_not_limit_the_calls_behind_it(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor().serve
    clara = make()
    shown: list[Event] = []
    stopped = clara.chat([user()], stop=["halos"], observers=[shown.append])
    assert (stopped.text, stopped.finish_reason) == ("En el ataque agudo se ven ", "stop")
    assert "".join(e.data["text"] for e in shown if e.kind == "sentence") == stopped.text
    shown.clear()
    cut = clara.chat([user()], max_tokens=8, observers=[shown.append])
    assert (cut.text, cut.finish_reason) == ("En el ataque agudo se ven halos", "length")
    assert "".join(e.data["text"] for e in shown if e.kind == "sentence") == cut.text
    assert cut.answer is not None and cut.answer.answer == WRITTEN
    assert not any(
        {"stop", "max_tokens", "max_completion_tokens"} & request.keys() for request in openai_server.requests
    )


def test_sampling_is_every_call_s(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor().serve
    make().chat([user()], temperature=0, top_p=0.5, seed=42)
    assert len(openai_server.requests) == 5
    assert {(r["temperature"], r["top_p"], r["seed"]) for r in openai_server.requests} == {(0, 0.5, 42)}


def test_the_prompt_of_an_evaluation_harness_gets_its_form(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor(translate=translate_choice).serve
    shown: list[Event] = []
    reply = make().chat([user(CHOICE)], observers=[shown.append], max_tokens=16)
    assert reply.text == "ANSWER: B" and reply.answer is not None
    assert reply.answer.choice == "B" and reply.answer.language == "es"
    assert reply.answer.answer == "B) halos alrededor de las luces y dolor intenso"
    assert [e.data["text"] for e in shown if e.kind == "sentence"] == ["ANSWER: B"]
    for request in openai_server.requests:  # the request about the form is no part of the question
        assert "LETTER" not in request["messages"][1]["content"]


def test_the_direct_method_gives_the_form_too_and_speaks_in_turns(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor().serve
    earlier = [user("Hola"), {"role": "assistant", "content": "Buenos días."}]
    reply = make().chat([*earlier, user(CHOICE)], method="direct")
    assert reply.text == "ANSWER: B" and reply.usage.calls == 1
    (sent,) = openai_server.requests
    assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert sent["messages"][2]["content"] == "Buenos días."


def test_pictures_are_for_the_native_draft_alone(openai_server: FakeOpenAI, make: Make) -> None:
    inner = doctor()

    def script(body: Body) -> Any:
        content = body["messages"][1]["content"]
        if isinstance(content, list):
            assert content[1:] == [PICTURE]
            content = content[0]["text"]
        return inner.reply(body["messages"][0]["content"], content)

    openai_server.script = script
    make().chat([{"role": "user", "content": [{"type": "text", "text": ASKED}, PICTURE]}])
    with_picture = [name for name, r in by_kind(openai_server).items() if isinstance(r["messages"][1]["content"], list)]
    assert with_picture == ["free"]


def json_script(*replies: str, **overrides: Any) -> Callable[[Body], Any]:
    inner, waiting = doctor(**overrides), list(replies)

    def script(body: Body) -> Any:
        if "JSON form that an application asked for" in body["messages"][0]["content"]:
            return waiting.pop(0)
        return inner.serve(body)

    return script


GOOD = json.dumps({"summary": "Se ven halos de colores alrededor de las luces.", "urgent": True}, ensure_ascii=False)


def test_an_answer_in_a_json_form_takes_no_more_calls_than_prose(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = json_script(GOOD)
    shown: list[Event] = []
    reply = make().chat([user()], response_format=AS_SCHEMA, observers=[shown.append], stop=["halos"])
    assert reply.text == GOOD and reply.finish_reason == "stop" and reply.answer is not None
    assert "write" not in by_kind(openai_server) and reply.usage.calls == reply.answer.usage.calls == 5
    assert [e.data["text"] for e in shown if e.kind == "sentence"] == [GOOD]
    assert [c.state for c in reply.answer.citations] == ["exact"]


@pytest.mark.parametrize(
    "bad",
    [
        "no JSON at all",
        '{"summary": "Se ven halos."}',  # a field is missing
        '{"summary": "Se ven halos.", "urgent": "yes"}',
        '{"summary": "Se ven halos durante 45 minutos.", "urgent": true}',  # a number nobody stated
        '{"summary": "In an acute attack one sees coloured halos around all the lights.", "urgent": true}',
    ],
)
def test_a_json_answer_that_is_wrong_is_written_once_more_and_never_handed_out(
    openai_server: FakeOpenAI, make: Make, bad: str
) -> None:
    openai_server.script = json_script(bad, GOOD)
    reply = make().chat([user()], response_format=AS_SCHEMA)
    assert reply.text == GOOD and reply.usage.calls == 6
    assert reply.answer is not None and not any("minutos" in str(e.data) for e in reply.answer.trace)
    openai_server.script = json_script(bad, bad)
    with pytest.raises(ModelBadOutput):
        make().chat([user()], response_format=AS_SCHEMA)


def test_any_json_object_will_do_where_no_schema_is_given(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = json_script('{"síntomas": ["halos"]}')
    assert json.loads(make().chat([user()], response_format={"type": "json_object"}).text) == {"síntomas": ["halos"]}


def test_no_answer_is_a_refusal_and_no_json(openai_server: FakeOpenAI, make: Make) -> None:
    nothing = json.dumps({"verdicts": [{"claim": n, "verdict": "not_enough_info"} for n in (1, 2)]})
    unfounded = json.dumps({"claims": [{"claim": "The moon does it."}], "confidence": 90})
    openai_server.script = json_script(verify=nothing, free_evidence=unfounded)
    reply = make().chat([user()], response_format=AS_SCHEMA)
    assert reply.text == "" and "No puedo responder" in reply.refusal and reply.answer is not None
    assert reply.answer.abstained


LETTER = {"type": "object", "properties": {"answer": {"enum": ["A", "B", "C"]}}, "required": ["answer"]}
REASONED = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "answer": {"enum": ["A", "B", "C"]}},
    "required": ["reasoning", "answer"],
}


def test_a_choice_fills_a_form_of_one_field_without_a_call(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor(translate=translate_choice).serve
    reply = make().chat([user(CHOICE)], response_format={"type": "json_schema", "json_schema": {"schema": LETTER}})
    assert reply.text == '{"answer": "B"}' and reply.answer is not None and reply.answer.choice == "B"
    assert {*by_kind(openai_server)} <= {"translate", "choice", "evidence"}


def test_a_json_form_may_name_no_other_option_than_the_chosen_one(openai_server: FakeOpenAI, make: Make) -> None:
    wrong, right = '{"reasoning": "", "answer": "A"}', '{"reasoning": "Por los halos.", "answer": "B"}'
    form = {"type": "json_schema", "json_schema": {"schema": REASONED}}
    openai_server.script = json_script(wrong, right, translate=translate_choice)
    assert make().chat([user(CHOICE)], response_format=form).text == right


@pytest.mark.parametrize(
    ("response_format", "said"),
    [
        ({"type": "xml"}, "'xml' is unknown"),
        ({"type": "json_schema"}, "needs a schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "nonsense"}}}, "'nonsense' is not valid"),
        (
            {"type": "json_schema", "json_schema": {"schema": {"$ref": "http://127.0.0.1:9/s.json"}}},
            "refers to 'http://127.0.0.1:9/s.json', which it lacks",  # and nobody fetches it
        ),
        ({"type": "json_schema", "json_schema": {"schema": {"$ref": "#"}}}, "refers to itself without end"),
    ],
)
def test_a_form_that_cannot_be_met_is_refused(
    openai_server: FakeOpenAI, make: Make, response_format: dict[str, Any], said: str
) -> None:
    openai_server.script = json_script(GOOD)
    with pytest.raises(InputError, match=said):
        make().chat([user()], response_format=response_format)


def test_json_that_exceeds_the_limit_is_an_error_not_half_an_object(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = json_script(GOOD)
    with pytest.raises(ModelBadOutput, match="set max_tokens higher than 5"):
        make().chat([user()], response_format=AS_SCHEMA, max_tokens=5)


def test_without_a_model_a_form_of_one_text_is_filled_and_others_are_refused(shipped_kb: KnowledgeBase) -> None:
    one = {"type": "json_object", "properties": {}}
    text = {"type": "json_schema", "schema": {"type": "object", "properties": {"answer": {"type": "string"}}}}
    with Clara(knowledge=shipped_kb) as clara:
        reply = clara.chat([user("¿Qué es la catarata?")], response_format=text)
        assert "catarata" in json.loads(reply.text)["answer"]
        with pytest.raises(InputError, match="single text field"):
            clara.chat([user("¿Qué es la catarata?")], response_format=one)


@pytest.mark.parametrize(
    ("wish", "language", "name"),
    [
        ("Answer in English.", "en", "English"),
        ("Responde en francés.", "fr", "French"),
        ("हिंदी में जवाब दें।", "hi", "Hindi"),
        ("Reply in romanised Hindi.", "hi-Latn", "Hindi written in Latin letters"),
    ],
)
def test_a_language_that_is_asked_for_is_the_answer_s(
    openai_server: FakeOpenAI, make: Make, wish: str, language: str, name: str
) -> None:
    openai_server.script = doctor().serve
    reply = make().chat([user(f"{ASKED} {wish}")])
    assert reply.answer is not None and reply.answer.language == language
    asked = by_kind(openai_server)
    assert f"in {name}, " in asked["write"]["messages"][0]["content"]
    assert "Answer the question in Spanish" in asked["free"]["messages"][0]["content"]


def test_a_request_changes_a_copy_of_the_settings(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor().serve
    clara = make(budget={"calls": 5})
    before = clara.settings.model_dump()
    reply = clara.chat([user()], budget={"calls": 2}, country="MX", policy="universal", languages=["pt"])
    assert reply.usage.calls == 2 and clara.settings.model_dump() == before
    assert "MX" in by_kind(openai_server)["free"]["messages"][1]["content"]
    openai_server.requests.clear()
    assert clara.chat([user()], budget={"calls": 100, "rounds": 100}).usage.calls <= 5  # a request cannot widen it
    with pytest.raises(InputError, match="needs prices"):
        clara.chat([user()], budget={"cost": 1.0})


def test_samples_share_no_kept_reply(openai_server: FakeOpenAI, make: Make, tmp_path: Path) -> None:
    openai_server.script = doctor().serve
    clara = make(cache="disk", cache_dir=tmp_path / "kept")
    counts = []
    for sample in ("", "", "1", "1", "2"):
        clara.chat([user()], sample=sample, temperature=1.0)
        counts.append(len(openai_server.requests))
    assert counts == [5, 5, 10, 10, 15]
    clara.chat([user()], sample="2", temperature=0.0)  # another request altogether
    assert len(openai_server.requests) == 20


async def test_a_sync_call_works_inside_a_running_loop(openai_server: FakeOpenAI, make: Make) -> None:
    openai_server.script = doctor().serve
    async with make() as clara:
        assert (await clara.achat([user()])).text == clara.chat([user()]).text == WRITTEN


async def test_the_other_models_carry_a_call_as_well() -> None:
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    from clara.models.langchain import LangChainModel

    seen: list[Any] = []

    class Seeing(GenericFakeChatModel):
        temperature: float | None = None

        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self.bind(tools=tools, **kwargs)

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
            seen.append((messages, kwargs))
            return super()._generate(messages, stop, run_manager, **{})

    called = AIMessage("", tool_calls=[{"name": "pressure", "args": {"eye": "left"}, "id": "c1", "type": "tool_call"}])
    inner = Seeing(messages=iter([called, AIMessage("ok")]))
    model = LangChainModel("fake", lambda: inner, owned=False)
    asked = (user("hola"), {"role": "assistant", "content": "", "tool_calls": [TOOL_CALL]},
             {"role": "tool", "tool_call_id": "call_9", "content": "52"})  # fmt: skip
    options = {"tools": [TOOL], "tool_choice": "required", "temperature": 0.3, "seed": 1}
    reply = await model.complete(Call(messages=asked, options=options))
    arguments = {"name": "pressure", "arguments": '{"eye": "left"}'}
    assert reply.tool_calls == ({"id": "c1", "type": "function", "function": arguments},)
    messages, kwargs = seen[0]
    assert [m.type for m in messages] == ["human", "ai", "tool"] and messages[1].tool_calls[0]["args"] == {
        "eye": "left"
    }
    assert (kwargs["tool_choice"], kwargs["temperature"]) == (
        "any",
        0.3,
    ) and "seed" not in kwargs  # it has no such field
    turn = Turn(role="user", text="¿Qué es?", attachments=(PICTURE,))
    assert (await model.complete(Call(system="s", turns=(turn,)))).text == "ok"
    assert seen[1][0][1].content == [{"type": "text", "text": "¿Qué es?"}, PICTURE]


async def test_the_fake_that_ships_can_call_tools(shipped_kb: KnowledgeBase) -> None:
    model = ScriptedModel([Completion(text="", model="m", tool_calls=(TOOL_CALL,))], name="m")
    async with Clara(model, knowledge=shipped_kb) as clara:
        reply = await clara.achat([user()], tools=[TOOL])
    assert reply.tool_calls == (TOOL_CALL,) and model.calls[0].messages == (user(),)

"""Conversations: messages taken apart, and the language in which each is to be answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.engine import make_question
from clara.engine.answer_language import language_after, requested_language, settle_languages, without_wish
from clara.engine.conversation import read_conversation
from clara.engine.forms import read_form
from clara.engine.request import ChatOptions
from clara.errors import InputError
from clara.knowledge import Concept
from clara.stages.blocks import search_words
from clara.text import estimated_tokens
from clara.types import Option, Question, Turn

CALL = {"id": "call_1", "type": "function", "function": {"name": "pressure", "arguments": '{"eye": "left"}'}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_messages_of_every_role_find_their_place() -> None:
    said = read_conversation(
        [
            {"role": "system", "content": "Be kind."},
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, PICTURE]},
            {"role": "assistant", "content": "A cataract."},
            {"role": "user", "content": "And the pressure?"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "31 mmHg"},
        ]
    )
    assert said.text == "And the pressure?" and said.instructions == "Be kind.\n\nBe brief."
    assert said.history == (
        Turn(role="user", text="What is this?"),
        Turn(role="assistant", text="A cataract."),
        Turn(role="tool", text='pressure({"eye": "left"}): 31 mmHg'),
    )
    assert said.attachments == (PICTURE,)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "at least one user message"),
        ("hello", "no list of messages"),
        ([{"role": "system", "content": "x"}], "no message has the role user"),
        ([{"role": "king", "content": "x"}], "message 1 has no role"),
        ([{"role": "user", "content": "x"}, "y"], "message 2 has no role"),
        ([{"role": "user", "content": 5}], "message 1: content is neither"),
        ([{"role": "user", "content": ["x"]}], "message 1: content is neither"),
        ([{"role": "user", "content": [{"type": "text", "text": None}]}], "message 1: a text part holds no text"),
        (
            [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"function": 5}]}],
            "message 2: a tool call is no object",
        ),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [5]}], "message 2: a tool call is no"),
    ],
)
def test_messages_that_cannot_be_read_are_named(messages: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_conversation(messages)


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        # A follow-up too short to tell is in the language of the conversation ...
        (("¿Qué es el glaucoma?", "why?"), "es"),
        (("¿Qué es el glaucoma?", "¿y en niños?"), "es"),
        (("O que é glaucoma?", "por quê?"), "pt"),
        (("O que é glaucoma?", "e em crianças?"), "pt"),
        (("Qu'est-ce que le glaucome ?", "ok merci"), "fr"),
        (("什么是青光眼？", "timolol?"), "zh-Hans"),
        (("什麼是青光眼？要怎麼治療？", "小孩呢？"), "zh-Hant"),
        (("ग्लूकोमा क्या है?", "timolol?"), "hi"),
        (("glaucoma kya hota hai?", "aur bachchon mein?"), "hi-Latn"),
        (("Ano ang glaucoma?", "bakit?"), "fil"),
        (("Ano ang glaucoma?", "timolol?"), "fil"),
        (("ما هو الزرق؟", "why?"), "ar"),
        (("What is glaucoma?", "timolol?"), "en"),
        (("Glaucoma?", "timolol?"), "und"),
        # ... unless its script is another, or its words can only be of another.
        (("What is glaucoma?", "为什么？"), "zh-Hans"),
        (("What is glaucoma?", "क्यों?"), "hi"),
        (("What is glaucoma?", "لماذا؟"), "ar"),
        (("glaucoma kya hota hai?", "बच्चों में?"), "hi"),
        (("What is glaucoma?", "aur bachchon mein?"), "hi-Latn"),
        (("What is glaucoma?", "¿por qué?"), "es"),
        (("What is glaucoma?", "bakit?"), "fil"),
        # A change of language is followed, there and back.
        (("What is glaucoma?", "¿Y el tratamiento en embarazadas?", "And in children?"), "en"),
        (("ग्लूकोमा क्या है?", "and in children?"), "en"),
        (("¿Qué es el glaucoma?", "Quels sont les traitements possibles ?", "et chez les enfants ?"), "fr"),
        # Mixed languages are answered in the one that holds the sentence together.
        (("Mujhe eye mein pain ho raha hai since yesterday, what should I do?",), "hi-Latn"),
        (("Doctor, meri left eye red hai aur vision blurry hai, is it serious?",), "hi-Latn"),
        (("Masakit ang eye ko since kahapon, what should I do?",), "fil"),
        (("May red eye po ako, can I use steroid drops ba?",), "fil"),
        (("Me duele el ojo y tengo blurry vision, ¿es serious?",), "es"),
    ],
)
def test_the_language_of_the_last_message_is_told(texts: tuple[str, ...], language: str) -> None:
    assert settle_languages(texts) == (language, None)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Qué es la catarata? Answer in English.", "en"),
        ("Explain in simple English what a cataract is", "en"),
        ("What is glaucoma? Please reply in Roman Hindi.", "hi-Latn"),
        ("What is glaucoma? Answer in romanised Hindi", "hi-Latn"),
        ("What is uveitis? In Spanish, please.", "es"),
        ("Your answer must be in Hindi.", "hi"),
        ("What is glaucoma? responde en francés", "fr"),
        ("Respóndeme siempre en castellano. What is glaucoma?", "es"),
        ("explícame esto en inglés", "en"),
        ("Responde en chino simplificado", "zh-Hans"),
        ("O que é glaucoma? Responda em inglês, por favor", "en"),
        ("Réponds-moi en anglais", "en"),
        ("Qu'est-ce que le glaucome ? Répondez en espagnol", "es"),
        ("什么是青光眼？请用英文回答", "en"),
        ("請用繁體中文回答", "zh-Hant"),
        ("What is glaucoma? हिंदी में जवाब दें", "hi"),
        ("रोमन हिंदी में बताइए कि ग्लूकोमा क्या है", "hi-Latn"),
        ("Motiyabind kya hai? angrezi mein batao", "en"),
        ("Hinglish me jawab do: glaucoma kya hai", "hi-Latn"),
        ("Ano ang glaucoma? Sagutin mo sa Ingles", "en"),
        ("Ano ang katarata? Pakisagot in English please", "en"),
        ("Isagot sa wikang Filipino", "fil"),
        ("ما هو الزرق؟ أجب بالإنجليزية", "en"),
        ("ما هو الزرق؟ باللغة الفرنسية من فضلك", "fr"),
        ("Don't answer in English", None),
        ("no respondas en inglés", None),
        ("Ne réponds pas en anglais", None),
        ("अंग्रेज़ी में जवाब मत दें", None),
        ("不要用英文回答", None),
        ("How do you say cataract in Spanish?", None),
        ("Answer in one word: is it a cataract?", None),
        ("Answer in short", None),
        ("Which drops are used in French hospitals?", None),
        ("Is there a Spanish flu vaccine? Explain in detail", None),
    ],
)
def test_a_language_asked_for_in_words_is_understood(text: str, language: str | None) -> None:
    assert requested_language(text) == language


def test_a_wish_stands_until_its_writer_changes_the_language() -> None:
    wish = "¿Qué es el glaucoma? Responde en inglés"
    assert settle_languages([wish]) == ("es", "en")
    assert settle_languages(["What is glaucoma? हिंदी में जवाब दें"]) == ("en", "hi")
    assert settle_languages(["Answer in English"]) == ("und", "en")
    assert settle_languages([wish, "¿y en niños?"]) == ("es", "en")
    assert settle_languages([wish, "¿y en niños? Responde en francés"]) == ("es", "fr")
    assert settle_languages([wish, "et chez les enfants, que faut-il faire ?"]) == ("fr", None)
    assert settle_languages(["What is glaucoma?"], "Always answer in Hindi.") == ("en", "hi")
    assert settle_languages(["What is glaucoma? Answer in French."], "Always answer in Hindi.") == ("en", "fr")
    assert settle_languages(["What is glaucoma? Answer in English."]) == ("en", None)


def test_an_answer_in_another_language_can_be_asked_for_by_option() -> None:
    asked = make_question("What is the treatment of glaucoma? Answer in French.", answer_in="zh")
    assert (asked.language, asked.answer_language) == ("en", "zh-Hans")
    assert make_question("What is the treatment of glaucoma?", answer_in="en").answer_in is None
    with pytest.raises(InputError, match="unknown language"):
        make_question("What is glaucoma?", answer_in="xyzzy")


def _concept(name: str) -> Concept:
    return Concept(id=name, terms={}, abbreviations=(), do_not_confuse=())


def test_a_short_follow_up_is_searched_with_what_it_follows_on_from() -> None:
    before = (Turn(role="user", text="¿Qué es el glaucoma?"), Turn(role="assistant", text="Una enfermedad."))
    assert search_words(Question(text="¿y en niños?", history=before)) == "¿Qué es el glaucoma? ¿y en niños?"
    whole = Question(text="¿Cómo se trata la catarata en los niños pequeños?", history=before)
    assert search_words(whole) == whole.text
    new = Question(text="¿Qué es la catarata?", history=before)
    assert search_words(new, [_concept("cataract")]) == new.text
    about_it = Question(text="¿Y el tratamiento?", history=before)
    assert search_words(about_it, [_concept("treatment")]) == "¿Qué es el glaucoma? ¿Y el tratamiento?"
    chosen = Question(text="Which?", options=(Option(id="A", text="x1"), Option(id="B", text="x2")))
    assert search_words(chosen) == "Which? x1 x2"


def test_without_a_conversation_a_message_is_what_it_is() -> None:
    assert language_after("why?", "und") == "und" and language_after("¿y en niños?", "und") == "es"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("What is glaucoma? हिंदी में जवाब दें", "What is glaucoma?"),
        ("हिंदी में बताइए कि ग्लूकोमा क्या है?", "ग्लूकोमा क्या है?"),
        ("angrezi mein batao glaucoma kya hai", "glaucoma kya hai"),
        ("Respóndeme siempre en castellano. What is glaucoma?", "What is glaucoma?"),
        ("什么是青光眼？请用英文回答。", "什么是青光眼？"),
        ("Please always respond in Portuguese. What is glaucoma?", "What is glaucoma?"),
        ("Responda em inglês, por favor: o que é glaucoma?", "o que é glaucoma?"),
        ("ما هو الزرق؟ أجب بالإنجليزية", "ما هو الزرق؟"),
        ("Answer in English", "Answer in English"),
        ("Don't answer in English: what is glaucoma?", "Don't answer in English: what is glaucoma?"),
    ],
)
def test_a_wish_is_no_part_of_the_question(text: str, rest: str) -> None:
    assert without_wish(text) == rest == make_question(text).text


def test_a_named_language_leaves_nothing_to_be_told() -> None:
    question = make_question("Answer in English: what is glaucoma?", language="fr")
    assert (question.language, question.answer_language) == ("fr", "fr")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temprature": 1}, "option temprature: no such option"),
        ({"temperature": 3}, "option temperature"),
        ({"max_tokens": 0}, "option max_tokens"),
        ({"policy": "mine"}, "option policy"),
        ({"budget": {"calls": 0}}, "option budget.calls"),
        ({"budget": {"wishes": 3}}, "option budget.wishes: no such option"),
    ],
)
def test_an_option_that_cannot_be_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ChatOptions.read(options)


@pytest.mark.parametrize(
    ("options", "text", "wanted"),
    [
        ({}, "Rest. Then drops.", ("Rest. Then drops.", "stop")),
        ({"stop": "drops"}, "Rest. Then drops.", ("Rest. Then ", "stop")),
        ({"stop": ["\n", "Then"]}, "Rest. Then drops.\nGo.", ("Rest. ", "stop")),
        ({"stop": ["", "zzz"]}, "Rest.", ("Rest.", "stop")),
        ({"max_tokens": 1}, "B", ("B", "stop")),
        ({"max_tokens": 3}, "Rest. Then drops.", ("Rest. Then", "length")),  # 12 characters, and no half word
        ({"max_tokens": 3}, "先休息，再滴眼药水。", ("先休息", "length")),
        ({"max_tokens": 4}, "बूँदें डालें और आराम करें", ("बूँदें", "length")),
        ({"max_tokens": 1}, "Rest.", ("Rest", "length")),
    ],
)
def test_an_answer_ends_at_a_stop_word_and_within_its_limit(
    options: dict[str, Any], text: str, wanted: tuple[str, str]
) -> None:
    assert ChatOptions.read(options).shorten(text) == wanted


@given(st.text(alphabet="abc déख先 .\n", max_size=80), st.integers(1, 40), st.text(alphabet="ab .", max_size=2))
def test_what_is_left_of_an_answer_is_its_beginning_and_fits(text: str, limit: int, stop: str) -> None:
    left, finish = ChatOptions.read({"max_tokens": limit, "stop": stop}).shorten(text)
    assert text.startswith(left) and estimated_tokens(left) <= limit
    if finish == "stop":
        assert left == (text.partition(stop)[0] if stop else text)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3)


@given(
    st.lists(
        st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant", "tool", "x"]), "content": JSON})
    )
)
def test_any_messages_are_read_or_refused(messages: list[dict[str, Any]]) -> None:
    try:
        said = read_conversation(messages)
    except InputError:
        return
    assert messages and all(turn.text for turn in said.history)


@pytest.mark.parametrize(
    "text", ["\n", "please", "please ", "answer in ", "explain it ", "हिंदी में ", "用", "A) x ", "A) x\n", "'X "]
)
def test_long_messages_without_a_wish_or_a_choice_have_none(text: str) -> None:
    """A pattern that looks again from every place would need minutes for each of these."""
    for wanted in (f"please{' ' * 20_000}", text * 20_000):
        assert requested_language(wanted[:20_000]) is None
        assert read_form(wanted[:20_000]) is None

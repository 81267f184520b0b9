"""Replies as real models write them: what is read as it was meant, and what must be asked for again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.errors import ModelBadOutput
from clara.stages.claims import VerifyReply
from clara.stages.compose import MendReply
from clara.stages.draft import FreeReply
from clara.stages.draft_choice import AbroadReply, ChoiceReply, EvidenceChoiceReply
from clara.stages.grade import PassageGrade
from clara.stages.replies import JsonReply, read_reply, without_thoughts
from clara.stages.translate import TranslationReply


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"reason": "halos", "choice": "B", "confidence": 80}\n```',
        'Looking at {A, B, C, D}, B fits.\n\n{"reason": "halos", "choice": "B", "confidence": 80}',
        '{"choice": "A", "confidence": 60}\nWait, that is wrong.\n{"reason": "", "choice": "B", "confidence": 80}',
        '{"choice": "B", "confidence": 80}\n\nNote: {this} is no medical advice.',
        '<think>perhaps {"choice": "A"}</think>\n{"choice": "B", "confidence": 80}',
        '<thinking>\nA? {"choice": "A", "confidence": 10}\n</thinking>{"choice": "B", "confidence": 80}',
        'A seems right {"choice": "A"}, no.\n</think>\n\n{"choice": "B", "confidence": 80}',
        '{"response": {"choice": "B", "confidence": 80}}',
        '{"reason": null, "faithful": null, "choice": "B", "confidence": 80}',
        '{"reason": ["halos", "pain"], "choice": ["B"], "confidence": "80%"}',
        '{"reason": {"A": "no halos", "B": "fits"}, "choice": "B", "confidence": "about 80"}',
        '{"reason": "the "cherry-red spot" sign", "choice": "B", "confidence": 80}',
        '{"reason": "he said, "no pain", and left", "choice": "B", "confidence": 80}',
        '{"reason": ""Halos" are typical", "choice": "B", "confidence": 80}',
        '{"reason": "20 \\mu m, \\alpha-blocker", "choice": "B", "confidence": 80,}',
        '{"reason": "line\nbreak\tand tab", "choice": "B", "confidence": 0.8}',
    ],
)
def test_a_choice_is_read_however_it_is_wrapped(text: str) -> None:
    reply = read_reply(ChoiceReply, text)
    assert (reply.choice, reply.confidence, reply.faithful) == ("B", 0.8, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I'm sorry, but I can't help with that.", "no JSON"),
        ('{"reason": "it is', "no JSON"),
        ('{"reason": "a {b} c", "choice": "B', "not valid JSON"),
        ('<think>It may be {"choice": "A"}, but', "no JSON"),
        ('{"reason": "x", "choice": null}', "field choice"),
        ('{"reason": "x", "choice": ["A", "B"]}', "field choice"),
        ('{"choice": "A", confidence: 50, "reason": "x"}', "not valid JSON"),
        ('{"choice": "A" "reason": "x"}', "not valid JSON"),
        ("{" * 30_000, "no JSON"),
        ('{"a":' * 30_000 + "1" + "}" * 30_000, "not valid JSON"),
        ("{'" * 10_000 + "}", "not valid JSON"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_cut_off_or_broken_is_asked_for_again(text: str, said: str) -> None:
    with pytest.raises(ModelBadOutput, match=said):
        read_reply(ChoiceReply, text)


@pytest.mark.parametrize(
    ("stated", "share"),
    [(90, 0.9), (0.9, 0.9), (100, 0.99), (0, 0.01), ("75 %", 0.75), ("75/100", 0.75), ("0,75", 0.75),
     ("high", 0.5), (None, 0.5), (float("nan"), 0.5), ([90], 0.5)],
)  # fmt: skip
def test_a_confidence_is_a_share_and_what_is_none_is_not_stated(stated: object, share: float) -> None:
    assert read_reply(ChoiceReply, json.dumps({"choice": "B", "confidence": stated})).confidence == share


@pytest.mark.parametrize(
    "options",
    [
        ["red eye", "5 mg"],
        ["1. red eye", "2. 5 mg"],
        ["A. red eye", "B. 5 mg"],
        ["(A) red eye", "(B) 5 mg"],
        {"A": "red eye", "B": "5 mg"},
        [{"id": "A", "text": "red eye"}, {"id": "B", "text": "5 mg"}],
    ],
)
def test_translated_options_come_without_the_labels_they_were_shown_with(options: object) -> None:
    told = json.dumps({"question": "Which?", "options": options, "locality": "None"})
    reply = read_reply(TranslationReply, told)
    assert (reply.options, reply.locality) == (["red eye", "5 mg"], "none")
    abroad = json.dumps({"question": "¿Cuál?", "options": options, "choice": "A", "confidence": 1})
    assert read_reply(AbroadReply, abroad).options == ["red eye", "5 mg"]


def test_options_that_begin_with_what_is_no_label_keep_it() -> None:
    texts = ["1. 5 mg", "3. 10 mg"]
    assert read_reply(TranslationReply, json.dumps({"question": "?", "options": texts})).options == texts
    texts = ["-2.00 D", "+2.00 D"]
    assert read_reply(TranslationReply, json.dumps({"question": "?", "options": texts})).options == texts


@pytest.mark.parametrize("locality", ["country", "Country.", " COUNTRY "])
def test_a_locality_is_a_word_in_any_case(locality: str) -> None:
    assert read_reply(TranslationReply, json.dumps({"question": "?", "locality": locality})).locality == "country"


def test_a_quote_that_cannot_be_read_costs_itself_and_no_other() -> None:
    quotes = [
        {"passage": "[2]", "quote": "halos", "option": "B", "stance": "Support"},
        {"passage": 1, "quote": "crusts", "option": "A", "stance": "unclear"},
        {"passage": "none", "quote": "pain", "option": None, "stance": None},
        "halos",
    ]
    told = {"sufficient": "true", "quotes": quotes, "choice": "B", "confidence": 90, "query": ["halos", "glaucoma"]}
    reply = read_reply(EvidenceChoiceReply, json.dumps(told))
    assert [(q.passage, q.quote, q.stance) for q in reply.quotes] == [(2, "halos", "supports"), (0, "pain", "supports")]
    assert reply.sufficient and "glaucoma" in reply.query
    one = json.dumps(told | {"quotes": quotes[0], "query": None})
    assert [q.passage for q in read_reply(EvidenceChoiceReply, one).quotes] == [2]


def test_a_verdict_that_cannot_be_read_costs_itself_and_no_other() -> None:
    verdicts = [
        {
            "claim": "1",
            "verdict": "Supported",
            "passage": "passage 2",
            "quote": "x",
            "agrees": "3, 4",
            "conflicts": None,
        },
        {"claim": 2, "verdict": "not enough info", "passage": None, "quote": None, "agrees": 4},
        {"claim": 3, "verdict": "maybe"},
        {"claim": "claim 4", "verdict": "REFUTED", "agrees": ["[1]", "none"]},
    ]
    reply = read_reply(VerifyReply, json.dumps({"verdicts": verdicts}))
    assert [(v.claim, v.verdict, v.passage) for v in reply.verdicts] == [
        (1, "supported", 2), (2, "not_enough_info", 0), (4, "refuted", 0),
    ]  # fmt: skip
    assert [v.agrees for v in reply.verdicts] == [[3, 4], [4], [1, 0]]


def test_a_claim_is_read_with_what_it_has() -> None:
    claims = [
        "Halos are seen.",
        {
            "claim": "Take it.",
            "polarity": "Affirmed",
            "dose": ["250 mg", "twice a day"],
            "passage": "[1]",
            "quote": None,
        },
        {"claim": "", "polarity": "denied"},
        {"claim": "Do not rub.", "polarity": "negative", "country": None},
    ]
    reply = read_reply(FreeReply, json.dumps({"claims": claims, "locality": "n/a", "confidence": "0.8"}))
    assert [c.claim for c in reply.claims] == ["Halos are seen.", "Take it.", "Do not rub."]
    assert [c.polarity for c in reply.claims] == [None, "affirmed", None]
    assert (reply.claims[1].dose, reply.claims[1].passage) == ("250 mg; twice a day", 1)
    assert (reply.locality, reply.confidence) == ("none", 0.8)
    with pytest.raises(ModelBadOutput, match="claims"):
        read_reply(FreeReply, '{"claims": [{"claim": ""}]}')


def test_sentences_and_grades_are_read_with_numbers_as_models_write_them() -> None:
    mended = read_reply(
        MendReply, '{"sentences": [{"number": "1.", "text": "So it is. [1]"}, {"number": 2, "text": null}]}'
    )
    assert [(s.number, s.text) for s in mended.sentences] == [(1, "So it is. [1]"), (2, "")]
    assert read_reply(PassageGrade, '{"relevant": ["[1]", 3], "sufficient": true}').relevant == [1, 3]


def test_half_a_character_ends_no_answer() -> None:
    reply = read_reply(ChoiceReply, '{"reason": "it \\ud83d hurts", "choice": "B"}')
    assert reply.reason.encode() == b"it  hurts"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>A? No.</think>\n\nThe answer is B.", "The answer is B."),
        ("A? No.\n</think>\nThe answer is B.", "The answer is B."),
        ("<reasoning>A.</reasoning>B<think>sure?</think>", "B"),
        ("<think>A? No, it", ""),
        ("Pressure <21 mmHg is normal.", "Pressure <21 mmHg is normal."),
    ],
)
def test_what_a_model_thinks_is_no_part_of_what_it_says(text: str, left: str) -> None:
    assert without_thoughts(text) == left


class _Any(JsonReply):
    text: str


@given(st.dictionaries(st.just("text"), st.text(), min_size=1), st.text(alphabet="ab{}[]<>\"'\\ \n:,"))
def test_whole_json_is_read_as_it_is_whatever_stands_before_it(value: dict[str, str], before: str) -> None:
    before = before.replace("{", "(")
    assert read_reply(_Any, before + json.dumps(value)).text == value["text"]


@given(st.text(alphabet='{}[]":,\\ab1 \n<think/>', max_size=200))
def test_whatever_a_model_sends_is_a_reply_or_one_kind_of_error(text: str) -> None:
    try:
        assert isinstance(read_reply(_Any, text), _Any)
    except ModelBadOutput as error:
        assert "\n" not in str(error)

"""Reading a choice: nineteen ways to say B in each of seven languages, and what must not be read at all."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.choices import label_options, read_choice
from clara.types import Option
from tests.unit.choice_wordings import SAYS_B, SAYS_NOTHING, STILL_UNREAD

OPTIONS = {
    "en": ("cataract", "acute angle-closure glaucoma", "conjunctivitis", "dry eye"),
    "es": ("catarata", "glaucoma agudo de ángulo cerrado", "conjuntivitis", "ojo seco"),
    "pt": ("catarata", "glaucoma agudo de ângulo fechado", "conjuntivite", "olho seco"),
    "fr": ("cataracte", "glaucome aigu par fermeture de l'angle", "conjonctivite", "sécheresse oculaire"),
    "zh-Hans": ("白内障", "急性闭角型青光眼", "结膜炎", "干眼症"),
    "hi": ("मोतियाबिंद", "तीव्र एंगल-क्लोज़र ग्लूकोमा", "आँख आना", "आँख का सूखापन"),
    "fil": ("katarata", "biglaang angle-closure glaucoma", "sore eyes", "panunuyo ng mata"),
}

# How each language says what English says in the first row: `keyword: B`, a sentence, `B is correct`, a choice made,
# `option 2` in its own digits, reasoning that ends in a statement, and the statement with a local label.
SPOKEN = {
    "en": (
        "Answer: B",
        "The correct answer is B.",
        "B is correct.",
        "I would choose option B",
        "Option 2",
        "Option A clouds the lens slowly and does not hurt. The final answer is (B).",
        "Correct option: b)",
    ),
    "es": (
        "Respuesta: B",
        "La respuesta correcta es la B.",
        "La B es la correcta.",
        "Elijo la opción B",
        "Opción 2",
        "La opción A no duele. Por eso la respuesta final es la letra B.",
        "La opción correcta es b)",
    ),
    "pt": (
        "Resposta: B",
        "A resposta correta é a letra B.",
        "A alternativa B está correta.",
        "Escolho a alternativa B",
        "Alternativa 2",
        "A opção A não dói. Por isso, a resposta final é a B.",
        "Gabarito: b)",
    ),
    "fr": (
        "Réponse : B",
        "La bonne réponse est la B.",
        "La proposition B est correcte.",
        "Je choisis la réponse B",
        "Proposition 2",
        "La proposition A n'est pas douloureuse. La réponse finale est donc la lettre B.",
        "La bonne réponse : b)",
    ),
    "zh-Hans": (
        "答案：B",
        "正确答案是B。",
        "B选项正确。",
        "我选B",
        "选项２",
        "A起病缓慢，不痛。因此，最终答案为（B）。",
        "答案：乙",
    ),
    "hi": (
        "उत्तर: B",
        "सही उत्तर B है।",
        "विकल्प B सही है।",
        "मैं विकल्प B चुनूँगा",
        "विकल्प २",
        "A में दर्द नहीं होता। इसलिए अंतिम उत्तर (B) है।",
        "उत्तर: ख",
    ),
    "fil": (
        "Sagot: B",
        "Ang tamang sagot ay B.",
        "B ang tamang sagot.",
        "Pinipili ko ang letrang B",
        "Opsyon 2",
        "Hindi masakit ang A. Kaya ang huling sagot ay (B).",
        "Tamang sagot: b)",
    ),
}


def ways(language: str) -> list[str]:
    """Nineteen ways to say the second option."""
    spoken, words = SPOKEN[language], OPTIONS[language][1]
    return [
        "B",
        "b",
        "(B)",
        "b)",
        "Ｂ．",
        "**B**",
        "$\\boxed{\\text{B}}$",
        '{"answer": "B", "confidence": 90}',
        '```json\n{"choice": "b"}\n```',
        *spoken,
        words,
        f"B) {words}",
        f"{spoken[0].partition('B')[0]}{words}.",
    ]


@pytest.mark.parametrize("number", range(19))
@pytest.mark.parametrize("language", OPTIONS)
def test_all_ways_to_say_b_are_read(language: str, number: int) -> None:
    said = ways(language)
    assert len(said) == 19
    assert read_choice(said[number], OPTIONS[language], language) == "B", said[number]


MORE_WAYS = {
    "[B]": "B",
    "B. ": "B",
    "B\n\nThe pressure rises within hours.": "B",
    "The pressure rises within hours.\n\nB": "B",
    "B. Acute angle-closure glaucoma\n\nThe pressure rises within hours.": "B",
    "Answer:\n\n**(B)**": "B",
    "<answer>B</answer>": "B",
    "Final answer: \\boxed{B}": "B",
    "The answer to this question is B because it hurts.": "B",
    "The answer is A because the lens is cloudy.": "A",
    "I'd go with option C": "C",
    '{"reason": "Option A is wrong.", "answer": "B"}': "B",
    '{"answer": "B", "reason": "Option A is wrong."}': "B",
    "Answer: B, not A": "B",
    "It is not A but the answer is B": "B",
    "Sahi jawab B hai": "B",  # romanised Hindi
    "Uttar: B": "B",
    "答案：Ｂ項": "B",  # Traditional Chinese
    "正確答案是（乙）": "B",
    "الإجابة: ب": "B",
    "الإجابة الصحيحة هي ب": "B",
    "الإجابة: ٢": "B",
    "Jibu: B": "B",
    "Ответ: б": "B",
    "La respuesta no es la A, sino la B": "B",
    "答案不是A，而是B": "B",
    "उत्तर A नहीं, बल्कि B है": "B",
    "Hindi A ang sagot kundi B": "B",
    "I think this is acute angle-closure glaucoma.": "B",
    "A) Cataract: no pain.\nB) Glaucoma: pain.\nC) Discharge.\n\nSo the correct answer is B) acute glaucoma.": "B",
    "Thus, B.": "B",
    "Por lo tanto, la respuesta correcta es la opción B.": "B",
    "A alternativa certa é a letra B.": "B",
    "La bonne réponse est donc la proposition B.": "B",
    "综上所述，本题应选择B项": "B",
    "मेरा उत्तर B है क्योंकि दर्द है": "B",
    "Samakatuwid, B po ang sagot.": "B",
    "Ang sagot po ay B, kasi biglang sumakit.": "B",  # Taglish
}


@pytest.mark.parametrize(("said", "choice"), MORE_WAYS.items())
def test_other_ways_of_models_are_read(said: str, choice: str) -> None:
    assert read_choice(said, OPTIONS["en"]) == choice


LAST_COUNTS = {
    "en": "Answer: A. Wait, that is wrong. The answer is B.",
    "es": "Respuesta: A. No, me equivoqué. La respuesta es B.",
    "pt": "Resposta: A. Não, pensando melhor, a resposta é B.",
    "fr": "Réponse : A. Non, à bien y réfléchir, la réponse est B.",
    "zh-Hans": "答案是A。等等，重新考虑，答案是B。",
    "hi": "उत्तर: A। नहीं, दोबारा सोचने पर उत्तर: B।",
    "fil": "Sagot: A. Teka, mali iyon. Ang tamang sagot ay B.",
}


@pytest.mark.parametrize("language", LAST_COUNTS)
def test_the_last_statement_counts(language: str) -> None:
    assert read_choice(LAST_COUNTS[language], OPTIONS[language], language) == "B"


# What is no statement, or one of more than one option, or only of what is not the answer.
UNREADABLE = {
    "en": (
        "A lot of people ask this.",
        "Answer: A lot depends on the pressure.",
        "Both A and B are correct.",
        "The answer is A or B",
        "Answer: A, B",
        "Neither A nor B is correct.",
        "The answer is not B",
        "not B",
        "B is incorrect.",
        "Option B is wrong.",
        "I am not sure whether it is A.",
        "As an AI, I cannot diagnose.",
        "I cannot answer a question like this.",
        "Is the answer B?",
    ),
    "es": (
        "A muchas personas les pasa.",
        "La respuesta a esta pregunta depende de la presión.",
        "Respuesta: a veces duele.",
        "Tanto A como B son correctas.",
        "La respuesta es A o B",
        "La respuesta no es B",
        "No es la B",
        "La opción B es incorrecta.",
        "Ni A ni B es la correcta.",
        "¿La respuesta es B?",
    ),
    "pt": (
        "A maioria das pessoas sente dor.",
        "A resposta a essa pergunta é difícil.",
        "Resposta: a dor é forte.",
        "A resposta é A ou B",
        "A resposta não é B",
        "Não é a B",
        "A alternativa B está errada.",
        "E agora?",
        "Nem A nem B está correta.",
    ),
    "fr": (
        "A priori, on ne peut pas conclure.",
        "C'est une urgence.",
        "D'accord.",
        "La réponse est A ou B",
        "La réponse n'est pas B",
        "Ce n'est pas la B",
        "La proposition B est fausse.",
        "La bonne réponse est d'aller aux urgences.",
        "Ni A ni B n'est correcte.",
    ),
    "zh-Hans": (
        "答案：甲状腺眼病",
        "答案：B超检查",
        "A和B都对",
        "答案是A或B",
        "答案不是B",
        "不是B",
        "B选项错误。",
        "B不正确。",
        "答案：2周后复查",
        "无法确定",
    ),
    "hi": (
        "A और B दोनों सही हैं",
        "उत्तर A या B है",
        "उत्तर B नहीं है",
        "B नहीं",
        "विकल्प B गलत है",
        "उत्तर: कब दिखाएँ",
        "कह नहीं सकते",
        "उत्तर: 2 हफ़्ते बाद",
    ),
    "fil": (
        "A at B ang sagot",
        "Ang sagot ay A o B",
        "Hindi B ang sagot",
        "Hindi B ang tamang sagot",
        "Hindi B",
        "Mali ang B.",
        "Hindi ko alam",
        "Ay, masakit po.",
    ),
}


@pytest.mark.parametrize(("language", "said"), [(tag, said) for tag, all_ in UNREADABLE.items() for said in all_])
def test_nothing_is_guessed(language: str, said: str) -> None:
    assert read_choice(said, OPTIONS[language], language) is None


@pytest.mark.parametrize(("language", "said"), [(tag, said) for tag, listed in SAYS_B.items() for said in listed])
def test_a_choice_in_free_words_is_read(language: str, said: str) -> None:
    assert read_choice(said, OPTIONS[language], language) == "B"


@pytest.mark.parametrize(("language", "said"), [(tag, said) for tag, listed in SAYS_NOTHING.items() for said in listed])
def test_doubt_denial_and_lists_are_no_choice(language: str, said: str) -> None:
    assert read_choice(said, OPTIONS[language], language) is None


@pytest.mark.parametrize("said", STILL_UNREAD)
def test_what_is_not_understood_is_not_misread(said: str) -> None:
    assert all(read_choice(said, options) is None for options in OPTIONS.values())


@pytest.mark.parametrize(
    "said",
    [
        "", " \n\t", "\u200b", "error", "Error 500", "null", "N/A", "unknown", "...", "{}", '{"answer": null}', "Z",
        "Answer: A and/or B", "Answer: A to C", "Answer: between A and B", "Go to A&E now", "Answer: not sure, maybe B",
        "Answer: B (cataract)", "A is wrong, B is wrong, C is wrong", "答案：以上都不对", "उत्तर: इनमें से कोई नहीं",
        "Answer: Z", "Vitamin A is the best treatment.", "Hepatitis B is the answer", "C. trachomatis causes it.",
        "Answer: 2 drops a day", "Answer: 1.5 mg", "Answer: 3-4 weeks", "1. Wash your hands",
        "It is not dry eye.", "Could it be dry eye?", "cataract or dry eye", "B) cataract", "A) x\nB) y\nC) z",
        "Option A hurts less than option B", "None of the above", "लक्षण", "الإجابة: بعد أسبوع", "Ответ: боль",
    ],
)  # fmt: skip
def test_what_states_no_option_is_not_read(said: str) -> None:
    assert read_choice(said, OPTIONS["en"]) is None


def test_an_option_denied_after_it_was_stated_is_taken_back() -> None:
    assert read_choice("The answer is B. On reflection, B is wrong.", OPTIONS["en"]) is None


def test_none_of_the_above_is_an_option_like_another() -> None:
    options = ("cataract", "glaucoma", "none of the above")
    assert read_choice("None of the above.", options) == "C"
    assert read_choice("Answer: none of the above", options) == "C"


def test_the_longer_option_is_meant_where_one_holds_the_other() -> None:
    options = ("glaucoma", "open-angle glaucoma", "cataract")
    assert read_choice("This looks like open-angle glaucoma to me.", options) == "B"
    assert read_choice("Answer: open-angle glaucoma", options) == "B"
    assert read_choice("Answer: glaucoma", options) == "A"


def test_a_number_is_a_value_where_the_options_are_numbers() -> None:
    options = ("2", "3", "4", "12")
    assert read_choice("2", options) == "A"
    assert read_choice("Answer: 3", options) == "B"
    assert read_choice("Answer: 1", options) is None
    assert read_choice("उत्तर: १२", options) == "D"
    lenses = ("-2.00 D", "+2.00 D", "+3.00 D")
    assert [read_choice(f"Answer: {lens}", lenses) for lens in lenses] == ["A", "B", "C"]
    assert read_choice("\u22122.00 D", lenses) == "A"
    assert read_choice("Answer: 2", lenses) is None and read_choice("Answer: 2.00 D", lenses) is None
    assert read_choice("Answer: 2", ("< 10 mmHg", "\u2265 10 mmHg")) is None


def test_the_askers_own_labels_are_returned_and_win_over_borrowed_ones() -> None:
    own = [Option(id=i, text=t) for i, t in zip("कखगघ", OPTIONS["hi"], strict=True)]
    assert read_choice("उत्तर: ख", own) == "ख"
    assert read_choice("Answer: B", own) == "ख"
    swapped = [Option(id=i, text=t) for i, t in zip("BADC", OPTIONS["en"], strict=True)]
    assert read_choice("Answer: B", swapped) == "B"
    numbered = [Option(id=str(i), text=t) for i, t in enumerate(OPTIONS["en"])]
    assert read_choice("Answer: 1", numbered) == "1" and read_choice("Answer: 0", numbered) == "0"
    named = [Option(id="opt-1", text="cataract"), Option(id="opt-2", text="glaucoma")]
    assert read_choice("The answer is OPT-2.", named) == "opt-2"


def test_texts_that_look_like_patterns_are_text() -> None:
    options = ("(.*", "[a-z]+", "1 + 1", "\\d")
    assert read_choice("[a-z]+", options) == "B"
    assert read_choice("Answer: (.*", options) == "A"


def test_options_may_be_bare_letters() -> None:
    for said in ("B", "(b)", "उत्तर: ख", "الإجابة: ٢", "The answer is B."):
        assert read_choice(said, options=["A", "B", "C", "D"], language="hi") == "B", said


def test_a_choice_is_read_in_a_language_that_is_mixed_or_has_no_name() -> None:
    assert read_choice("Mujhe lagta hai option B sahi hai", OPTIONS["en"], "hi-Latn") == "B"
    assert read_choice("Feeling ko, B ang correct answer po", OPTIONS["en"], "fil") == "B"
    assert read_choice("B", OPTIONS["en"], "und") == "B"


def test_reading_costs_no_pattern_of_all_words_for_each_question(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = re.compile

    def spy(pattern: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(pattern)
        return compile_(pattern, flags)

    monkeypatch.setattr(re, "compile", spy)
    assert read_choice("Answer: B", ("cataract, not seen before", "glaucoma")) == "B"
    assert len(compiled) == 1 and len(compiled[0]) < 200


def test_texts_are_labelled_in_order() -> None:
    assert [o.id for o in label_options(("x", "y", "z"))] == ["A", "B", "C"]
    given = [Option(id="q", text="x")]
    assert label_options(given) == given


def test_without_options_there_is_no_choice() -> None:
    assert read_choice("B", ()) is None


@given(st.text(max_size=200))
def test_any_text_gives_an_option_or_none(text: str) -> None:
    assert read_choice(text, OPTIONS["en"]) in (None, "A", "B", "C", "D")


@given(st.sampled_from("ABCD"), st.text(string.ascii_lowercase + " ", max_size=40).filter(lambda t: "not" not in t))
def test_a_final_statement_wins_over_whatever_stands_before_it(letter: str, before: str) -> None:
    assert read_choice(f"{before}\nFinal answer: {letter}", OPTIONS["en"]) == letter

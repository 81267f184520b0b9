"""Choices that arrive as plain text: recognised where they are unmistakable, and answered in the form asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.engine.forms import read_form

STEM = "Which symptom occurs in acute angle-closure glaucoma?"
TEXTS = ("crusts on the lids", "halos and severe pain", "painless loss of sight", "dryness")


def listed(style: str, labels: str = "ABCD", texts: tuple[str, ...] = TEXTS) -> str:
    """Return the options a line each; L in the style is the label."""
    return "\n".join(style.replace("L", label) + text for label, text in zip(labels, texts, strict=False))


# The prompts of evaluation harnesses, as these put them together.
INSPECT_AI = (
    "Answer the following multiple choice question. The entire content of your response should be of the following "
    "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B,C,D.\n\n"
)
INSPECT_AI_STEPS = (
    "Answer the following multiple choice question. The last line of your response should be of the following format: "
    "'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B,C,D. Think step by step before answering.\n\n"
)
SIMPLE_EVALS = INSPECT_AI_STEPS.replace("ANSWER: $", "Answer: $").replace("A,B,C,D", "ABCD")
GPQA = (
    "Here are some example questions from experts. Answer the final question yourself, following the format of the "
    'previous questions exactly, that is finish your answer with "The answer is (X)." where X is the correct letter '
    "choice.\n"
)
MMLU_PRO = (
    "The following are multiple choice questions (with answers) about health. Think step by step and then finish your "
    'answer with "the answer is (X)" where X is the correct letter choice.\n\n'
)
MMLU_SHOT = "What covers the eye?\nA. the lid\nB. the lens\nC. the iris\nD. the retina\nAnswer: A\n\n"
HARNESSES = {
    "inspect_ai multiple_choice": (f"{INSPECT_AI}{STEM}\n\n{listed('L) ')}", "ANSWER: B"),
    "inspect_ai chain of thought": (f"{INSPECT_AI_STEPS}{STEM}\n\n{listed('L) ')}", "ANSWER: B"),
    "simple-evals mmlu": (f"{SIMPLE_EVALS}{STEM}\n\n{listed('L) ')}", "Answer: B"),
    "lm_eval mmlu_generative": (f"{STEM}\n{listed('L. ')}\nAnswer:", "B"),
    "lm_eval mmlu_generative, with examples": (
        f"The following are multiple choice questions (with answers) about anatomy.\n\n{MMLU_SHOT}{MMLU_SHOT}"
        f"{STEM}\n{listed('L. ')}\nAnswer:",
        "B",
    ),
    "lm_eval mmlu_flan_n_shot_generative": (f"Q: {STEM}\n(A) crusts (B) halos (C) loss (D) dryness\nA: ", "(B)"),
    "lm_eval mmlu_flan_cot_zeroshot": (
        f"Q: {STEM}\n(A) crusts (B) halos (C) loss (D) dryness\nA: Let's think step by step.",
        "The answer is (B).",
    ),
    "lm_eval gpqa_generative": (f"{GPQA}Question: {STEM}\nChoices:\n{listed('(L) ')}\nAnswer:", "The answer is (B)."),
    "lm_eval mmlu_pro": (
        f"{MMLU_PRO}Question:\n{STEM}\nOptions:\n{listed('L. ')}\nAnswer: Let's think step by step.",
        "the answer is (B)",
    ),
}


@pytest.mark.parametrize("name", HARNESSES)
def test_the_prompts_of_evaluation_harnesses_are_choices_answered_in_their_form(name: str) -> None:
    text, wanted = HARNESSES[name]
    form = read_form(text)
    assert form is not None
    assert form.text == STEM and [o.id for o in form.options] == list("ABCD")
    assert form.fill("B") == wanted


@pytest.mark.parametrize(
    ("text", "stem", "second", "wanted"),
    [
        # English
        (f"{STEM}\n{listed('L) ')}", STEM, ("B", TEXTS[1]), None),
        (f"{STEM}\n\n{listed('**L.** ')}", STEM, ("B", TEXTS[1]), None),
        (f"{STEM} Answer with the letter only.\n{listed('L: ')}", STEM, ("B", TEXTS[1]), "B"),
        (f"{STEM}\n{listed('(L) ', 'abcd')}\nWrite it in \\boxed{{}}.", STEM, ("b", TEXTS[1]), "\\boxed{b}"),
        (f"{STEM} A) crusts B) halos C) dryness. Answer with (X)", STEM, ("B", "halos"), "(B)"),
        ("Select the best answer.\nWhy is the eye red?\nA. x1\nB. x2\nC. x3", "Why is the eye red?", ("B", "x2"), None),
        (
            "1. a gland is blocked\n2. it hurts\nWhich are correct?\nA) 1 only\nB) 2 only\nC) both",
            "1. a gland is blocked\n2. it hurts\nWhich are correct?", ("B", "2 only"), None,
        ),
        (
            "Which of the following treats it?\n1. drops\n2. laser\n3. surgery\nAnswer with the number only.",
            "Which of the following treats it?", ("2", "laser"), "2",
        ),
        (
            "About the tear film, choose the right answer.\nA) x1\nB) x2\nAnswer:",
            "About the tear film, choose the right answer.", ("B", "x2"), "B",
        ),
        ("Choose the correct alternative.\nA) x1\nB) x2\nC) x3", "Choose the correct alternative.", ("B", "x2"), None),
        ("A man sees halos. Choose the best answer.\nA) x1\nB) x2\nC) x3", "A man sees halos.", ("B", "x2"), None),
        ("Da córnea, é correto afirmar:\na) x1\nb) x2\nc) x3", "Da córnea, é correto afirmar:", ("b", "x2"), None),
        ("Blindness is most often due to\nA. x1\nB. x2\nAnswer:", "Blindness is most often due to", ("B", "x2"), "B"),
        # Spanish
        (
            "¿Cuál es el síntoma?\nA) costras\nB) halos\nC) sequedad\nResponde solo con la letra.",
            "¿Cuál es el síntoma?", ("B", "halos"), "B",
        ),
        (
            "¿Cuál de los siguientes es el tratamiento?\na) colirio\nb) láser\nc) cirugía\n"
            "Elige la respuesta correcta. Respuesta: X",
            "¿Cuál de los siguientes es el tratamiento?", ("b", "láser"), "Respuesta: b",
        ),
        # Portuguese
        (
            "Qual é o sintoma?\na) crostas\nb) halos\nc) secura\nResponda apenas com a letra.",
            "Qual é o sintoma?", ("b", "halos"), "b",
        ),
        ("Assinale a alternativa certa. Qual é?\na) x1\nb) x2\nResposta: (X)", "Qual é?", ("b", "x2"), "Resposta: (b)"),
        # French
        (
            "Quel est le symptôme ?\nA. croûtes\nB. halos\nC. sécheresse\nRépondez uniquement par la lettre.",
            "Quel est le symptôme ?", ("B", "halos"), "B",
        ),
        # Chinese
        (
            "急性闭角型青光眼的症状是（ ）\nA. 眼睑结痂\nB. 虹视\nC. 干涩\n只回答字母。",
            "急性闭角型青光眼的症状是（ ）", ("B", "虹视"), "B",
        ),
        ("下列哪项是青光眼的症状？ A. 结痂 B. 虹视 C. 干涩\n答案：", "下列哪项是青光眼的症状？", ("B", "虹视"), "B"),
        ("哪个是症状？\n甲、结痂\n乙、虹视\n丙、干涩", "哪个是症状？", ("乙", "虹视"), None),
        # Hindi, in both scripts
        (
            "ग्लूकोमा का लक्षण क्या है?\nक) पपड़ी\nख) घेरे\nग) सूखापन\nकेवल अक्षर में उत्तर दें।",
            "ग्लूकोमा का लक्षण क्या है?", ("ख", "घेरे"), "ख",
        ),
        ("ग्लूकोमा का लक्षण क्या है?\n(अ) पपड़ी\n(ब) घेरे\n(स) सूखापन\nउत्तर:", "ग्लूकोमा का लक्षण क्या है?", ("ब", "घेरे"), "(ब)"),
        (
            "Glaucoma ka lakshan kya hai?\nA) papdi\nB) ghere\nC) sookhapan\nSirf letter mein jawab do.",
            "Glaucoma ka lakshan kya hai?", ("B", "ghere"), "B",
        ),
        # Filipino
        (
            "Alin sa mga sumusunod ang sintomas?\nA) langib\nB) halo\nC) panunuyo\nTitik lamang ang isagot.",
            "Alin sa mga sumusunod ang sintomas?", ("B", "halo"), "B",
        ),
        ("Ano ang sintomas?\na. langib\nb. halo\nc. panunuyo\nSagot:", "Ano ang sintomas?", ("b", "halo"), "b"),
        # Arabic and Bengali
        ("ما هو العرض؟\nأ) قشور\nب) هالات\nج) جفاف", "ما هو العرض؟", ("ب", "هالات"), None),
        ("কোনটি লক্ষণ?\nক) এক\nখ) দুই\nগ) তিন", "কোনটি লক্ষণ?", ("খ", "দুই"), None),
    ],
)  # fmt: skip
def test_a_choice_in_plain_text_is_taken_apart(
    text: str, stem: str, second: tuple[str, str], wanted: str | None
) -> None:
    form = read_form(text)
    assert form is not None
    assert form.text == stem and (form.options[1].id, form.options[1].text) == second
    assert form.fill(second[0]) == wanted


def test_the_application_may_say_how_to_answer() -> None:
    text = f"{STEM}\n{listed('L) ')}"
    for told, wanted in [
        ("Answer with the letter only.", "D"),
        ('Finish with "Final answer: X".', "Final answer: D"),
        ("You are kind.", None),
    ]:
        form = read_form(text, told)
        assert form is not None and form.fill("D") == wanted
    own = read_form(f"{text}\nAnswer: X", "Answer with the letter only.")
    assert own is not None and own.fill("D") == "Answer: D"  # the message itself goes first


@pytest.mark.parametrize(
    "text",
    [
        "What is glaucoma?",
        "My symptoms: a) redness b) pain c) discharge. What is it?",
        "I have two questions: 1) what is glaucoma? 2) how is it treated?",
        "What should I do if I have a) a red eye b) pain?",
        "My symptoms are:\n1. red eye\n2. pain\n3. discharge\nWhat should I do?",
        "What can it be?\n1. red eye since Monday\n2. pain\n3. discharge",
        "The patient has:\na) redness\nb) pain\nc) discharge\nd) photophobia",
        "Plan:\nA. wash\nB. drops\nC. rest\nIs this plan safe?",
        "Tengo: a) dolor b) visión borrosa. ¿Qué hago?",
        "¿Puedo usar: 1) lágrimas 2) esteroides?",
        "我的症状：1. 眼红 2. 眼痛 3. 流泪。怎么办？",
        "मेरे लक्षण: क) लाली ख) दर्द। क्या करूँ?",
        "Sintomas ko: a) pula b) sakit. Ano ang gagawin?",
        "Is vitamin A. B. or C good for the eyes?",
        "Is it hepatitis A) or B)?",
        f"{STEM}\n{listed('L) ')}\nExplain your answer.",
        f"{STEM}\n{listed('L) ')}\nAnd how is it treated?",
        f"Explain why your answer is right.\n{STEM}\n{listed('L) ')}",
        f"Which are true? Select all that apply.\n{listed('L) ')}",
        f"{INSPECT_AI.replace('$LETTER', '$LETTERS')}{STEM}\n\n{listed('L) ')}",
        "Which is best? A) drops B) drops",  # the same twice
        f"{STEM}\n{listed('L) ')}\n\n{STEM}\n{listed('L) ')}",  # two questions, and no answer between them
    ],
)
def test_anything_else_is_a_free_question(text: str) -> None:
    assert read_form(text) is None


@given(st.text(alphabet="AB)(.?1क \n:X甲", max_size=60), st.text(max_size=30))
def test_any_text_can_be_looked_at(text: str, instructions: str) -> None:
    form = read_form(text, instructions)
    assert form is None or (form.text and len(form.options) >= 2)

"""What the world is written in: question stems, options and passages in the seven languages.

`{x}` is a made-up name, the same in every language, `{n}` a number, `{o}` an option or a list of options. No two
languages share an option's words, so that a text tells its language.
"""

from __future__ import annotations

import csv
from pathlib import Path

from clara.languages import SUPPORTED

_STEMS = {
    "symptom": (
        "A {n}-year-old patient has {x} syndrome. Which symptom is the most typical?",
        "Un paciente de {n} años tiene el síndrome de {x}. ¿Qué síntoma es el más típico?",
        "Um paciente de {n} anos tem a síndrome de {x}. Qual sintoma é o mais típico?",
        "Un patient de {n} ans a un syndrome de {x}. Quel symptôme est le plus typique ?",
        "一名{n}岁的患者患有{x}综合征。哪种症状最典型？",
        "{n} साल के एक मरीज़ को {x} सिंड्रोम है। सबसे ख़ास लक्षण कौन सा है?",
        "May {x} syndrome ang isang pasyenteng {n} taong gulang. Alin ang pinakatipikal na sintomas?",
    ),
    "test": (
        "Which test confirms {x} syndrome in a {n}-year-old patient?",
        "¿Qué prueba confirma el síndrome de {x} en un paciente de {n} años?",
        "Qual exame confirma a síndrome de {x} em um paciente de {n} anos?",
        "Quel examen confirme un syndrome de {x} chez un patient de {n} ans ?",
        "哪项检查可以确诊一名{n}岁患者的{x}综合征？",
        "{n} साल के मरीज़ में {x} सिंड्रोम की पुष्टि किस जाँच से होती है?",
        "Aling pagsusuri ang nagpapatunay ng {x} syndrome sa pasyenteng {n} taong gulang?",
    ),
    "treatment": (
        "What is the first treatment for {x} disease in a {n}-year-old patient?",
        "¿Cuál es el primer tratamiento de la enfermedad de {x} en un paciente de {n} años?",
        "Qual é o primeiro tratamento da doença de {x} em um paciente de {n} anos?",
        "Quel est le premier traitement de la maladie de {x} chez un patient de {n} ans ?",
        "一名{n}岁患者患{x}病，首选的治疗是什么？",
        "{n} साल के मरीज़ में {x} रोग का पहला इलाज क्या है?",
        "Ano ang unang paggamot sa sakit na {x} para sa pasyenteng {n} taong gulang?",
    ),
    "side effect": (
        "A patient takes {n} mg of {x} a day. Which side effect must be watched for?",
        "Un paciente toma {n} mg de {x} al día. ¿Qué efecto secundario hay que vigilar?",
        "Um paciente toma {n} mg de {x} por dia. Qual efeito colateral deve ser vigiado?",
        "Un patient prend {n} mg de {x} par jour. Quel effet indésirable faut-il surveiller ?",
        "一名患者每天服用{n}毫克{x}。需要注意哪种副作用？",
        "एक मरीज़ रोज़ {n} मिलीग्राम {x} लेता है। किस दुष्प्रभाव पर नज़र रखनी चाहिए?",
        "Umiinom ang isang pasyente ng {n} mg ng {x} araw-araw. Aling side effect ang dapat bantayan?",
    ),
}

_STATEMENTS = {
    "symptom": (
        "Most typical symptom of {x} syndrome: {o}.",
        "Síntoma más típico del síndrome de {x}: {o}.",
        "Sintoma mais típico da síndrome de {x}: {o}.",
        "Symptôme le plus typique du syndrome de {x} : {o}.",
        "{x}综合征最典型的症状：{o}。",
        "{x} सिंड्रोम का सबसे ख़ास लक्षण: {o}।",
        "Pinakatipikal na sintomas ng {x} syndrome: {o}.",
    ),
    "test": (
        "Test that confirms {x} syndrome: {o}.",
        "Prueba que confirma el síndrome de {x}: {o}.",
        "Exame que confirma a síndrome de {x}: {o}.",
        "Examen qui confirme un syndrome de {x} : {o}.",
        "确诊{x}综合征的检查：{o}。",
        "{x} सिंड्रोम की पुष्टि करने वाली जाँच: {o}।",
        "Pagsusuring nagpapatunay ng {x} syndrome: {o}.",
    ),
    "treatment": (
        "First treatment for {x} disease: {o}.",
        "Primer tratamiento de la enfermedad de {x}: {o}.",
        "Primeiro tratamento da doença de {x}: {o}.",
        "Premier traitement de la maladie de {x} : {o}.",
        "{x}病的首选治疗：{o}。",
        "{x} रोग का पहला इलाज: {o}।",
        "Unang paggamot sa sakit na {x}: {o}.",
    ),
    "side effect": (
        "Side effect of {x} to watch for: {o}.",
        "Efecto secundario de {x} que hay que vigilar: {o}.",
        "Efeito colateral de {x} que deve ser vigiado: {o}.",
        "Effet indésirable de {x} à surveiller : {o}.",
        "使用{x}需要注意的副作用：{o}。",
        "{x} का दुष्प्रभाव जिस पर नज़र रखनी चाहिए: {o}।",
        "Side effect ng {x} na dapat bantayan: {o}.",
    ),
}

_LOCAL = (
    "In this country the national guideline applies.",
    "En este país rige la guía nacional.",
    "Neste país vale a diretriz nacional.",
    "Dans ce pays, la recommandation nationale s'applique.",
    "在本国以国家指南为准。",
    "इस देश में राष्ट्रीय दिशानिर्देश लागू होते हैं।",
    "Sa bansang ito, sinusunod ang pambansang gabay.",
)
_REMARKS = (
    "Also mentioned in reports: {o}.",
    "También se menciona en informes: {o}.",
    "Também é citado em relatos: {o}.",
    "Également cité dans des rapports : {o}.",
    "报告中还提到：{o}。",
    "रिपोर्टों में यह भी बताया गया है: {o}।",
    "Nabanggit din sa mga ulat: {o}.",
)
_RESEARCH = (
    "Research on {x} goes on.",
    "La investigación sobre {x} continúa.",
    "A pesquisa sobre {x} continua.",
    "La recherche sur {x} se poursuit.",
    "关于{x}的研究仍在进行。",
    "{x} पर शोध जारी है।",
    "Patuloy ang pananaliksik tungkol sa {x}.",
)

with (Path(__file__).parent / "options.tsv").open(encoding="utf-8", newline="") as _file:
    _ROWS = list(csv.DictReader(_file, delimiter="\t"))
KINDS = tuple(_STEMS)
OPTIONS = {kind: tuple(row["en"] for row in _ROWS if row["kind"] == kind) for kind in KINDS}
"""Kind of question -> its options, each named by its English words."""

_TEXTS = {row["en"]: {tag: row[tag] for tag in SUPPORTED} for row in _ROWS}
BY_TEXT = {text: (option, language) for option, row in _TEXTS.items() for language, text in row.items()}
"""An option's words in any language -> the option and the language."""


def option_text(option: str, language: str) -> str:
    """Return an option's words in a language."""
    return _TEXTS[option][language]


def stem(kind: str, language: str, name: str, number: int, *, local: bool = False) -> str:
    """Return a question's stem; a local one begins with a sentence that says so."""
    text = _pick(_STEMS[kind], language).format(x=name, n=number)
    if not local:
        return text
    return guideline(language) + ("" if language == "zh-Hans" else " ") + text


def guideline(language: str) -> str:
    """Return the sentence that makes a question, or what is written about it, depend on the country."""
    return _pick(_LOCAL, language)


def statement(kind: str, language: str, name: str, option: str) -> str:
    """Return the sentence that answers a question with `option`."""
    return _pick(_STATEMENTS[kind], language).format(x=name, o=option_text(option, language))


def topic(kind: str, language: str, name: str) -> str:
    """Return what a statement is about, as search words."""
    return _pick(_STATEMENTS[kind], language).format(x=name, o="").strip(" :：.。।")


def remark(language: str, options: list[str]) -> str:
    """Return a sentence that names options and says nothing of them."""
    joint = "、" if language == "zh-Hans" else ", "
    return _pick(_REMARKS, language).format(o=joint.join(option_text(option, language) for option in options))


def research(language: str, name: str) -> str:
    """Return a sentence about `name` that answers nothing."""
    return _pick(_RESEARCH, language).format(x=name)


def _pick(row: tuple[str, ...], language: str) -> str:
    return row[SUPPORTED.index(language)]

"""A multiple-choice question that arrives as plain text, and the form in which its answer is wanted.

Nothing is guessed: a text is read as a choice where its options close it, labelled in order and in one style, after a
question or beside words that ask for a choice; only requests about the form may follow them. All else is a free
question, a list of symptoms or of questions too.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from clara.choices import LETTERS
from clara.text import ascii_digits, fold, sentences, word_count
from clara.types import Option

_HOLE = "\0"
_DIGITS = "123456789"
_ROWS = (LETTERS, LETTERS.lower(), "अबसद", "कखगघङ", "কখগঘঙ", "甲乙丙丁戊己", "أبجده", "ابجده", "АБВГД", _DIGITS)
_MAX_OPTION = 600
_BARE = 6  # words of a request that names no subject
_JOINS = ("or", "and", "o", "u", "y", "ou", "e", "et", "at", "या", "और", "或", "和", "أو")
# A label and the marks around it, at the beginning of a line or, in brackets, anywhere after a space.
_LABEL = rf"[A-Za-z\uff21-\uff3a{''.join(_ROWS[2:9])}]|[1-9१-९１-９]"
_LABELLED = re.compile(
    rf"(?P<before>^[ \t]*(?:[-*•][ \t]+)?(?:\*\*|__)?|[\s。；;，,])(?P<open>[(\[（【]?)(?P<label>{_LABEL})"
    r"(?P<close>[)\]）】]|[.:、．：](?![\d]))(?:\*\*|__)?[ \t]*",
    re.MULTILINE,
)
_CLOSING = ")]）】"

_LEAD = (
    r"(?:(?:the\s+)?(?:final|correct|best)\s+)?answer|(?:la\s+)?respuesta(?:\s+correcta)?|(?:a\s+)?resposta(?:\s+correta)?|"
    r"gabarito|(?:la\s+)?(?:bonne\s+)?r[ée]ponse(?:\s+correcte)?|(?:正确)?答案|答|(?:सही\s+)?(?:उत्तर|जवाब)|(?:sahi\s+)?(?:uttar|jawab)|"
    r"(?:tamang\s+)?sagot|kasagutan|الإجابة|الجواب|antwort|risposta|উত্তর"
)
_PLACEHOLDER = (
    r"\$?\{?(?:LETTER|LETRA|LETTRE|TITIK|X|Letter|Letra|Lettre|Titik|letter choice|option letter|letter|letra|lettre|"
    r"titik|字母|选项字母|选项|अक्षर|الحرف)\}?"
)
_TEMPLATE_AFTER_LEAD = re.compile(
    rf"(?P<lead>\b(?i:{_LEAD})\s?[:：]\s?)(?P<open>[(]?)[\[<]?(?:{_PLACEHOLDER})[\]>]?(?P<close>[)]?)(?!\w)"
)
_QUOTED = re.compile(r"""["“«'「‘](?P<text>[^"”»'」’\n]{0,60})["”»'」’]""")
_HOLE_IN_QUOTES = re.compile(rf"(?<![\w$])[\[<]?(?:{_PLACEHOLDER})[\]>]?(?![\w])")
_BOXED = re.compile(r"\\boxed")
_BRACKETED = re.compile(r"[(（]\s*X\s*[)）]")
_LETTER_ONLY = re.compile(
    r"\b(?:only|just)\b[^.\n]{0,25}\b(?:letter|number)\b|\b(?:letter|number)s?\b[^.\n]{0,20}\b(?:only|alone)\b|"
    r"\b(?:with|by)\s+(?:the|a|one)\s+(?:single\s+|correct\s+|option\s+)*(?:letter|number)\b|\bsingle letter\b|"
    r"\b(?:solo|sólo|solamente|únicamente)\b[^.\n]{0,25}\b(?:letra|número)\b|\bcon\s+(?:la|una)\s+(?:sola\s+)?letra\b|"
    r"\b(?:só|apenas|somente|unicamente)\b[^.\n]{0,25}\b(?:letra|número)\b|\bcom\s+(?:a|uma)\s+(?:única\s+)?letra\b|"
    r"\b(?:uniquement|seulement|juste)\b[^.\n]{0,25}\b(?:lettre|numéro)\b|\bpar\s+(?:la|une)\s+(?:seule\s+)?lettre\b|"
    r"(?:只|仅|僅)[^。\n]{0,8}(?:字母|选项|選項|序号)|(?:केवल|सिर्फ़?|सिर्फ)[^।\n]{0,25}(?:अक्षर|संख्या)|"
    r"\b(?:sirf|keval)\b[^.\n]{0,25}\b(?:letter|akshar|option)\b|\b(?:titik|letra)\b[^.\n]{0,20}\b(?:lamang|lang)\b|"
    r"\b(?:lamang|lang)\b[^.\n]{0,15}\b(?:titik|letra)\b|الحرف فقط|حرف واحد فقط",
    re.IGNORECASE,
)
_ASKS_CHOICE = re.compile(
    r"\b(?:(?:choose|select|pick|mark)\s+(?:the|one|only|a|an|from)\b|elige|elija|escoge|escoja|selecciona|seleccione|"
    r"marque|escolha|selecione|assinale|choisis|choisissez|sélectionne[zr]?|cochez|marquez|chuniye|chuno|chunein|chunen|chinhit|piliin|pumili)\b|"
    r"请选择|請選擇|选出|選出|标出|標出|चुनें|चुनिए|चुनकर|चुनो|اختر|اختاري",
    re.IGNORECASE,
)
_NAMES_CHOICE = re.compile(
    r"of (?:the|these) following|which of these|de las siguientes|de los siguientes|das seguintes|dos seguintes|"
    r"d(?:es|e ces) (?:propositions|options|réponses|suivant)|(?:parmi|lequel|laquelle)[^?\n]{0,30}suivant|下列|以下哪|"
    r"निम्नलिखित|इनमें से|inme\w* se|sa mga sumusunod|alin sa|مما يلي|من التالي",
    re.IGNORECASE,
)
_ANSWER_WORD = re.compile(
    rf"\b(?:{_LEAD}|option|alternative|choice|letter|opción|alternativa|inciso|letra|opção|lettre|proposition|titik)\b|"
    r"答案|选项|選項|विकल्प|उत्तर|जवाब|pagpipilian|opsyon|الإجابة|الخيار",
    re.IGNORECASE,
)
_WANTS_MORE = re.compile(
    r"\bexplain|\bwhy\b|\bjustif|\bexplica|\bpor qu[éê]\b|\bpourquoi\b|\bexplique|为什么|為什麼|解释|解釋|说明理由|क्यों|"
    r"समझा|\bkyu+n?\b|samjha|ipaliwanag|\bbakit\b|لماذا|اشرح",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\$?LETTERS\b|all that apply|one or more|more than one (?:answer|option)|todas las que|una o más|todas as que|"
    r"uma ou mais|toutes les (?:bonnes )?réponses|une ou plusieurs|多选|多選|所有正确|सभी सही|एक से अधिक|lahat ng tama|"
    r"multiple answers|كل ما ينطبق",
    re.IGNORECASE,
)
# Says how to answer; a sentence of this kind is no part of the question.
_ABOUT_FORM = re.compile(
    r"multiple[- ]choice|opción múltiple|múltipla escolha|choix multiples?|选择题|選擇題|单选|單選|बहुविकल्पीय|"
    r"of the following format|LETTER is one of|without quotes|step[- ]by[- ]step|paso a paso|passo a passo|"
    r"étape par étape|\b(?:finish|end|conclude)\s+(?:your|the)\s+(?:answer|response)|\\boxed|[(（]\s*X\s*[)）]|"
    rf"{_TEMPLATE_AFTER_LEAD.pattern.replace('P<lead>', ':').replace('P<open>', ':').replace('P<close>', ':')}|"
    rf"{_LETTER_ONLY.pattern}",
    re.IGNORECASE,
)
_OPEN_LEAD = re.compile(
    rf"^\s*(?P<lead>A|{_LEAD})\s*[:：]\s*(?P<thinking>(?:let['’]s )?think step by step\.?)?\s*$", re.IGNORECASE
)
_ANSWERED = re.compile(rf"^\s*(?:A|{_LEAD})\s*(?:[:：]|is\b)\s*\S", re.IGNORECASE)
_HEADING = re.compile(
    r"^\s*(?:choices?|options?|answer choices|opciones|opções|alternativas|choix|propositions|选项|選項|विकल्प|"
    r"vikalp|mga (?:pagpipilian|opsyon)|الخيارات)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_QUESTION_LEAD = re.compile(
    r"^\s*(?:q|question|pregunta|pergunta|问题|問題|题目|प्रश्न|सवाल|prashn|sawal|tanong|السؤال|سؤال)\s*\d*\s*[:：.)]\s*",
    re.IGNORECASE,
)
# "It is correct to state:" and "all of these, except" are words of examinations.
_OF_AN_EXAM = re.compile(
    r"(?:\b(?:in)?corre(?:ct|t)[oae]?\b|\b(?:true|false|verdadeir[oa]|verdader[oa]|fals[oa]|vrai|faux|fausse|sahi|galat|tama|mali|"
    r"except|excepto|exceto|sauf|maliban|chhodkar)\b|正确|正確|错误|錯誤|除外|सही|ग़लत|गलत|छोड़कर|सत्य|असत्य)[^\n]{0,25}$",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？؟]\s*[\"”)）]?\s*$|_{2,}\s*[.:。]?\s*$|[(（]\s*[)）]\s*[.:。]?\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceForm:
    """A question with its options, and how to name the one that is chosen."""

    text: str
    options: tuple[Option, ...]
    template: str | None = None

    def fill(self, option_id: str) -> str | None:
        """Return the answer in the form that was asked for; None where none was."""
        return None if self.template is None else self.template.replace(_HOLE, option_id)


@dataclass(frozen=True, slots=True)
class _Label:
    """A label found in a text; `place` is its place in its row, `row` the place of that in `_ROWS`."""

    start: int
    end: int
    text: str
    row: int
    place: int
    opening: str
    closing: str
    at_line: bool


def read_form(text: str, instructions: str = "") -> ChoiceForm | None:
    """Return the choice that a message asks for; None for any other message.

    instructions: the application's system message, which may say how to answer.
    """
    runs = _runs(text)
    if not runs:
        return None
    run = runs[-1]
    before, (last, _, tail) = text[: run[0].start], text[run[-1].end :].partition("\n")
    last, request = _split_request(last)
    tail = f"{request}\n{tail}"
    texts = [text[label.end : following.start] for label, following in itertools.pairwise(run)]
    options = [_option(label, said) for label, said in zip(run, [*texts, last], strict=True)]
    told = f"{before}\n{tail}\n{instructions}"
    lead = _read_tail(tail)
    if lead is None or not _may_be_options(options) or _SEVERAL.search(told):
        return None
    stem = _stem(before, runs)
    template = _template((f"{before}\n{tail}", instructions), lead, run[0])
    asked = template is not None or bool(lead) or any(p.search(told) for p in (_ASKS_CHOICE, _ABOUT_FORM))
    if (
        not stem
        or not (asked or _ASKS.search(stem) or _OF_AN_EXAM.search(stem))
        or (template is None and _wants_reasons(before))
    ):
        return None
    if not asked and not _unmistakable(run, stem, last):
        return None
    return ChoiceForm(text=stem, options=tuple(options), template=template)


def _runs(text: str) -> list[list[_Label]]:
    """Return the runs of labels that stand in order, in one style and with words after each; the last one closes."""
    found: list[list[_Label]] = []
    labels = [_label(match, row) for match in _LABELLED.finditer(text) for row in range(len(_ROWS))]
    styles: dict[tuple[int, str, str], list[_Label]] = {}
    for label in labels:
        if label is not None:
            styles.setdefault((label.row, label.opening, label.closing), []).append(label)
    for same in styles.values():
        by_line = _consecutive([label for label in same if label.at_line])
        found += by_line or [run for run in _consecutive(same) if run[0].closing in _CLOSING or len(run) >= 3]
    return sorted(found, key=lambda run: run[0].start)


def _label(match: re.Match[str], row: int) -> _Label | None:
    written = match["label"]
    place = _ROWS[row].find(unicodedata.normalize("NFKC", ascii_digits(written)))
    if place < 0:
        return None
    begins = match.string.rfind("\n", 0, match.start("open")) + 1
    at_line = not match.string[begins : match.start("open")].strip(" \t-*•_")
    return _Label(match.start(), match.end(), written, row, place, match["open"], match["close"], at_line)


def _consecutive(labels: Sequence[_Label]) -> list[list[_Label]]:
    runs: list[list[_Label]] = []
    for label in labels:
        if label.place == 0:
            runs.append([label])
        elif runs and label.place == len(runs[-1]):
            runs[-1].append(label)
    return [run for run in runs if len(run) >= 2]


def _option(label: _Label, said: str) -> Option:
    return Option(id=label.text, text=" ".join(said.split()).strip("；;，, "))


def _may_be_options(options: Sequence[Option]) -> bool:
    texts = [fold(option.text) for option in options]
    return (
        len(set(texts)) == len(texts)
        and all(re.search(r"[^\W_]", text) and len(text) <= _MAX_OPTION for text in texts)
        and not any(text in _JOINS for text in texts)
    )


def _unmistakable(run: Sequence[_Label], stem: str, last: str) -> bool:
    """Whether options after a question need no further sign: numbers also list, and two letters may be anything."""
    if _NAMES_CHOICE.search(stem):
        return True
    by_line = all(label.at_line for label in run)
    return _ROWS[run[0].row] != _DIGITS and (by_line or len(run) >= 3) and not re.search("[?？؟]", last)


def _wants_reasons(before: str) -> bool:
    return any(_WANTS_MORE.search(said) and _ANSWER_WORD.search(said) for said in sentences(before))


def _is_request(sentence: str) -> bool:
    """Whether a sentence says only how to answer: "Choose the best option", but not what the question is about."""
    if _WANTS_MORE.search(sentence):
        return False
    if _ABOUT_FORM.search(sentence):
        return True
    asks = _ASKS_CHOICE.search(sentence) and _ANSWER_WORD.search(sentence)
    return bool(asks) and word_count(sentence) <= _BARE


def _split_request(last: str) -> tuple[str, str]:
    """Return the last option's line in two: its words, and what is said after them about the form."""
    parts = re.split(r"(?<=[.。;；!！।])\s*(?=\S)", last)
    for i in range(1, len(parts)):
        if all(_is_request(part) or _ASKS_CHOICE.search(part) for part in parts[i:]):
            return " ".join(parts[:i]), " ".join(parts[i:])
    return last, ""


def _read_tail(tail: str) -> str | None:
    """Return how the text behind the options leads into the answer ("" where it does not); None for other text."""
    lead = ""
    for line in filter(str.strip, tail.splitlines()):
        if opened := _OPEN_LEAD.match(line):
            lead = "thinking" if opened["thinking"] else "open"
        elif not all(_is_request(said) or _ASKS_CHOICE.search(said) for said in sentences(line)):
            return None
    return lead


def _stem(before: str, runs: Sequence[Sequence[_Label]]) -> str:
    """Return the question's own words: without examples, requests about the form, and headings."""
    run = runs[-1]
    examples = [r for r in runs[:-1] if (r[0].row, r[0].closing) == (run[0].row, run[0].closing)]
    lines = before.splitlines()
    if examples:
        lines = before[examples[-1][-1].end :].splitlines()[1:]
        answered = next((i for i, line in enumerate(lines) if _ANSWERED.match(line)), None)
        if answered is None:
            return ""  # two lists of options, and nothing says that the first one is done with
        ends = next((i for i, line in enumerate(lines) if i > answered and not line.strip()), answered)
        lines = lines[ends + 1 :]
    if begins := [i for i, line in enumerate(lines) if _QUESTION_LEAD.match(line)]:
        lines = lines[begins[-1] :]
    lines = [line for line in lines if line.strip() and not _HEADING.match(line)]
    asked = "\n".join(filter(None, map(_without_requests, lines)))
    # "Choose the correct alternative." may be all there is, about its options.
    stem = asked or "\n".join(line for line in lines if not _ABOUT_FORM.search(line))
    return _QUESTION_LEAD.sub("", stem).strip().removesuffix("**").removeprefix("**").strip()


def _without_requests(line: str) -> str:
    kept = [said for said in sentences(line) if not _is_request(said)]
    return line if len(kept) == len(sentences(line)) else " ".join(kept)


def _template(sources: Sequence[str], lead: str, first: _Label) -> str | None:
    """Return the form of the answer with a hole for the label: as the message says, else the system message."""
    for told in sources:
        for quoted in _QUOTED.finditer(told):
            if _HOLE_IN_QUOTES.search(quoted["text"]):
                return _HOLE_IN_QUOTES.sub(_HOLE, quoted["text"]).strip()
        if _BOXED.search(told):
            return f"\\boxed{{{_HOLE}}}"
        if stated := list(_TEMPLATE_AFTER_LEAD.finditer(told)):
            return "".join((stated[-1]["lead"], stated[-1]["open"], _HOLE, stated[-1]["close"]))
        if _BRACKETED.search(told):
            return f"({_HOLE})"
        if _LETTER_ONLY.search(told):
            return _HOLE
    if lead == "thinking":
        return f"The answer is ({_HOLE})."
    return (f"({_HOLE})" if first.opening == "(" else _HOLE) if lead else None

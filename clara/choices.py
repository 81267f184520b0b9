"""Read which option a text chose, in any of the forms that models and people write it.

The text becomes a row of one-letter codes, a code per word (`_LEXICON` knows the words of each language), and
short patterns over the codes say what counts, the surest first:

1. statements: "Answer: B", "B is correct", `\\boxed{B}`, {"choice": "B"}, "the answer is glaucoma"; the last one counts
2. a line that is a label, or opens with one: "B", "It is (b).", "B) Glaucoma"
3. a label that opens a sentence and is all of it: "Option B, since it hurts."
4. an option's own words

Nothing is guessed: the answer is None where one of these names several options, or one that the text rules out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clara.text import ascii_digits, clean, fold, has_unspaced
from clara.types import Option

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Other alphabets' first letters, as exam papers in those languages label options.
_LABEL_ROWS = ("अबसद", "कखगघङ", "甲乙丙丁戊", "أبجده", "ابجده", "АБВГД", "アイウエオ", "가나다라마")
_PLACES = {label.casefold(): place for row in (*_LABEL_ROWS, LETTERS) for place, label in enumerate(row)}
_ALSO_WORDS = frozenset("aeiouyа")  # the last one is Cyrillic

_LEXICON = {
    # states an answer
    "S": "answer answers ans ans. choose chose pick select boxed respuesta resp. rpta. elijo elegiría escojo "
    "escogería selecciono marco marcaría resposta gabarito escolho escolheria seleciono marcaria réponse reponse "
    "rép. choisis choisirais sélectionne coche cocherais उत्तर जवाब uttar jawab javab jawaab sagot kasagutan pinili "
    "pinipili pipiliin piliin tugon jibu antwort ответ الإجابة الاجابة الجواب 答案 我选 我選 应选 應選 应选择 "
    "應選擇 故选 故選 选择 選擇 选 選 答え 正解 답 답은 정답 정답은",
    # states an answer only where "is" or a colon follows
    "Z": "response solution solución solucion solução solucao समाधान solusyon 答",
    # says what is thought; chooses, with the word after it
    "p": "say think believe guess diría creo pienso diria acho penso dirais pense crois 认为 認為 觉得 覺得 lagta",
    "G": "go going quedo fico opto opte j'opte",
    "W": "with con com pour",
    # names an option before its label; also after it
    "N": "option choice letter item opción opcion elección alternativa inciso literal ítem opção opcao escolha "
    "letra proposition choix lettre l'option पसंद विकल्प vikalp opsyon titik letrang chaguo вариант الخيار",
    "n": "选项 選項 项 項",
    # is
    "I": "is are was be it's corresponds corresponde s'agit es son ser sea sería será é seja seria est c'est être "
    "soit serait ay hai hain ist है हैं होगा होना هي هو 是 为 為 : = →",
    # correct; also directly after a label
    "C": "correct right best likely appropriate correcta correcto adecuada probable seleccionada elegida correta "
    "correto certa certo adequada provável selecionada escolhida correcte bonne juste appropriée choisie retenue "
    "tama tamang pinakatama angkop pinakaangkop صحيح صحيحة الصحيح الصحيحة 合适 合適",
    "c": "正确 正確 对 對 सही sahi उपयुक्त चुनूँगा चुनूंगा चुनूँगी चुनूंगी चुनता चुनती",
    # denies what follows, or what stands before it; only what stands before it
    # (also what makes it unlikely, leaves it out, or only supposes it)
    "D": "not no cannot never neither except least less unlikely if eliminate exclude wrong incorrect false aren't "
    "can't don't doesn't isn't wasn't won't nunca poco menos excepto elimino descarto descartaría pouco exceto "
    "descartaria si incorrecta incorrecto falsa falso não nao errada incorreta ne pas n'est jamais peu moins sauf "
    "élimine écarte fausse hindi mali maling maliban alisin malabo malabong kung nicht не ليس ليست خطأ 不 非 不是 "
    "不对 不對 不正确 不正確 除 除了 排除 如果 अगर यदि",
    "d": "नहीं ग़लत गलत nahi nahin galat 错 錯 错误 錯誤",
    # says what is so instead
    "K": "but sino mas mais kundi बल्कि balki 而是",
    # joins labels
    "&": "and or to through y o u e ou et at aur ya और या तथा و أو & / + 和 或 与 與 及 、",
    "x": "nor ni nem",
    # gives a reason; draws a conclusion
    "b": "because since as due porque pues pois car parce puisque dahil kasi kyunki क्योंकि 因为 因為",
    "t": "so thus therefore entonces luego portanto donc kaya इसलिए 因此 所以 故",
    # fills
    "f": "the it this that here question would should could may can has must seems one final most la el le los lo "
    "que más puede debe tiene está esta pode deve tem à il de ce ça cela peut doit plus finale ang ko po iyon ito "
    "sa dapat maaaring magiging hoga hoon ही को यह सबसे पक्का चाहिए अंतिम 应 應 该 該 的 最 就 可能 会 會 最终 最終 は",
    # makes a letter part of a name
    "V": "vitamin vitamina vitamine type tipo grade grado grau group grupo groupe hepatitis hepatite hépatite class "
    "stage विटामिन हेपेटाइटिस टाइप",
}
# The other codes: L a label; a one that may also be a word or a number ("a", "2"); T an option's own words; w any
# other word; . , ? as they are; | the end of a line.
_CODES = {unicodedata.normalize("NFKC", word): code for code, row in _LEXICON.items() for word in row.split()}
_CODES |= {"\n": "|", ".": ".", ",": ",", "?": "?", "!": ".", "。": ".", "।": ".", ";": ".", "؟": "?", "،": ","}

_HAN = "\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(
    r"\d+(?:[.,:/-]\d+)+|(?<!\w)(?:ans|resp|rpta|rép)\.(?=\s)"
    rf"|{'|'.join(sorted((w for w in _CODES if re.match(f'[{_HAN}]', w)), key=len, reverse=True))}|[{_HAN}]"
    rf"|[^\W_{_HAN}](?:[^\W_{_HAN}]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff]|['’_-](?=\w))*"
    r"|\n|[.,:;!?&/+=→%°।؟،]",
    re.IGNORECASE,
)


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, patterns))


_ITEM = r"(?:L|a(?!f*[wTLNSCV])|T(?=[.,?|b&]|$))"
_LIST = rf"(?P<said>{_ITEM}(?:(?:[&x,]+f*)?{_ITEM}){{0,25}})"
_FILL = r"[fINnCcSDdtxa&]{0,12}?"
_STATED = _compiled(
    rf"S(?:[^.?|]{{0,8}}?I)??\|*{_FILL}{_LIST}",  # the answer (to this question) is B
    rf"(?:[NnCc][fnCK]*I|ZI|GW)\|*{_FILL}{_LIST}",  # the correct option is B; solution: B; I go with B
    rf"Cf*[Nn]f*{_LIST}(?=[.,|b]|$)",  # correct option B
    rf"[Dd][^.?|]{{0,40}}?K{_FILL}{_LIST}",  # not A but B
    rf"{_LIST}(?:n?f*I?f*c(?!f*[Dd])|n?(?:&I|[If])+[CS])",  # B is correct
    rf"p[fw]{{0,2}}?I[faNn]*?{_LIST}(?=[.,|bn]|$)",  # I think it is B
)
_OWN_WORDS = re.compile(r"[.,I]*(T)(?=[.,|]|$)")  # Answer: B. Glaucoma
_RULED_OUT = _compiled(
    rf"D[fINnCSxpa]{{0,12}}?{_LIST}",  # not B
    rf"{_LIST}n?[Ifc]*[Dd]",  # B is not
    rf"{_LIST}[.,]K?f*If*[Dd](?=[.,|]|$)",  # B, but that is wrong
)
_ALONE = _compiled(
    rf"(?<![^|])[ft,]*{_LIST}f*[.,]*(?=\||$)",  # B
    rf"(?<![^|])f*{_LIST},(?=f*b)",  # B, because
    rf"(?<![^.?|])f*&?I[faNn]*?{_LIST}(?=[.,|b]|$)",  # it is B
    rf"(?<![^.,?|])[fcCNn]*{_LIST}f*If*(?=[.|]|$)",  # the same, verb last
)
_NAMED = _compiled(rf"(?<![^.,?|])[ft]*[Nn]f*{_LIST}(?=[.,?|bT]|$)")
_LAST = re.compile(_LIST)
_ASKED = re.compile(r"[^.|]{0,60}\?")
_LABELLED_LINE = re.compile(r"[ \t]*[(\[【]?(?P<label>[^\W_][\w-]*)[ \t]*(?P<mark>[)\]】.:、])[ \t]*(?P<rest>\S.*)")
_PUNCTUATION = str.maketrans("\u2018\u2019\u2010\u2011\u2013\u2014\u2212", "''-----")
_MARKUP = re.compile(r"\*+|`+|\$+|(?<![^\W_])_+|_+(?![^\W_])|\\(?:text\w*|math\w+)|</?\w+>")


def read_choice(text: str, options: Sequence[Option] | Sequence[str], language: str = "und") -> str | None:
    """Return the id of the option that `text` states, or None.

    options: `Option`s, or option texts, which are then labelled A, B, C, ...
    language: not needed for any form read today; part of the contract so that callers can pass what they know.
    """
    del language
    listed = label_options(options)
    reading = _Reading(_plain(text), listed)
    denied = list(reading.find(_RULED_OUT))
    if stated := max(reading.statements(), key=lambda said: said.at, default=None):
        return _only(stated.ids, [said for said in denied if said.at >= stated.at])
    for found in ([*reading.find(_ALONE), *reading.labelled_lines()], list(reading.find(_NAMED))):
        if found:
            return _only(frozenset[str]().union(*(said.ids for said in found)), denied)
    return None if denied else reading.own_words()


def label_options(options: Sequence[Option] | Sequence[str]) -> list[Option]:
    """Return `options` as `Option`s; plain texts are labelled A, B, C, ..."""
    return [o if isinstance(o, Option) else Option(id=LETTERS[i], text=str(o)) for i, o in enumerate(options)]


@dataclass(frozen=True, slots=True)
class _Said:
    """Options named together, and the number of the token with which that begins."""

    at: int
    ids: frozenset[str]


@dataclass(slots=True)
class _Token:
    """A word or mark, its code, and the options it could name."""

    text: str
    start: int
    end: int
    code: str
    ids: frozenset[str] = frozenset()


class _Reading:
    """A text as tokens and codes, to be asked what it says."""

    def __init__(self, text: str, options: Sequence[Option]) -> None:
        self._text = text
        self._own: dict[str, frozenset[str]] = {}
        texts = [_plain(option.text) for option in options]
        for option, plain in zip(options, texts, strict=True):
            if own := fold(plain).strip(" ."):
                self._own[own] = self._own.get(own, frozenset()) | {option.id}
        self._labels = _labels(options, texts)
        self._tokens = self._tokenize()
        self._settle()
        self._codes = "".join(token.code for token in self._tokens)

    def find(self, patterns: Sequence[re.Pattern[str]]) -> Iterator[_Said]:
        """Yield what is named where one of `patterns` matches, unless it is asked rather than said."""
        for pattern in patterns:
            for match in pattern.finditer(self._codes):
                if not _ASKED.match(self._codes, match.end()):
                    yield _Said(match.start("said"), self._ids(*match.span("said")))

    def statements(self) -> Iterator[_Said]:
        """Yield every statement of the answer; where the words after a label are another option's, both are named."""
        for said in self.find(_STATED):
            last = _LAST.match(self._codes, said.at)
            own = _OWN_WORDS.match(self._codes, last.end()) if last else None
            yield _Said(said.at, said.ids | self._ids(*own.span(1))) if own else said

    def labelled_lines(self) -> Iterator[_Said]:
        """Yield the labels set off at the beginning of a line: "B) Glaucoma"."""
        for line in self._text.splitlines():
            match = _LABELLED_LINE.match(line)
            label = self._labels.get(match["label"].casefold()) if match else None
            if match and label:
                rest = fold(match["rest"]).strip(" .")
                own = any(rest.startswith(words) for words, ids in self._own.items() if label in ids)
                again = _LABELLED_LINE.match(match["rest"])
                if again and again["label"].casefold() in self._labels:  # "A、B、C"
                    continue
                # "C. trachomatis" is a name and "2. Wash your hands" a list.
                if own or not (match["label"].isdigit() or (match["mark"] == "." and match["rest"][0].islower())):
                    yield _Said(0, self._own.get(rest, frozenset()) | {label})

    def own_words(self) -> str | None:
        """Return the one option whose words occur, if no sentence denies or doubts it."""
        named = frozenset[str]()
        for sentence in re.finditer(r"[^.|]+", self._codes):
            said = [t for t in self._tokens[slice(*sentence.span())] if t.code == "T"]
            said = [t for t in said if len(t.text) >= 4 or has_unspaced(t.text)]
            if said and re.search(r"[Dd?]", sentence.group()):
                return None
            named = named.union(*(t.ids for t in said))
        return _only(named, [])

    def _ids(self, start: int, end: int) -> frozenset[str]:
        return frozenset[str]().union(*(token.ids for token in self._tokens[start:end]))

    def _tokenize(self) -> list[_Token]:
        folded = fold(self._text)
        longest = sorted((words for words in self._own if words in folded), key=len, reverse=True)
        own = "|".join(re.escape(words).replace(r"\ ", r"\s+") for words in longest) or "(?!)"
        # Apart from `_TOKEN`: a pattern with all of it takes ten times as long to compile as a text to read.
        options = re.compile(rf"(?<!\w)(?:{own})(?![\w\u0900-\u0963]|[.,]\d)", re.IGNORECASE)
        tokens: list[_Token] = []
        option, at = options.search(self._text), 0
        while True:
            if option and option.start() < at:
                option = options.search(self._text, at)
            word = _TOKEN.search(self._text, at)
            match = option if option and (word is None or option.start() <= word.start()) else word
            if match is None:
                return tokens
            tokens.append(_Token(match.group(), *match.span(), *self._code(match.group())))
            at = match.end()

    def _code(self, text: str) -> tuple[str, frozenset[str]]:
        word = text.casefold()
        if word in self._labels:
            return ("a" if word.isdigit() or word in _ALSO_WORDS else "L"), frozenset({self._labels[word]})
        own = self._own.get(fold(text), frozenset())
        return _CODES.get(word, "T" if own else "w"), own

    def _settle(self) -> None:
        """Decide by its neighbours what a token is that could be a label or a word."""
        for before, token, after in zip([None, *self._tokens], self._tokens, [*self._tokens[1:], None], strict=False):
            ends = after is None or after.code in ".,|"
            if token.code in "La":
                glued = (before and before.end == token.start and before.code == "w") or (
                    after and after.start == token.end and after.code == "w"
                )
                if glued or (before and before.code == "V"):  # "B超" is a word, "vitamin B" another
                    token.code, token.ids = "w", frozenset()
                elif token.text in _CODES and not ends:  # "o", "e", "y" join
                    token.code, token.ids = _CODES[token.text], frozenset()
                elif (
                    before
                    and not token.text.islower()
                    and (before.code == "N" or (before.code == "I" and after and after.code == "L"))
                ):
                    token.code = "L"
            elif token.ids and ends and (before is None or before.code in "SI|"):
                token.code = "T"  # an option such as "no", as an answer


def _only(ids: frozenset[str], denied: Sequence[_Said]) -> str | None:
    """Return the one option of `ids`; None if there are more, or it is denied."""
    return next(iter(ids)) if len(ids) == 1 and not any(ids & said.ids for said in denied) else None


def _labels(options: Sequence[Option], texts: Sequence[str]) -> dict[str, str]:
    """Map every spelling of a label, casefolded, to the option's id; the asker's own labels win over borrowed ones.

    texts: those of the options, made plain.
    """
    labels = {label: options[place].id for label, place in _PLACES.items() if place < len(options)}
    # "2" is a value, not the second option, where options are numbers, with a sign or a unit before them or not.
    if not any(re.match(r"\W*\d", text) for text in texts):
        labels |= {str(i): option.id for i, option in enumerate(options, 1)}
    return labels | {_plain(option.id).casefold(): option.id for option in options if option.id.strip()}


def _plain(text: str) -> str:
    """Return `text` in one width, one kind of digits and quotes, without markup."""
    plain = ascii_digits(unicodedata.normalize("NFKC", clean(text))).translate(_PUNCTUATION)
    return _MARKUP.sub(" ", plain.replace("\\boxed", " answer: ")).strip()

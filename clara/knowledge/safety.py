"""Instruction-like spans in documents: text that speaks to a model rather than to a reader.

Two looks at the same text. Signs are marks on the page: chat roles, fences, prepared verdicts, links that carry data
away, encoded runs. Phrases are what people write to models; `safety_words` holds the words of each language, `_forms`
the forms that they make up. Before phrases are looked for, the text is unfolded: case, accents, emphasis, line breaks,
letters that stand apart, look-alike letters of another alphabet, digits for letters.

It is a screen, not a proof: it knows the usual forms and misses new ones. What it misses still stands in a fence in
the prompt, and its quotes are looked up by code. What it finds waits for a person to judge.
"""

from __future__ import annotations

import base64
import binascii
import html
import itertools
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from clara.knowledge.documents import Flag
from clara.knowledge.safety_words import ENGLISH, LANGUAGES, Words
from clara.text import fold, has_unspaced, strip_accents

# In phrases " " is what may stand between two words, <w> any word, <0-3> up to three of them, <L> an option's letter,
# <N> a passage's number, <IS> "is", <E> the end of a word. Repetitions are bounded and no two of them can share the
# same characters: the text is hostile, and no pattern may take more than linear time.
_GAP = r"""[\s,،、:;"'「」『』()\[\]/>-]"""
_IN_WORD = r"""[^\s.,;:!?"'()\[\]]"""
_MACROS = {
    "<w>": _IN_WORD + "{1,24}",
    "<L>": r"""(?:(?<=\()[a-h](?=\))|[b-h](?![\w)'-])|a(?=[.,;:!?"]|\s?$|\s?\n)|[कखगघ](?![\wा-्])|[абвгابجد](?!\w))""",
    "<N>": r"[#№(\[]?\d{1,2}[)\]]?",
    "<IS>": r"(?:is|=|to be|must be|should be|will be|es|será|é|est|sera|ist|ay|है|hai|是|为|هو|هي|—)",
}
_AMONG = "that|the|la|le|l|el|o|der|die|das|ang|na|que|dass|ki|correct|right|true|only|correcta|correta|bonne|richtige|"
_AMONG += "tamang|कि|सही|правильный|что|أن|的|correcte"
_SOFTENERS = "you must|you should|please|then|तो|to|就|请|你|por favor|simply"
_LEADS = re.compile(  # what may stand before an order
    r"(?:^|(?:[^\w\s]|\n)\s?|\b(?:and|or|then|please|now|just|simply|also|instead|must|should|shall|will|always|so|but|"
    r"therefore|(?:need|have|has|are|is|important|necessary|required|instructed|you) to|y|e|et|o|und|por favor|ahora|"
    r"agora|maintenant|jetzt|debes|debe|deve|devez|dois|veuillez|bitte|musst|sollst|siempre|и|пожалуйста|теперь|at|"
    r"ngayon|pakiusap|mangyaring|aur|और|तो|फिर)\s|[一-鿿] |[请并且都就来后再先也،وف]|请[你您]|务必|必须|应当|应该)$"
)


def instruction_spans(text: str) -> tuple[Flag, ...]:
    """Return the spans of cleaned, visible text that look meant for a model, in order; of one kind none overlap.

    Kinds: `instruction`, `role`, `delimiter`, `encoded`, `link`, `citation`. Linear in the length of the text.
    """
    even = text.translate(_EVEN)
    found = [*_find_signs(even), *_find_encoded(text), *_find_phrases(even)]
    merged: dict[str, list[Flag]] = {}
    for flag in sorted(found, key=lambda f: (f.kind, f.start, f.end)):
        same = merged.setdefault(flag.kind, [])
        if same and flag.start <= same[-1].end:
            flag = Flag(kind=flag.kind, start=same[-1].start, end=max(same.pop().end, flag.end))
        same.append(flag)
    return tuple(sorted(itertools.chain.from_iterable(merged.values()), key=lambda f: (f.start, f.end, f.kind)))


class _Even(dict[int, str]):
    """Maps each character to one in lower case, without accents, of usual width; offsets stay what they are."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = "" if character.isspace() else strip_accents(fold(character))
        if character.isspace():
            character = character if character == "\n" else " "
        self[code] = made = _VARIANTS.get(plain, plain) if len(plain) == 1 else character
        return made


_VARIANTS = dict(zip("أإآىةᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "اااي" + "هabcdefghijklmnoprstuvwyz", strict=True))
_EVEN = _Even()


# --- phrases

_START = 2  # characters, as many as the shortest beginning has
# Patterns over the whole text begin with a set of characters, which is what `re` skips to.
_LONE = "[a-zа-яا-ي0-9@$一-鿿]"
_APART = re.compile(  # between letters that stand alone; and where a word is cut at the end of a line
    rf"[ .·|/,_\n-](?<={_LONE}.)(?<![^\W_]..){_LONE}(?:[ .·|/,_\n-]{_LONE})+(?![^\W_])|-(?<=[a-zа-я].)\n *(?=[a-zа-я])"
)
_DROPPED = re.compile(
    r"[\nßﬀ-ﬆ*_`~\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u093c\u200c\u200d\u20d0-\u20ff]"
    r"(?:(?<=\n)[\s>#|*]*)?"
)
_LIGATURES = {c: fold(c) for c in "ßﬀﬁﬂﬃﬄﬅﬆ"}
_SPACES = re.compile("  +")
_MIXED = re.compile("(?<![a-zͰ-֏])(?:[a-z]+[Ͱ-֏]|[Ͱ-֏]+[a-z])[a-zͰ-֏]*")
_LATIN, _OTHERS = "aeopcyxisjhdqwnkmtbgvuruo", "аеорсухіѕјһԁԛԝпкмтвɡνυгսο"
_TO_LATIN = str.maketrans(_OTHERS + "αεικορτυχηωϲո", _LATIN + "aeikoptuxnwcn")
_FROM_LATIN = str.maketrans("aeopcyxkmtb", "аеорсухкмтв")
_DIGIT = re.compile(r"[0134578@$](?:(?=[a-z])|(?<=[a-z].))")
_FROM_DIGITS = dict(zip("0134578@$", "oieastbas", strict=True))


@dataclass(frozen=True, slots=True)
class _Phrase:
    kind: str
    beginning: str
    at_clause: bool
    anywhere: bool  # even where no word begins
    rest: re.Pattern[str]


def _find_phrases(even: str) -> Iterator[Flag]:
    text, origin = _unfold(even)
    flat = text.replace("\n", " ")
    scans, by_start = _known_phrases()
    for hit in itertools.chain.from_iterable(scan.finditer(flat) for scan in scans):
        at = hit.end() - 1
        for phrase in by_start[flat[at : at + _START]]:
            if (
                flat.startswith(phrase.beginning, at)
                and (phrase.anywhere or _begins_word(flat, at))
                and (not phrase.at_clause or _LEADS.search(text[max(0, at - 20) : at]))
                and (match := phrase.rest.match(text, at + len(phrase.beginning)))
            ):
                yield Flag(kind=phrase.kind, start=origin(at), end=origin(match.end() - 1) + 1)


def _forms(w: Words) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, beginnings, how they go on) for one language."""
    # People mix English words into their own language.
    earlier, orders = f"{w.earlier}|{ENGLISH.earlier}", f"{w.orders}|{ENGLISH.orders}"
    named = f"(?:{w.small}|{ENGLISH.small}|{earlier}|{orders})<E>"
    to_say = f"(?: (?:{w.that})<E>| <L>)"
    ahead = f"(?=(?: {named}){{0,8}}? (?:%s)<E>)"
    previous = f"{ahead % earlier}{ahead % orders}(?: {named}){{1,9}}"
    every = f"(?: (?:{w.small})<E>){{0,2}}? (?:{w.every})<E>(?: (?:{w.small})<E>){{0,3}}? (?:{orders})<E>"
    yield "instruction", w.cancel, f"(?:{previous}|{every}| (?:{w.above})<E>)"
    by_means_of = r"(?:with|by|in|the|con|com|par|mit|de|en|em|la|le|ng)(?!\w)"
    yield "instruction", w.reply, rf"(?: (?:{w.only})<E>(?: {by_means_of}|{to_say}|\s?[:\"])|{to_say})"
    yield "instruction", w.choose, rf"(?:<0-2> (?:{w.option}) <L>| <L>(?=[^\w\s]|\s?$|\s?\n))"
    softened = rf"(?:(?:{w.always}|{w.only}|{_SOFTENERS})\s?){{0,2}}"
    then = rf"[^.!?]{{0,100}}?[,،:;]\s?{softened}(?:{w.say})<E>(?: (?:{w.only})<E>)?"
    yield "instruction", w.asked, rf"{then}(?:{to_say}|\s?[:\"])"
    always = f"<0-6>(?<!not)(?<!no)(?<!pas)(?<!nem)(?<!nicht) (?:{w.always})<E>"
    letter = rf"(?:<0-6> ?<IS>)?(?: (?:{w.always}|{w.option}|the|la|a|die|ang|with)){{0,3}} <L>"
    yield "citation", w.right, f"(?:{always}|{letter})"
    yield "citation", w.option, f" <L> (?:{w.fits})<E>"
    claimed = rf"(?: (?:{_AMONG})){{0,4}}(?: (?:{w.option})(?: <L>|\s?<IS>)| <L>)"
    yield "citation", w.passage, rf"\s?<N> (?:{w.tells})<E>{claimed}"
    yield "citation", "[(1|2|3|4|5|6|7|8|9)", rf"\d?\] (?:{w.tells})<E>{claimed}"
    who = f"<0-5> (?:{w.persona})<E>"
    yield "role", w.become, f" (?:{w.article})<E>{who}" if w.article else who
    yield "role", w.act, who
    yield "encoded", w.decode, rf"<0-8> (?:base\s?64|hex|hexadecimal|rot\s?[1i]3|{w.coded})<E>"
    yield from (("instruction", w.hush, "<E>"), ("instruction", w.prompt, "<E>"), ("delimiter", w.ended, "<E>"))
    yield from w.more


@cache
def _known_phrases() -> tuple[tuple[re.Pattern[str], ...], dict[str, list[_Phrase]]]:
    """Return what finds every place where a phrase may begin, and the phrases by how they begin."""
    known: list[_Phrase] = []
    for words in LANGUAGES:
        for kind, beginnings, rest in _forms(words):
            pattern = re.compile(_plain(_spelt_in_full(rest, spaced=words.spaced)))
            for beginning in _spelt_out(beginnings) if beginnings else ():
                literal = _plain(beginning.lstrip("^~"))
                anywhere = beginning[0] == "~" or has_unspaced(literal) or not literal[0].isalnum()
                known.append(_Phrase(kind, literal, beginning[0] == "^", anywhere, pattern))
    by_start: dict[str, list[_Phrase]] = defaultdict(list)
    for phrase in known:
        by_start[phrase.beginning[:_START]].append(phrase)
    spaced, loose = ({p.beginning for p in known if p.anywhere is anywhere} for anywhere in (False, True))
    # Only the first letter is taken, so that no phrase hides another. Arabic writes "and" and "so" onto the next word.
    return (re.compile(_any_of(loose, "?=")), re.compile(rf"\b[وف]?{_any_of(spaced, '?=')}")), by_start


def _any_of(words: set[str], after_first: str = "?:") -> str:
    """Return a pattern for the beginnings of `words`, branching letter by letter; "?=": all but the first ahead."""
    if "" in words:
        return ""
    branches = ((c, _any_of({word[1:] for word in words if word[0] == c})) for c in sorted({word[0] for word in words}))
    return f"(?:{'|'.join(f'{re.escape(c)}({after_first}{rest})' for c, rest in branches)})"


def _spelt_in_full(rest: str, *, spaced: bool) -> str:
    """Return the pattern that the short forms in `rest` stand for."""

    def some(match: re.Match[str]) -> str:
        return f"(?: <w>){{0,{match[1]}}}?" if spaced else f"{_IN_WORD}{{0,{2 * int(match[1])}}}?"

    rest = re.sub(r"<0-(\d)>", some, rest)
    for name, meaning in _MACROS.items():
        rest = rest.replace(name, meaning)
    rest = rest.replace("<E>", r"(?!\w)" if spaced else "")
    return rest.replace(" ", f"(?:{_GAP}{'{1,4}' if spaced else '{0,2}'})")


def _spelt_out(beginnings: str) -> Iterator[str]:
    """Yield every way through the groups of "^(do not|don't) mention|never mention"."""
    for way in re.split(r"\|(?![^(]*\))", beginnings):
        parts = [part.split("|") for part in re.split(r"[()]", way)]
        yield from ("".join(chosen) for chosen in itertools.product(*parts))


def _plain(text: str) -> str:
    """Return `text` as unfolded text has it, without touching what patterns are made of."""
    return "".join(c if c.isascii() else fold(c) if c == "ß" else c.translate(_EVEN) for c in strip_accents(text))


def _begins_word(text: str, at: int) -> bool:
    def inside(place: int) -> bool:
        return place >= 0 and unicodedata.category(text[place])[0] in "LMN"

    # Arabic writes "and" and "so" onto the next word.
    return not inside(at - 1) or (text[at - 1] in "وف" and not inside(at - 2))


def _unfold(even: str) -> tuple[str, Callable[[int], int]]:
    """Return the text as phrases are looked for in it, and what tells where one of its characters stood."""
    text, joined = _rewrite(even, _APART, lambda m: re.sub(r"[\W_]", "", m.group()))
    text, dropped = _rewrite(text, _DROPPED, lambda m: "\n" if m.group()[0] == "\n" else _LIGATURES.get(m.group(), ""))
    text, narrowed = _rewrite(text, _SPACES, lambda _: " ") if "  " in text else (text, lambda at: at)
    text = _DIGIT.sub(lambda m: _FROM_DIGITS[m.group()], _MIXED.sub(_one_alphabet, text))
    return text, lambda at: joined(dropped(narrowed(at)))


def _one_alphabet(match: re.Match[str]) -> str:
    word = match.group()
    latin = sum(c.isascii() for c in word)
    return word.translate(_TO_LATIN if 2 * latin >= len(word) else _FROM_LATIN)


def _rewrite(
    text: str, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]
) -> tuple[str, Callable[[int], int]]:
    """Replace what `pattern` finds; also return what leads from an offset in the new text to one in the old."""
    parts: list[str] = []
    new_at, old_at, at, length = [0], [0], 0, 0
    for match in pattern.finditer(text):
        new = change(match)
        parts += (text[at : match.start()], new)
        length += match.start() - at
        place = match.start()
        for character in new:
            place = max(place, text.find(character, place, match.end()))
            new_at.append(length)
            old_at.append(place)
            length += 1
        at = match.end()
        new_at.append(length)
        old_at.append(at)

    def origin(offset: int) -> int:
        i = bisect_right(new_at, offset) - 1
        return old_at[i] + offset - new_at[i]

    return "".join([*parts, text[at:]]), origin


# --- signs

_ROLE = (
    "(?:system|assistant|user|developer|human|ai|chatgpt|sistema|asistente|usuario|assistente|systeme|utilisateur|"
    "benutzer|系统|用户|助手|सिस्टम|सहायक|उपयोगकर्ता|система|пользователь|ассистент|النظام|المستخدم|المساعد)"
)
_LABEL = rf"""^[ \t>*_"'(\[-]*{_ROLE}(?: (?:message|prompt|note|override|instruction))?[*_"')\]]{{0,3}}[ \t]*:"""
_TO_MODEL = (
    "(?:you |ignore|disregard|forget|answer|reply|respond|override|new |from now|instruction|the (?:user|model|"
    "assistant|answer|correct|following)|sure|understood|certainly|as an ai|i will |i am an? |eres |ignora|responde|"
    "olvida|tu es |ignorez|oubliez|repond|voce |esqueca|du bist|ignoriere|antworte|ikaw |sumagot|你|忽略|回答|无视|"
    "तुम|आप|पिछले|ты |игнорируи|отвечаи|انت |تجاهل|اجب)"
)
_MARK = r"(?:end|begin|fence|evidence|context|stop|eof|hex|mark)"
_URL = r"""https?://[^\s)>"'?]{1,500}"""
_FREIGHT = "(?:data|payload|prompt|question|answer|conversation|chat|history|msg|message|secret|input|context|d)"
_SIZES = "(?:w|h|width|height|size|s|v|ver|version|fit|crop|quality|format|fm|auto|dpr|resize|scale|lang|itok|id|t|ts)"
_SLOT = r"(?:[{}]|%7b|\[[\w ]+\]|<[\w ]+>)"
# (kind, pattern, strings of which one must be there); found in text of even case and width.
_SIGNS = tuple(
    (kind, re.compile(pattern, re.MULTILINE), needles.split("¦"))
    for kind, pattern, needles in (
        ("role", r"<\|[/a-z_]{2,24}\|?>", "<|"),
        ("role", r"</?(?:start_of_turn|end_of_turn|system|assistant)>", "_of_turn>¦system>¦assistant>"),
        ("role", r"\[/?(?:inst|system|assistant|sys)(?: (?:prompt|message))?\]|<</?sys>>", "inst]¦sys¦assist"),
        ("role", r"^[ \t>]*#{3,}[ \t]*(?:(?:system|assistant|human|user)(?: (?:prompt|message))?:?|"
         r"(?:instruction|response|input):)[ \t]*$", "###"),
        ("role", r"""["']role["']\s{0,4}:\s{0,4}["'](?:system|user|assistant|developer|tool)""", "role"),
        ("role", rf"""{_LABEL}[ \t*_"]*\n?[ \t]*{_TO_MODEL}|{_LABEL}(?:[^\n]*\n){{1,3}}{_LABEL}""", ":"),
        ("delimiter", r"<<[ \t]*(?=[a-f]*\d)[0-9a-f]{6,}(?!\w)", "<<"),
        ("delimiter", r"(?<!\w)(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{6,}[ \t]*>>", ">>"),
        ("delimiter", rf"^[ \t]*(?:<{{2,}}[ \t]*{_MARK}[\w -]{{0,30}}|{_MARK}[\w -]{{0,30}}>{{2,}})", "<<¦>>"),
        ("delimiter", r"</(?:context|evidence|documents?|passages?|sources|question|user|prompt|instructions?|quotes|"
         r"(?:retrieved|search|tool|untrusted|user)[\w-]{0,20}|knowledge)>|<(?:instructions?|prompt|context|evidence)>",
         "</¦<prompt¦<instruction¦<context¦<evidence"),
        ("delimiter", r"""(?:```|\"\"\"|~~~)\s{0,6}(?:#{1,6}\s)?(?:system|assistant|user|human|end of|ignore|"""
         r"disregard|new instructions?|(?:instructions?|output|answer|question):)", '```¦"""¦~~~'),
        ("citation", r"""["'](?:choice|verdicts?|stance|sufficient|confidence|claims?|quotes?)["']\s{0,4}:""", ":"),
        ("citation", r"""\bverdicts?["']?\s{0,4}(?:is|must be|should be|:|=)\s{0,4}["']?(?:supported|refuted|not)""",
         "verdict"),
        ("citation", r"^[ \t*_>-]*(?:final |correct )?(?:answer|choice|respuesta|resposta|reponse|antwort|sagot|答案|"
         r"उत्तर)[*_]{0,3}\s?[:=][ *_\"'(]*[a-h][)*_\"'.]*[ \t]*$", ":¦="),
        ("citation", r"\b(?:mark|judge|label|rate|treat|report|classify|count)\b[^.!?]{0,80}\b(?:claims?|verdicts?|"
         r"statements?|passages?|drafts?)\b[^.!?]{0,40}\bas (?:supported|verified|refuted)", "as supp¦as veri¦as refu"),
        ("citation", r"(?:cite|quote) (?:only )?(?:this passage|(?:passage|source) \d|\[\d{1,2}\])", "cite ¦quote "),
        ("link", r"(?:\]\(\s{0,4}<?|(?:href|src)\s{0,4}=\s{0,4}[\"']?\s{0,4})(?:javascript|vbscript|data|file):|"
         r"\b(?:javascript|vbscript):\w|\bdata:[a-z]{1,20}/[\w.+-]{1,40}[;,]\w", "script:¦data:¦file:"),
        ("link", rf"\]\(\s{{0,4}}https?://[^)\n]{{0,500}}?{_SLOT}|{_URL}(?:[?/]|\?[^\s)>\"']{{0,300}}?=){_SLOT}",
         "http"),
        ("link", rf"{_URL}\?(?:[^\s)>\"']{{0,300}}&)?{_FREIGHT}=(?!\d{{0,3}}(?:[&)\s]|$))[^\s)>\"']{{0,300}}[%+{{_]",
         "http"),
        ("link", rf"!\[[^\]\n]{{0,300}}\]\(\s{{0,4}}{_URL}\?(?!(?:{_SIZES}=[\w.-]{{1,20}}&?)+[)\s])", "!["),
        ("link", r"\b(?:send|post|forward|submit|append|leak|upload)\b[^.!?\n]{0,60}\b(?:question|conversation|answer|"
         r"chat|history|prompt)\b[^.!?\n]{0,60}https?://", "http"),
        ("encoded", r"\b(?:base[ -]?64|rot-?13)\b", "base64¦base-64¦base 64¦rot13¦rot-13"),
    )
)  # fmt: skip


def _find_signs(even: str) -> Iterator[Flag]:
    for kind, pattern, needles in _SIGNS:
        if any(needle in even for needle in needles):
            yield from (Flag(kind=kind, start=m.start(), end=m.end()) for m in pattern.finditer(even))


# --- encoded runs

_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{20,}={0,2}(?:\n[A-Za-z0-9+/_-]{4,}={0,2})*")
_CODES = re.compile(
    r"[0-9a-fA-F%\\&](?:(?<=%)[2-7][0-9a-fA-F](?:%[2-7][0-9a-fA-F]){7,}|(?<=\\)u[0-9a-fA-F]{4}(?:\\u[0-9a-fA-F]{4}){5,}|"
    r"(?<=&)#\w{2,7};(?:&#\w{2,7};){5,}|(?<=[0-9a-fA-F])[0-9a-fA-F](?:[\s:,]?(?:0x|\\x)?[0-9a-fA-F]{2}){11,}(?!\w))"
)


def _find_encoded(text: str) -> Iterator[Flag]:
    for pattern, decode in ((_BASE64, _from_base64), (_CODES, _from_codes)):
        for match in pattern.finditer(text):
            if any(_is_prose(plain) for plain in decode(match.group())):
                yield Flag(kind="encoded", start=match.start(), end=match.end())


def _from_base64(run: str) -> Iterator[str]:
    first = run.split("\n", 1)[0]
    for part in dict.fromkeys((run.replace("\n", ""), first)):
        bare = part.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            # A run may be cut anywhere; what is left of the last character is dropped.
            yield base64.b64decode(bare[: len(bare) // 4 * 4]).decode("utf-8", errors="ignore")
        except binascii.Error:
            continue


def _from_codes(run: str) -> Iterator[str]:
    if run[0] == "%":
        yield unquote(run)
    elif run.startswith("&#"):
        yield html.unescape(run)
    elif run.startswith("\\u"):
        yield "".join(chr(int(code, 16)) for code in run.split("\\u")[1:])
    elif set(run) <= set("01 \n"):
        bits = re.sub(r"\s", "", run)
        yield "".join(chr(int(bits[i : i + 8], 2)) for i in range(0, len(bits), 8))
    elif re.search("[a-fA-F]", run):  # a table of numbers is no text
        yield bytes.fromhex(re.sub(r"0x|\\x|[\s:,]", "", run)).decode("utf-8", errors="replace")


def _is_prose(text: str) -> bool:
    """Whether decoded text is words: nearly all letters, and more than one word."""
    letters = sum(unicodedata.category(c)[0] in "LM" or c == " " for c in text)
    return len(text) >= 10 and letters >= 0.8 * len(text) and (" " in text.strip() or has_unspaced(text))

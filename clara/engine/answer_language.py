"""In which language to answer: the last message's own, the conversation's, or one that was asked for in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from clara.languages import UNKNOWN, detect, script, to_script, usual_script
from clara.text import words

_NAMED = (
    "en es pt fr zh-Hans hi fil ar bn ur ru de it ja ko id sw vi tr th ta te mr ne fa nl pl uk ro ha yo zu am"
).split()  # fmt: skip
_NAMED_IN = ("en", "es", "pt", "fr", "zh", "hi", "fil", "ar")
# Names that people use beside those of the Unicode tables.
_ALIASES = {
    "en": "ingles angrezi english इंग्लिश अंग्रेजी अंग्रेज़ी 英文",
    "es": "castellano espanol español spanish स्पेनिश 西语 西班牙文",
    "pt": "portugues portuguese 葡语",
    "fr": "frances français francais french फ्रेंच 法文",
    "hi": "hindi हिंदी हिन्दी 印地文",
    "hi-Latn": "hinglish हिंग्लिश roman_hindi romanised_hindi romanized_hindi hindi_in_roman_script "
    "hindi_in_roman_letters hindi_in_latin_letters hindi_in_latin_script hindi_in_english_letters hindi_(roman_script) "
    "hindi_romanizado hindi_romanisé hindi_con_letras_latinas hindi_em_letras_latinas रोमन_हिंदी रोमन_हिन्दी रोमन_लिपि "
    "罗马化印地语 拉丁字母印地语 拉丁字母的印地语",
    "fil": "tagalog filipino pilipino 他加禄语 菲律宾文 टैगालोग",
    "zh-Hans": "mandarin mandarín mandarim chinese simplified_chinese chino_simplificado chinês_simplificado "
    "chinois_simplifié 汉语 漢語 普通话 华语 国语 简体中文 简体",
    "zh-Hant": "traditional_chinese chino_tradicional chinês_tradicional chinois_traditionnel "
    "繁体中文 繁體中文 繁體 繁体",
    "ar": "arabic árabe arabe عربي العربية",
    "bn": "bangla",
    "fa": "farsi",
}  # fmt: skip

_PLAIN = r"(?:plain|simple|clear|easy|proper)\s+"
_STATES = (
    r"answer|respond|reply|responde(?:r|me)?|respóndeme|responda(?:me|n)?|contesta(?:r|me)?|contéstame|conteste|"
    r"la respuesta|a resposta|réponds|répondez|répondre|réponse|sagutin|sagutan|sumagot|isagot|(?:paki)?sagot(?:in)?|"
    r"أجب(?:ني)?|اجب|جاوب(?:ني)?|الإجابة|رد"
)
_TELLS = (
    r"explain|write|speak|talk|tell me|continue|explica(?:me)?|explícame|explique(?:m)?|escribe|escreva|habla|fale|"
    r"dime|me diga|écris|écrivez|expliquez?|parle[sz]?|parlez|ipaliwanag|isulat|magsalita|اشرح|اكتب|تكلم"
)
_OBJECT = (
    r"(?:\s+(?:it|this|that|me|to me|back|everything|all|only|please|lo|esto|todo|me|isso|tudo|moi|le|cela|ito|mo))*"
)
_IN = r"(?:only\s+)?(?:in|en|em|sa(?:\s+wikang)?)\s+|باللغة\s+|ب(?=ال)"
_NOT = re.compile(
    r"(?:don['’]?t|do not|not|never|no|não|ne|n['’]|huwag(?: mong?)?|wag|不要|别|別|لا)\s*(?:\S+\s+)?$", re.IGNORECASE
)
_NOT_AFTER = re.compile(r"\s*(?:मत|न|नहीं|mat|na|nahi|nahin)(?!\w)", re.IGNORECASE)
_GIVE = r"(?:दें|दो|दीजिए|दीजिये|देना|कि|do|dijiye|dena|dein|de|karo|karein|ki)(?!\w)"
_PLEASE = r"(?:please|pls|por favor|s['’]il (?:vous|te) plaît|svp|paki(?:usap)?|من فضلك)"
_ONLY_SPANISH = re.compile("[¿¡]")


def settle_languages(texts: Sequence[str], instructions: str = "") -> tuple[str, str | None]:
    """Return the language of the last of a conversation's user messages, and another one to answer in, if any.

    A wish stands until its writer changes the language or wishes otherwise; the application's own stands below it.
    """
    language, wished = UNKNOWN, None
    for text in texts:
        asked, rest = _wish(text)
        # "What is glaucoma? हिंदी में जवाब दें": the wish shows only what its writer also knows.
        before, language = language, language_after(rest, language)
        wished = asked or (wished if language == before else None)
    wished = wished or requested_language(instructions)
    return language, wished if wished != language else None


def language_after(text: str, before: str) -> str:
    """Return the language of a message in a conversation that was in `before` up to it.

    A message that is too short to tell is in the language of the conversation, unless its script is another.
    """
    found = detect(text)
    if before == UNKNOWN:
        return found.language
    written = script(text)
    if found.language.startswith("zh") and before.startswith("zh"):
        same = to_script(text, "zh-Hans") == to_script(text, "zh-Hant")
        return before if same else found.language
    if found.language != UNKNOWN:
        other_script = written not in (None, "Latn") and written != _script_of(before)
        if other_script or found.confidence >= 0.9 or (found.confidence >= 0.6 and len(words(text)) >= 3):
            return found.language
    return "es" if _ONLY_SPANISH.search(text) and usual_script(before) == "Latn" else before


def requested_language(text: str) -> str | None:
    """Return the language that a text asks to be answered in, in so many words; None where it does not."""
    return _wish(text)[0]


def without_wish(text: str) -> str:
    """Return a text without the words that ask for a language, which say nothing about medicine."""
    return _wish(text)[1]


def _wish(text: str) -> tuple[str | None, str]:
    """Return the language that a text asks to be answered in, and the text without that wish; all of it if no more."""
    patterns, tags = _patterns()
    for pattern in patterns:
        for match in pattern.finditer(text):
            sentence = re.split(r"[.?!।。？！؟\n]", text[: match.start()])[-1]
            if _NOT.search(sentence) or _NOT_AFTER.match(text, match.end()):
                continue
            before, after = text[: match.start()].rstrip(" ,:("), text[match.end() :].lstrip(" ,.:;!)。，！।")
            rest = f"{before} {after}".strip()
            return tags[" ".join(match["name"].casefold().split())], rest if words(rest) else text
    return None, text


def _script_of(language: str) -> str:
    return "Latn" if language.endswith("-Latn") else usual_script(language)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], ...], dict[str, str]]:
    """Return the patterns of a wish, and the tag that each name of a language stands for."""
    import langcodes

    tags = {
        langcodes.Language.get(t.partition("-")[0]).display_name(i).casefold(): t for t in _NAMED for i in _NAMED_IN
    }
    tags |= {langcodes.Language.get(tag).autonym().casefold(): tag for tag in _NAMED if "-" not in tag}
    for tag, aliases in _ALIASES.items():
        tags |= {alias.replace("_", " "): tag for alias in aliases.split()}
    listed = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in sorted(tags, key=len, reverse=True))
    name = rf"(?P<name>{listed})(?![\w\u0900-\u0963-])(?!\s+(?:flu|fly|speaking))"
    kindly = rf"(?:{_PLEASE}[ ,]{{1,3}})?(?:(?:always|siempre|sempre|toujours)[ ]{{1,3}})?"
    into = rf"(?:{_IN})(?:{_PLAIN})?{name}"
    forms = (
        rf"{kindly}\b(?:{_STATES})\b[^.?!।。\n]{{0,30}}?(?<!\w){into}(?:[ ,]{{1,3}}{_PLEASE})?",
        rf"{kindly}\b(?:{_TELLS})\b{_OBJECT}\s+{into}(?:[ ,]{{1,3}}{_PLEASE})?",
        rf"(?:^|[.?!,;。؟\n(])[ \t]{{0,3}}{into}[ \t,]{{0,3}}{_PLEASE}",
        rf"{_PLEASE}[ \t,]{{0,3}}{into}",
        rf"{name}\s*(?:में|मे)\s+[^।?!.\n]{{0,20}}?(?:जवाब|उत्तर|बता|समझा|लिख|कह)[^\s।?!.]*(?:\s+{_GIVE})?",
        rf"\b{name}\s+(?:mein|main|me|mai)\s+[^?!.\n]{{0,20}}?(?:jawab|javab|jawaab|uttar|answer|reply|bata|samjha|likh)"
        rf"\w*(?:\s+{_GIVE})?",
        rf"(?:请|請)?(?:用|以|使用)(?P<name>{listed})(?:来|來)?(?:回答|回复|回覆|作答|答复|解释|解釋|说明|說明)",
    )
    return tuple(re.compile(form, re.IGNORECASE) for form in forms), tags

"""How languages count and measure: numbers with their units, number words and numerals.

In the lists a space divides the alternatives and "_" stands for a space inside one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from clara.text import fold

_DEVA = "[\u0900-\u097f]"

_UNIT_NAMES = {
    "mmHg": (
        "mm_?hg mm_de_hg millimet(?:er|re)s?_of_mercury 毫米汞柱 मिमी_?एचजी एमएमएचजी मिमी_पारा ملم_زئبق(?:ي|ية)? "
        "مم_زئبق(?:ي|ية)?"
    ),
    "milligram": (
        r"mg mgs milligrams? milligrammes? miligram[oa]s? miligram 毫克 मिग्रा मि\.?_?ग्रा मिलीग्राम एमजी ملغم? مجم "
        "ملليغرام ميليغرام"
    ),
    "microgram": (
        "mcg ug μg micrograms? microgrammes? microgramos? microgramas? mikrogramo 微克 माइक्रोग्राम एमसीजी "
        "ميكروغرام"
    ),
    "gram": "g gr grams? grammes? gramos? gramas? gramo 克 ग्राम غرام جرام",
    "kilogram": (
        r"kg kgs kilos? kilograms? kilogrammes? kilogramos? quilogramas? quilos? kilo 公斤 千克 किग्रा कि\.?_?ग्रा "
        "किलो किलोग्राम كغم? كيلوغرام"
    ),
    "millilitre": (
        r"ml mls millilit(?:er|re)s? mililitros? mililitro 毫升 मिली मि\.?_?ली मिलीलीटर एमएल مل ملليلتر ميليلتر"
    ),
    "litre": "l lit(?:er|re)s? litros? litro 升 लीटर لتر",
    "millimetre": (
        r"mm millimet(?:er|re)s? millimètres? milímetros? milimetros? milimetro 毫米 मिमी मि\.?_?मी मिलीमीटर एमएम "
        "ملم مم"
    ),
    "centimetre": (
        r"cm centimet(?:er|re)s? centimètres? centímetros? centimetros? sentimetro 厘米 公分 सेमी से\.?_?मी सेंटीमीटर "
        "सेंटी سم"
    ),
    "metre": "m met(?:er|re)s? mètres? metros? metro 米 公尺 मीटर متر أمتار",
    "micrometre": (
        "μm um microns? micromet(?:er|re)s? micromètres? micrómetros? micrômetros? mícrons? micras 微米 माइक्रोन "
        "माइक्रोमीटर ميكرون"
    ),
    "nanometre": "nm nanomet(?:er|re)s? nanomètres? nanómetros? nanômetros? nanometro 纳米 नैनोमीटर نانومتر",
    "percent": (
        "% per_?cent pour_cent por_ciento por_cento porsiyento porsyento प्रतिशत फीसदी फ़ीसदी पर्सेंट pratishat "
        "बالمئة في_المائة في_المئة بالمئة بالمائة ٪"
    ),
    "unit": "iu ius ui units? unidades unidad unités? 单位 單位 国际单位 國際單位 यूनिट आईयू इकाई yunit وحدة وحدات",
    "drop": "drops? gotas? gouttes? 滴 बूँद बूंद बूँदें बूंदें boo?nd patak قطرة قطرات قطرتان",
    "second": "(?<=_)s sec secs seconds? secondes? segundos? segundong 秒 秒钟 秒鐘 सेकंड सेकेंड सेकण्ड second ثانية ثوان",
    "minute": "min mins minutes? minutos? minutong 分钟 分鐘 मिनट minat دقيقة دقائق",
    "hour": "h hr hrs hours? horas? heures? oras 小时 小時 घंटे घंटा घंटों घण्टे ghante ghanta ساعة ساعات",
    "day": "days? días? dias? jours? araw 天 दिन दिनों din يوم أيام يوما",
    "week": (
        "weeks? wks? semanas? semaines? linggo(?:ng)? 周 週 星期 个星期 हफ्ते हफ़्ते हफ्ता सप्ताह hafte hafta أسبوع "
        "أسابيع"
    ),
    "month": (
        "months? mes meses mês mois buwang? buwan 个月 個月 月龄 महीने महीना महीनों माह mahine mahina شهر أشهر شهرا"
    ),
    "year": (
        "years? yrs? year-olds? años? anos? ans? taon taong 岁 歲 年 साल वर्ष वर्षीय वर्षों saal varsh varshiya سنة "
        "سنوات عاما عام"
    ),
    "diopter": "dpt diopters? dioptres? dioptr[ií]as? dioptries? diyoptria 屈光度 डायोप्टर डाइऑप्टर ديوبتر",
    "degree": "° degrees? grados? graus? degrés? digri डिग्री درجة درجات",
    "millimole": "mmol millimoles? milimoles 毫摩尔 मिलीमोल مليمول",
}  # fmt: skip

_HAN = "\u4e00-\u9fff"


def _unit(name: str, listed: str) -> str:
    words = "|".join(unicodedata.normalize("NFKC", word).replace("_", " ") for word in listed.split())
    # Chinese goes on without a space after a unit, in whatever script that is.
    return rf"(?P<{name}>{words})(?<=[{_HAN}])|(?P<{name}_>{words})(?![^\W{_HAN}]|{_DEVA})"


_MEASURE = re.compile(
    r"(?<!\d)(?<!\d[.,])(?P<number>\d+(?:[.,]\d+)*)[ -]?(?:na )?"
    r"(?:(?:e?spher|sph[eé]r|esf|cylind|cilind|prism|球|柱|圆柱|棱镜)[^\W\d]* ?)?(?:"
    + "|".join(_unit(name, listed) for name, listed in _UNIT_NAMES.items())
    + ")"
)
# Dioptres and the gauge of a needle, which become days and grams once case is folded.
_CAPITALS = re.compile(r"(?<=\d)\s?([DG])(?![A-Za-z])")

_ENGLISH_NUMBERS = {
    word: str(i)
    for i, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split(),
        1,
    )
} | {
    word: str(i)
    for i, word in zip(
        range(20, 101, 10), "twenty thirty forty fifty sixty seventy eighty ninety hundred".split(), strict=True
    )
}
_ENGLISH_NUMBER = re.compile(rf"\b(?:{'|'.join(_ENGLISH_NUMBERS)})\b", re.IGNORECASE)
_ROMAN = re.compile(r"(?<![A-Za-z])(?=[IVXL])X{0,3}(?:XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Za-z])")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50}
_CHINESE = re.compile("[一二两兩三四五六七八九]?十[一二三四五六七八九]?|[一二两兩三四五六七八九]")
_CHINESE_DIGITS = {"一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


def measures(text: str) -> list[tuple[str, str]]:
    """Return the numbers of `text` that a unit of measure follows, each with the unit's English name."""
    text = _CAPITALS.sub(lambda m: " dpt" if m.group(1) == "D" else " gauge", text)
    found = _MEASURE.finditer(fold(text))
    return [(match.group("number"), str(match.lastgroup).rstrip("_")) for match in found]


def in_digits(text: str) -> str:
    """Return English `text` with its plain number words as digits: "thirty minutes" is "30 minutes"."""
    return _ENGLISH_NUMBER.sub(lambda word: _ENGLISH_NUMBERS[word.group().lower()], text)


def numerals(text: str) -> Counter[str]:
    """Count the Roman and Chinese numerals of `text` below 100, in digits: type II is type 2, 十五 is 15."""
    found = Counter[str]()
    for numeral in _ROMAN.findall(text):
        values = [_ROMAN_DIGITS[letter] for letter in numeral]
        found[str(sum(-v if v < max(values[i:]) else v for i, v in enumerate(values)))] += 1
    for numeral in _CHINESE.findall(text):
        tens, ten, ones = numeral.rpartition("十")
        found[str(10 * _CHINESE_DIGITS.get(tens, 1) * bool(ten) + _CHINESE_DIGITS.get(ones, 0))] += 1
    return found

"""How languages deny, name sides, count and measure, as patterns over text that `clara.text.fold` made alike.

In the lists a space divides the alternatives and "_" stands for a space inside one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from clara.text import fold

_DEVANAGARI = "\u0900-\u097f"
_DEVA = f"[{_DEVANAGARI}]"
_IN_WORD = rf"[\w{_DEVANAGARI}]"


def _words(listed: str) -> str:
    """Return a pattern for whole words; one that begins with "~" may begin inside a word, as in Chinese."""
    alternatives = [unicodedata.normalize("NFKC", word).replace("_", " ") for word in listed.split()]
    whole = "|".join(word for word in alternatives if not word.startswith("~"))
    inside = "|".join(word[1:] for word in alternatives if word.startswith("~"))
    parts = [rf"(?<!{_IN_WORD})(?:{whole})(?!{_IN_WORD})" if whole else "", inside]
    return "|".join(part for part in parts if part)


def _negation(plain: str, soft: str, neutral: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return re.compile(_words(plain)), re.compile(_words(soft)), re.compile(_words(neutral))


# What English says in the middle of other languages, too.
_ENGLISH_PLAIN = (
    r"not no never none nor neither cannot nobody nothing without except contraindicat\w+ avoid\w* false(?:ly)? "
    r"incorrect(?:ly)? (?:do|does|did|ca|wo|is|are|was|should|have|has)nt \w+n't"
)
_ENGLISH_SOFT = (
    r"least fewest less lack\w* absen\w+ missing non\w* un(?!der|it|iq|iv|til)\w{4,} \w+less(?:ly|ness)? unless "
    r"in(?:complet|suffic|adequat|capab|abilit|effect|depend|visib|freq|operab|toler|compet|stab|accura|approp|elig|"
    r"signif|activ|experien|conclus|consist|curab|distinct|evitab|comit|sensitiv)\w* "
    r"im(?:possib|perf|mobil|perm|prop|matur|balanc)\w* ir(?:reg|rev)\w* il(?:leg|log)\w* "
    r"dis(?:appear|contin|cour|allow|agree|similar)\w* den(?:y|ies|ied) defici\w+ devoid "
    r"a(?:typ|vasc|phak|sympt|febr|cell)\w* "
    r"anhidr\w* free_of exclud\w+ exception\w* other_than fail\w* prevent\w* inhibit\w* block\w* poor\w* only "
    r"rare\w* "
    r"seldom hardly barely scarcely wrong\w* error\w* mistak\w* untrue refus\w* stop\w* regardless negative\w* "
    "instead "
    "rather_than apart_from aside_from outside along_with in_addition_to besides ruled?_out rules_out "
    r"withhold\w* prohibit\w* forbid\w* forbidden "
    r"\w+-free unaffected intact different\w* pseudo\w+ shun\w* away_from under(?:activ|treat|correct|weigh|dos)\w* "
    r"keep\w*_(?:it|them|the_\w+)_from"
)
_ENGLISH_NEUTRAL = (
    "not_only not_just no_(?:more|less|fewer|later|longer)_than not_(?:more|less|fewer|later)_than or_not "
    r"no\.?_?\d+ "
    r"(?:(?:do|does|did|should|must|may|will)_)?not_exceed\w* "
    r"no_doubt no_matter"
)
# Spanish, Portuguese and French build these alike.
_ROMANCE_SOFT = (
    ""
    ""
    "in(?:comp|suf|ad[eé][cq]|capa|ef[ei]|d[eé]pend|vis[ií]b|fre[cq]|fr[eé]q|op[eé]r|tol[eé]r|st[aá]|est[aá]|activ|conscien|cert|"
    r"ciert|d[eé]term|m[oó]v|dol[oe]r|color|curab|dist|alter|coord|a[cd][ae])\w* "
    r"im(?:pos|p[eé]r|m[oó]v|prop|mad|mat)\w* "
    r"ir+(?:[eé]g|[eé]v)\w* d[eé]s(?:con|apar|igual|prov|cart|fav|coord|corr)\w* dis(?:con|tint)\w* hipo?corr\w* "
    r"a(?:t[ií]p|typ|s+int|sympt|feb|f[eé]b|vasc|f[aá][cq]|phaq)\w* aus[eê]n\w+ absen\w+ rar\w+ nega\w* "
    r"n[eé]gati\w+ ex[ck]lu\w+ "
    r"ex[ck]?ce[pçc]\w+ priv\w+ libres? livres? prohib\w+ proib\w+ err\w+ equivoc\w+ aparte outre al[eé]m"
)

NEGATION = {
    "en": _negation(_ENGLISH_PLAIN, _ENGLISH_SOFT, _ENGLISH_NEUTRAL),
    "es": _negation(
        r"no nunca jamás sin ni ningún ningun[oa]s? tampoco nada nadie excepto salvo contraindic\w+ evit\w+ "
        "fals[oa]s? falsamente "
        r"incorrect[oa]s? tod[oa]s[^.;:]{0,30}?_menos",
        r"menos imp[ií]d\w+ car[eé]\w+ faltan? defici\w+ apenas dej\w+ exent\w+ poc[oa]s? escas\w+ suspen\w+ "
        r"prev[ie]\w+ "
        rf"s[oó]lo únicamente solamente además pesar nieg\w+ mal cualquiera {_ROMANCE_SOFT}",
        r"sin_embargo no_obstante no_s[oó]lo no_solamente no_únicamente no_más_(?:de|que) no_menos_de sin_duda o_no",
    ),
    "pt": _negation(
        r"não nunca jamais sem nem nenhuma? nenhuns ninguém nada exceto excepto salvo contra-?indic\w+ evit\w+ "
        "fals[oa]s? falsamente "
        r"incorret[oa]s? incorrect[oa]s? tampouco tod[oa]s[^.;:]{0,30}?_menos",
        r"menos impe[dç]\w+ car[eê]\w+ falt\w+ defici\w+ apenas deix\w+ isent\w+ pouc[oa]s? escass\w+ suspen\w+ "
        r"prev[ei]\w+ "
        rf"só somente apesar mal {_ROMANCE_SOFT}",
        r"não_só não_somente não_apenas não_mais_(?:de|que|do_que) não_menos_de sem_dúvida ou_não",
    ),
    "fr": _negation(
        r"pas jamais sans ni aucune?s? rien sauf excepté hormis contre-?indi\w+ évi[tc]\w+ faux faussement "
        r"fausses? incorrect\w*",
        r"ne n'\w+ moins non empêch\w+ manqu\w+ défici\w+ à_peine exempt\w+ peu suspen\w+ interdi\w+ prév\w+ "
        r"tromp\w+ seule?s? "
        rf"seulement uniquement malgré ni[ée]\w* mal quel_que autres?_que cess\w+ transparente?s? {_ROMANCE_SOFT}",
        r"non_seulement pas_seulement sans_doute pas_plus_(?:de|que) n'importe "
        r"(?:ne_|n')(?:(?!pas|plus|jamais|aucun|rien)[^.;:,]){1,30}?_que?",
    ),
    "zh-Hans": _negation(
        ""
        ""
        "~不(?![良适適同断斷仅僅等足全明均规規典稳穩对對共透当當变變孕育安久到论論管易如显顯清洁潔佳慎溶饱飽协協平自随隨完满滿妨锈鏽超少多低高大耐利充舒]|"
        "可逆|小心|小于|小於|正常|必要|成熟|合适) "
        "~没有 ~沒有 ~没(?!有|药|收) ~从未 ~從未 ~尚未 ~绝非 ~并非 ~並非 ~而非 ~无法 ~無法 ~禁忌 ~禁用 ~禁止 "
        "~避免 ~勿 "
        "~(?<![\u4e00-\u9fff])假(?![\u4e00-\u9fff]) ~错误 ~錯誤 ~除了?[^，。,;；]{1,20}之?外(?![侧側周伤傷]) "
        "~(?<![移切去摘清拆消解排])除外(?![侧側周伤傷])",
        "~[不无無非未缺失少免避防阻抑制别別假错錯误誤除没沒禁勿乏仅僅只唯]",
        "~不仅 ~不僅 ~不但 ~不只 ~不光 ~不少于 ~不少於 ~不超过 ~不超過 ~不多于 ~不低于 ~不小于 ~不大于 ~是不是 "
        "~有没有 ~有沒有 ~能不能 ~会不会 "
        "~會不會 ~要不要 ~该不该 ~可不可以 ~无论 ~無論 ~不论 ~不管 ~非甾体 ~非類固醇 ~非常 ~未来 ~未來 ~无环鸟苷 "
        "~[鉴鑑性分特级級类類区區识識个個][别別] ~别名",
    ),
    "hi": _negation(
        "नहीं नही न ना मत बिना बग़ैर बगैर सिवाय सिवा के_अलावा को_छोड़कर निषिद्ध वर्जित मनाही मना प्रतिनिर्देशित विपरीत_संकेत "
        "बचें बचना_चाहिए परहेज गलत ग़लत असत्य झूठ झूठा झूठी",
        rf"अनुपस्थि{_DEVA}* अभाव कमी कम रहित {_DEVA}+(?:रहित|हीन|मुक्त) मुक्त रोक{_DEVA}* बच{_DEVA}* केवल सिर्फ़? दुर्लभ बंद "
        rf"अ(?:सामान्य|पूर्ण|पर्याप्त|क्षम|संभव|योग्य|दृश्य|नियमित|स्थिर|ज्ञात|प्रभावी|समर्थ){_DEVA}* बेहोश{_DEVA}* बेअसर नाकाम "
        rf"अन(?:ियमित|ावश्यक|ुपयुक्त|जान|ियंत्रित){_DEVA}* निष्{_DEVA}+ निः{_DEVA}+",
        r"या_नहीं या_न न_केवल न_सिर्फ़? ही_नहीं से_(?:अधिक|ज़्यादा|ज्यादा|कम)_नहीं",
    ),
    "hi-Latn": _negation(
        "nahi nahin nahee naheen mat bina bagair siva[iy]?e? ke_alaa?va chh?odkar chh?od_kar galat asatya "
        r"jh?oo?th\w* "
        rf"varjit manahi mana bachen bachein bach?na_chahiye bachna parhez {_ENGLISH_PLAIN}",
        r"na anupasthit\w* abh?aa?v kami kam kewal keval sirf rahit \w+heen \w+rahit asaman\w* aparyapt\w* "
        r"asamarth\w* "
        r"asam[bp]h\w* aniyam\w* akshamt?\w* apoo?rn\w* asthir\w* nishkriy\w* behosh\w* rok\w* bach\w* band "
        rf"{_ENGLISH_SOFT}",
        r"maa?na_ja\w+ ya_nah(?:i|in|ee) na_keval na_kewal na_sirf hi_nahin? "
        rf"se_(?:zyada|jyada|adhik|kam)_nahin? {_ENGLISH_NEUTRAL}",
    ),
    "fil": _negation(
        r"hindi 'di huwag wag wala walang bawal maliban puwera mali maling kontraindika\w+ iwasan umiwas iniiwasan "
        rf"ipinagbabawal kailanman {_ENGLISH_PLAIN}",
        r"di kawalan nawa\w+ mawal\w+ kulang kakulangan anuman kahit tanging lamang lang bihira\w* \w*pigil\w* "
        r"napipig\w+ "
        rf"pinipig\w+ naiiw\w+ maiwas\w+ iwas\w* kundi tigil\w* itigil bukod {_ENGLISH_SOFT}",
        "hindi_lamang hindi_lang "
        "hindi_(?:lalagpas|lalampas|lumalagpas|lumalampas|hihigit|higit|bababa|bumababa|kukulangin) "
        rf"wala_pang(?=_(?:\d|isa|dalawa|tatlo|apat|lima|anim|pito|walo|siyam|sampu)) {_ENGLISH_NEUTRAL}",
    ),
    "ar": _negation(
        "[وفب]?لا [وف]?لم [وف]?لن [وف]?ليس[تو]?ا? [وب]?دون [وب]?بدون [وب]?غير ما_عدا [وب]?باستثناء [وف]?إلا "
        r"[وي]?تجنب\w* "
        r"اجتناب [وي]?[يت]منع ممنوع\w* مضاد\w*_استطباب موانع خاطئة? خطأ",
        r"عدم انعدام غياب قلة نقص فقط نادر\w* خال\w* \w*فقد\w* منع وقاية \w*تجنب\w* سوى رغم عدا فشل",
        r"ليس_فقط أم_لا أو_لا لا_(?:يزيد|تزيد|يقل|تقل)_عن",
    ),
    "sw": _negation(
        r"si sio siyo hapana bila isipokuwa kamwe wala hakuna hana hawana",
        r"h[aiu]\w{3,} si\w{3,} usi\w+ asi\w+ tofauti kasoro kukosa ukosefu tu pekee mbali bado",
        r"si_tu",
    ),
}  # fmt: skip
"""Language -> what denies plainly; what may stand where another language denies; what only looks like a denial."""
NEGATION["zh-Hant"] = NEGATION["zh-Hans"]

_EYE = r"(?:eye|eyeball|lens|lid|eyelid|pupil|cornea|retina|side|upper|lower|hand|arm|leg|foot|ear|brain|hemi\w+)s?"
# French says "droit" of a straight muscle, too: it is a side only after one of these.
_SIDED_FR = (
    "œils?|oeils?|côtés?|globes?|champs?|hémichamps?|hémisphères?|nerfs? optiques?|regards?|membres?|bras|pieds?|"
    "supérieurs?|inférieurs?|poumons?|reins?|lobes?|ventricules?|hémicorps|sinus|cristallins?|orbites?"
)
# Chinese 左 and 右 stand in drug names ("levo-") and in "about" (左右): they are sides before one of these.
_SIDED_ZH = "[眼侧側边邊手脚腳臂腿耳上下颞顳鼻半视視大枕额額瞳睑瞼方面肺肾腎心颈頸]"
_SIDED_HI_LATN = r"(?= (?:aa?n?kh|taraf|or\b|side|haa?th|pai?r|netra))"


def _deva(listed: str) -> re.Pattern[str]:
    return re.compile(unicodedata.normalize("NFKC", rf"(?<!{_DEVA})(?:{listed})(?!{_DEVA})"))


_SIDES = {
    "en": {
        "right": re.compile(r"\bright(?:-\w+|wards?|most)?\b(?! (?:answer|option|alternative|choice|one|statement))"),
        "left": re.compile(r"\bleft(?:-\w+|wards?|most)?\b"),
        "both": re.compile(
            r"\b(?:both|each|either|two)(?: of)?(?: the| my| his| her| your| their)? "
            rf"{_EYE}|\bbilateral\w*|\bbinocular"
        ),
    },
    "es": {
        "right": re.compile(
            r"(?<!con )(?<!tiene )(?<!tienen )(?<!tener )\bderech[oa]\b(?! (?:de|penal|civil))|\bderechas\b|"
            r"\b(?:ojos|lados|miembros|músculos|\w+ares) derechos\b"
        ),
        "left": re.compile(r"\bizquierd[oa]s?\b"),
        "both": re.compile(r"\bambos ojos\b|\b(?:los|sus|mis) dos ojos\b"),
    },
    "pt": {
        "right": re.compile(r"\bdireit[oa]\b(?! (?:de|penal|civil))"),
        "left": re.compile(r"\besquerd[oa]s?\b"),
        "both": re.compile(r"\bambos (?:os )?olhos\b|\b(?:os|nos|dos|seus|meus) dois olhos\b"),
    },
    "fr": {
        "right": re.compile(rf"\b(?:{_SIDED_FR}) droite?s?\b|(?<!ligne )\bdroite\b"),
        "left": re.compile(r"\bgauches?\b"),
        "both": re.compile(r"\b(?:les|des|aux|ses|mes) deux yeux\b"),
    },
    "zh-Hans": {
        "right": re.compile(f"右(?={_SIDED_ZH})"),
        "left": re.compile(f"左(?={_SIDED_ZH})"),
        "both": re.compile("(?:双眼|雙眼|两眼|兩眼)(?!分别|分別)|两只眼|兩隻眼"),
    },
    "hi": {
        "right": _deva("दाहिन[ािीे]|दा[ईएय][ंँ]|दाय[ािीे][ंँ]|दाँई|दांई|दाँये|दांये|दाँय[ािीे]|दांय[ािीे]|राइट"),
        "left": _deva("बा[ईएय][ंँ]|बाय[ािीे][ंँ]|बाँई|बांई|बाँये|बांये|बाँय[ािीे]|बांय[ािीे]|लेफ्ट"),
        "both": _deva("दोनों (?:आँखों|आंखों|आँखें|आंखें|आँख|आंख|नेत्रों|नेत्र)"),
    },
    "hi-Latn": {
        "right": re.compile(rf"\bdaa?h?in[aei]+\b|\bdaa?[iey]+n?e?n?\b{_SIDED_HI_LATN}"),
        "left": re.compile(rf"\bbaa?[iey]+n?e?n?\b{_SIDED_HI_LATN}"),
        "both": re.compile(r"\bdono?n?o? (?:aa?n?kh|netra)\w*"),
    },
    "fil": {
        "right": re.compile(r"\bkanang?\b"),
        "left": re.compile(r"\bkaliwang?\b|\bkaliwa't\b"),
        "both": re.compile(r"\b(?:parehong|magkabilang|magkabilaang|dalawang) (?:mga )?mata\b"),
    },
    "ar": {
        "right": re.compile(r"(?<!\w)(?:ال|لل|بال)?(?:يمنى|أيمن|ايمن|يمين)(?!\w)"),
        "left": re.compile(r"(?<!\w)(?:ال|لل|بال)?(?:يسرى|أيسر|ايسر|يسار)(?!\w)"),
        "both": re.compile(r"(?<!\w)(?:كلتا|كلا|في كلتا)? ?العينين(?!\w)"),
    },
}
_SIDES["zh-Hant"] = _SIDES["zh-Hans"]
# English inside another language, where "right" may mean "correct".
_MIXED = {
    "right": re.compile(rf"\bright[ -]{_EYE}\b"),
    "left": re.compile(rf"\bleft[ -]{_EYE}\b"),
    "both": re.compile(r"\bboth (?:the |my |of my )?eyes\b"),
}
# What prescriptions call the right eye, the left eye and both.
_EYES = {"es": ("OD", "OI", "AO"), "pt": ("OD", "OE", "AO"), "fr": ("OD", "OG", "ODG")}

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


def denials(text: str, language: str) -> tuple[bool, bool]:
    """Return whether `text` denies something plainly, and whether it might at all. KeyError unless in `NEGATION`."""
    plain, soft, neutral = NEGATION[language]
    text = neutral.sub(" ", fold(text))
    clear = bool(plain.search(text))
    return clear, clear or bool(soft.search(text))


def sides(text: str, language: str, *, mixed: bool = False) -> set[str] | None:
    """Return the sides that `text` names, of right, left and both; None where `language` is not known.

    mixed: in English, too, where it says of what.
    """
    if language not in _SIDES:
        return None
    folded = fold(text)
    patterns = [*_SIDES[language].items(), *(_MIXED.items() if mixed else ())]
    found = {side for side, pattern in patterns if pattern.search(folded)}
    # OD is also "once daily": it is an eye beside OS or a measurement.
    right, left, both = (rf"(?<![A-Za-z]){short}(?![A-Za-z])" for short in _EYES.get(language, ("OD", "OS", "OU")))
    if re.search(left, text):
        found |= {"left", "right"} if re.search(right, text) else {"left"}
    elif re.search(rf"{right}[ :=,]*[-+\u2212]?\d", text):
        found.add("right")
    return found | ({"both"} if re.search(both, text) else set())


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

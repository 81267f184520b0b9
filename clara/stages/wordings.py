"""How languages deny and name sides, as patterns over text that `clara.text.fold` made alike.

In the lists a space divides the alternatives and "_" stands for a space inside one.
"""

from __future__ import annotations

import re
import unicodedata

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
    "instead rather_than apart_from aside_from outside along_with in_addition_to besides ruled?_out rules_out "
    r"withhold\w* prohibit\w* forbid\w* forbidden "
    r"\w+-free unaffected intact different\w* pseudo\w+ shun\w* away_from under(?:activ|treat|correct|weigh|dos)\w* "
    r"keep\w*_(?:it|them|the_\w+)_from"
)
_ENGLISH_NEUTRAL = (
    "not_only not_just no_(?:more|less|fewer|later|longer)_than not_(?:more|less|fewer|later)_than or_not "
    r"no\.?_?\d+ (?:(?:do|does|did|should|must|may|will)_)?not_exceed\w* "
    r"no_doubt no_matter"
)
# Spanish, Portuguese and French build these alike.
_ROMANCE_SOFT = (
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

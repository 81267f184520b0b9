"""Languages: tags made canonical, and questions identified by what they are written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.errors import InputError
from clara.languages import (
    SUPPORTED,
    UNKNOWN,
    canonical,
    detect,
    english_name,
    is_written_in,
    script,
    script_counts,
    usual_script,
)

QUESTIONS = {
    "en": (
        "What are the symptoms of acute glaucoma?",
        "Is timolol safe for someone with asthma?",
        "My eye is red and it hurts, what should I do?",
        "How often should a diabetic have an eye exam?",
        "Can I wear contact lenses while swimming?",
        "Which nerve supplies the lateral rectus muscle?",
        "Why do I see flashes of light?",
        "When is cataract surgery needed?",
    ),
    "es": (
        "¿Cuáles son los síntomas del glaucoma agudo?",
        "¿El timolol es seguro para una persona con asma?",
        "Me duele el ojo y lo tengo rojo, ¿qué hago?",
        "¿Cada cuánto debe revisarse los ojos un diabético?",
        "¿Puedo nadar con lentes de contacto?",
        "¿Qué nervio inerva el músculo recto lateral?",
        "Veo destellos de luz, ¿es grave?",
        "¿Cuándo hay que operar las cataratas?",
    ),
    "pt": (
        "Quais são os sintomas do glaucoma agudo?",
        "O timolol é seguro para quem tem asma?",
        "Meu olho está vermelho e doendo, o que eu faço?",
        "De quanto em quanto tempo o diabético deve examinar os olhos?",
        "Posso nadar usando lentes de contato?",
        "Qual nervo inerva o músculo reto lateral?",
        "Estou vendo flashes de luz, é grave?",
        "Quando é preciso operar a catarata?",
    ),
    "fr": (
        "Quels sont les symptômes du glaucome aigu ?",
        "Le timolol est-il sans danger en cas d'asthme ?",
        "J'ai l'œil rouge et ça me fait mal, que faire ?",
        "À quelle fréquence un diabétique doit-il faire examiner ses yeux ?",
        "Peut-on nager avec des lentilles de contact ?",
        "Quel nerf innerve le muscle droit latéral ?",
        "Je vois des éclairs, est-ce grave ?",
        "Quand faut-il opérer une cataracte ?",
    ),
    "zh-Hans": (
        "急性青光眼有哪些症状？",
        "哮喘患者能用噻吗洛尔吗？",
        "眼睛又红又痛怎么办？",
        "糖尿病患者多久检查一次眼底？",
        "游泳时可以戴隐形眼镜吗？",
        "外直肌由哪条神经支配？",
        "为什么眼前有闪光？",
        "白内障什么时候需要手术？",
    ),
    "hi": (
        "काला मोतिया के लक्षण क्या हैं?",
        "क्या अस्थमा के मरीज़ को टिमोलोल देना सुरक्षित है?",
        "मेरी आँख लाल है और दर्द हो रहा है, क्या करूँ?",
        "शुगर के मरीज़ को आँखों की जाँच कितने दिन में करानी चाहिए?",
        "क्या लेंस पहनकर तैर सकते हैं?",
        "लेटरल रेक्टस मांसपेशी को कौन सी नस चलाती है?",
        "आँखों के सामने चमक क्यों दिखती है?",
        "मोतियाबिंद का ऑपरेशन कब कराना चाहिए?",
    ),
    "fil": (
        "Ano ang mga sintomas ng glaucoma?",
        "Puwede ba ang timolol sa may hika?",
        "Namumula at masakit ang mata ko, ano ang gagawin ko?",
        "Gaano kadalas dapat magpatingin ng mata ang may diabetes?",
        "Puwede bang lumangoy nang naka-contact lens?",
        "Aling nerve ang nagpapagalaw sa lateral rectus?",
        "Bakit ako nakakakita ng kislap ng liwanag?",
        "Kailan kailangang operahan ang katarata?",
    ),
    "hi-Latn": (
        "Kala motia ke lakshan kya hain?",
        "Kya asthma ke mareez ko timolol dena safe hai?",
        "Meri aankh laal hai aur dard ho raha hai, kya karun?",
        "Sugar ke mareez ko aankhon ki jaanch kab karani chahiye?",
        "Kya lens pehen kar tair sakte hain?",
        "Motiyabind ka operation kab karwana chahiye?",
        "Aankh mein kuch chala gaya hai",
        "Mujhe dhundhla dikhta hai, doctor ke paas jaun?",
    ),
    "zh-Hant": (
        "急性青光眼有哪些症狀？",
        "氣喘患者可以用這種眼藥水嗎？",
        "眼睛又紅又痛怎麼辦？",
        "糖尿病患者多久要檢查一次眼睛？",
        "游泳時可以戴隱形眼鏡嗎？",
        "為什麼眼前會有閃光？",
        "白內障什麼時候需要開刀？",
        "視網膜剝離要馬上就醫嗎？",
    ),
    "ar": (
        "ما هي أعراض الجلوكوما الحادة؟",
        "هل التيمولول آمن لمريض الربو؟",
        "عيني حمراء وتؤلمني، ماذا أفعل؟",
        "كم مرة يجب أن يفحص مريض السكري عينيه؟",
        "هل يمكنني السباحة بالعدسات اللاصقة؟",
        "ما العصب المسؤول عن حركة العين إلى الخارج؟",
        "لماذا أرى ومضات من الضوء؟",
        "متى نحتاج إلى عملية الماء الأبيض؟",
    ),
    "sw": (
        "Dalili za glakoma ni zipi?",
        "Je, timolol ni salama kwa mtu mwenye pumu?",
        "Jicho langu ni jekundu na linauma, nifanye nini?",
        "Mgonjwa wa kisukari apimwe macho mara ngapi?",
        "Je, ninaweza kuogelea nikiwa na lenzi za macho?",
        "Ni neva gani inayosogeza jicho upande wa nje?",
        "Kwa nini ninaona mwanga wa ghafla?",
        "Upasuaji wa mtoto wa jicho unahitajika lini?",
    ),
    "ru": (
        "Каковы симптомы острой глаукомы?",
        "Можно ли тимолол при астме?",
        "У меня красный глаз и болит, что делать?",
        "Как часто диабетику проверять глаза?",
        "Можно ли плавать в контактных линзах?",
        "Какой нерв иннервирует латеральную прямую мышцу?",
        "Почему я вижу вспышки света?",
        "Когда нужно оперировать катаракту?",
    ),
    "vi": (
        "Triệu chứng của bệnh tăng nhãn áp là gì?",
        "Người bị hen suyễn có dùng được timolol không?",
        "Mắt tôi đỏ và đau, tôi phải làm gì?",
        "Người bị tiểu đường bao lâu nên khám mắt một lần?",
        "Tôi có thể đeo kính áp tròng khi bơi không?",
        "Dây thần kinh nào chi phối cơ thẳng ngoài?",
        "Tại sao tôi nhìn thấy chớp sáng?",
        "Khi nào cần mổ đục thủy tinh thể?",
    ),
}

# German with drug names and Latin, of which the identifier is not sure enough.
DOUBTED = {"de": ("Ist Timolol bei Asthma sicher?", "Welcher Nerv versorgt den Musculus rectus lateralis?")}


@pytest.mark.parametrize("language", QUESTIONS)
def test_short_questions_are_identified(language: str) -> None:
    found = [detect(question).language for question in QUESTIONS[language]]
    assert len(found) == 8
    assert found.count(language) >= 7, dict(zip(QUESTIONS[language], found, strict=True))


@pytest.mark.parametrize("language", [*QUESTIONS, *DOUBTED])
def test_a_question_is_unknown_rather_than_another_language(language: str) -> None:
    for question in (*QUESTIONS.get(language, ()), *DOUBTED.get(language, ())):
        assert detect(question).language in (language, UNKNOWN), question


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ok",
        "OK.",
        "12",
        "???",
        "timolol 0.5%",
        "Timolol",
        "glaucoma",
        "latanoprost",
        "IOP 24 mmHg OD",
        "A",
        "😀",
        "http://",
    ],
)
def test_what_shows_no_language_is_unknown(text: str) -> None:
    found = detect(text)
    assert found.language == UNKNOWN and found.confidence < 0.5


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Paano po i-treat ang dry eyes ko? Super itchy na talaga", "fil"),
        ("Masakit po ang eyes ko, what should I do?", "fil"),
        ("Doctor, hindi ko makita clearly yung blackboard", "fil"),
        ("Meri eye mein bahut pain hai, should I see a doctor?", "hi-Latn"),
        ("Doctor sahab, IOP 24 hai, kya karna chahiye?", "hi-Latn"),
        ("कृपया timolol eye drops की dose बताइए", "hi"),
        ("我的IOP是24，正常吗？", "zh-Hans"),
        ("我的視力突然變差", "zh-Hant"),
        ("ما جرعة timolol للأطفال؟", "ar"),
        ("目が痛いです", "ja"),
        ("눈이 빨갛고 아파요", "ko"),
        ("ตาแดงเจ็บมาก", "th"),
        ("கண் வலி", "ta"),
    ],
)
def test_mixed_languages_and_other_scripts_are_identified(text: str, language: str) -> None:
    assert detect(text).language == language


@pytest.mark.parametrize(
    "text",
    [
        "Si me duele el ojo, ¿qué hago?",
        "No, ya no veo bien",
        "O que é a mácula?",
        "Sa vision est floue",
        "Is my eye at risk?",
    ],
)
def test_words_that_are_also_filipino_or_hindi_do_not_mislead(text: str) -> None:
    assert detect(text).language not in ("fil", "hi-Latn")


def test_a_language_below_the_margin_of_its_script_is_the_usual_one() -> None:
    assert detect("आँख").language == "hi"
    assert detect("عين").language == "ar"


@given(st.text(max_size=80))
def test_any_text_can_be_looked_at(text: str) -> None:
    found = detect(text)
    assert 0 <= found.confidence <= 1.0001
    assert found.language == UNKNOWN or canonical(found.language) == found.language


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [
        ("en", "en"), ("EN", "en"), ("en-GB", "en"), ("en_US", "en"), (" es ", "es"), ("es-419", "es"), ("pt-BR", "pt"),
        ("tl", "fil"), ("fil", "fil"), ("fil-PH", "fil"), ("Tagalog", "fil"), ("Filipino", "fil"),
        ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh_SG", "zh-Hans"), ("cmn", "zh-Hans"), ("zh-Hans-HK", "zh-Hans"),
        ("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-Hant", "zh-Hant"),
        ("hi", "hi"), ("hi-Deva", "hi"), ("hi-IN", "hi"), ("hi-Latn", "hi-Latn"), ("hi_latn", "hi-Latn"),
        ("sr", "sr"), ("sr-Latn", "sr-Latn"), ("iw", "he"), ("ar-EG", "ar"), ("und", "und"),
        ("Spanish", "es"), ("español", "es"), ("français", "fr"), ("Hindi", "hi"), ("हिन्दी", "hi"), ("中文", "zh-Hans"),
        ("Chinese", "zh-Hans"), ("Traditional Chinese", "zh-Hant"), ("Brazilian Portuguese", "pt"), ("Swahili", "sw"),
    ],
)  # fmt: skip
def test_tags_and_names_become_canonical(tag: str, wanted: str) -> None:
    assert canonical(tag) == wanted
    assert canonical(canonical(tag)) == wanted


@pytest.mark.parametrize(
    "tag", ["", "  ", "auto", "a", "xx-nonsense", "qqqqq", "123", "../etc", "x-klingon", "mul", "zxx", "ok?"]
)
def test_a_bad_tag_is_refused_with_what_to_write(tag: str) -> None:
    with pytest.raises(InputError, match=r"unknown language .*BCP 47") as caught:
        canonical(tag)
    assert "\n" not in str(caught.value)


def test_every_supported_tag_is_canonical_and_has_a_name() -> None:
    for tag in SUPPORTED:
        assert canonical(tag) == tag
        assert english_name(tag)[0].isupper()


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "English"), ("fil", "Filipino"), ("zh-Hans", "Simplified Chinese"), ("zh-Hant", "Traditional Chinese"),
        ("hi-Latn", "Hindi written in Latin letters"), ("sw", "Swahili"), ("und", "the language of the question"),
    ],
)  # fmt: skip
def test_prompts_call_a_language_by_its_english_name(tag: str, name: str) -> None:
    assert english_name(tag) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("red eye", "Latn"), ("आँख में timolol", "Deva"), ("眼压IOP24", "Hani"), ("The IOP was high 眼", "Latn"),
        ("العين", "Arab"), ("目が痛い", "Kana"), ("глаз", "Cyrl"), ("123 ?!", None), ("", None),
        ("Der Patient sagt: 眼睛", "Hani"), ("ophthalmologist says दर्द only", "Latn"),
    ],
)  # fmt: skip
def test_the_main_script_is_found_among_latin_terms(text: str, found: str | None) -> None:
    assert script(text) == found


def test_letters_are_counted_by_script() -> None:
    assert script_counts("眼 eye आ 12") == {"Latn": 3, "Deva": 1, "Hani": 1}


@pytest.mark.parametrize(
    ("text", "language", "fits"),
    [
        ("The pressure inside the eye rises and damages the nerve.", "en", True),
        ("La presión dentro del ojo sube y daña el nervio óptico.", "es", True),
        ("A pressão dentro do olho aumenta e lesa o nervo óptico.", "pt", True),
        ("La pression dans l'œil augmente et abîme le nerf optique.", "fr", True),
        ("眼内压力升高，损伤视神经。", "zh-Hans", True),
        ("आँख का दबाव बढ़ने से नस खराब होती है।", "hi", True),
        ("Tumataas ang presyon sa loob ng mata at nasisira ang nerve nito.", "fil", True),
        ("Aankh ka dabav badhne se nas kharab hoti hai, isliye jaanch zaroori hai.", "hi-Latn", True),
        ("يرتفع الضغط داخل العين فيتلف العصب البصري.", "ar", True),
        ("The pressure inside the eye rises and damages the nerve.", "hi", False),
        ("The pressure inside the eye rises and damages the nerve.", "zh-Hans", False),
        ("The pressure inside the eye rises and damages the optic nerve.", "es", False),
        ("La presión dentro del ojo sube y daña el nervio óptico poco a poco.", "en", False),
        ("आँख का दबाव बढ़ने से नस खराब होती है।", "hi-Latn", False),
        ("Timolol", "es", True),  # too short to tell
        ("24", "hi", True),
        ("", "fr", True),
        ("anything at all", "und", True),
        ("眼圧が高い", "ja", True),
        ("眼圧上昇", "ja", True),
    ],
)
def test_a_text_is_checked_against_the_language_it_should_be_in(text: str, language: str, fits: bool) -> None:
    assert is_written_in(text, language) is fits


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "Latn"), ("hi", "Deva"), ("zh-Hans", "Hani"), ("zh-Hant", "Hani"), ("ja", "Kana"), ("ko", "Hang")],
)
def test_each_language_has_a_usual_script(tag: str, name: str) -> None:
    assert usual_script(tag) == name

"""Citations: a quote counts where the passage really holds it, with every number, unit and negation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.knowledge import KnowledgeBase, check_quote, cite, negations, same_facts
from clara.types import Passage

# A passage in each language: what the eye needs, and what must not be done.
TEXTS = {
    "en": "- Timolol 0.5% drops lower the pressure inside the eye.\n"
    "- Do not use steroid drops without a prescription, because the pressure can rise within 14 days.\n"
    "- The normal pressure is 10-21 mmHg.",
    "es": "- Las gotas de timolol al 0,5 % bajan la presión dentro del ojo.\n"
    "- No use gotas de corticoides sin receta, porque la presión puede subir en 14 días.\n"
    "- La presión normal es de 10-21 mmHg.",
    "pt": "- O colírio de timolol a 0,5% baixa a pressão dentro do olho.\n"
    "- Não use colírio de corticoide sem receita, porque a pressão pode subir em 14 dias.\n"
    "- A pressão normal é de 10-21 mmHg.",
    "fr": "- Le collyre de timolol à 0,5 % abaisse la pression dans l’œil.\n"
    "- N’utilisez pas de collyre aux corticoïdes sans ordonnance, car la pression peut monter en 14 jours.\n"
    "- La pression normale est de 10-21 mmHg.",
    "zh-Hans": "- 0.5%噻吗洛尔滴眼液可以降低眼内压力。\n"
    "- 没有处方不要使用激素类滴眼液，因为眼压可能在14天内升高。\n- 正常眼压为10-21 mmHg。",
    "hi": "- टिमोलोल 0.5% की बूँदें आँख के अंदर का दबाव घटाती हैं।\n"
    "- डॉक्टर की पर्ची के बिना स्टेरॉयड की बूँदें न डालें, क्योंकि दबाव 14 दिन में बढ़ सकता है।\n"
    "- आँख का सामान्य दबाव 10-21 mmHg होता है।",
    "fil": "- Pinabababa ng timolol 0.5% na patak ang presyon sa loob ng mata.\n"
    "- Huwag gumamit ng steroid na patak nang walang reseta, dahil maaaring tumaas ang presyon sa loob ng 14 araw.\n"
    "- Ang normal na presyon ay 10-21 mmHg.",
}

EXACT = {
    "en": ("lower the pressure inside the eye", "“Do NOT use steroid drops without a prescription”", "10–21 mmHg. "),
    "es": (
        "bajan la presión dentro del ojo",
        "«No use gotas de corticoides sin receta»",
        "La presión normal es de 10-21 mmHg",
    ),
    "pt": (
        "baixa a pressão dentro do olho",
        "Não use colírio de corticoide sem receita",
        "a pressão pode subir em 14 dias",
    ),
    "fr": (
        "abaisse la pression dans l'œil",
        "N'utilisez pas de collyre aux corticoïdes sans ordonnance",
        "la pression peut monter en 14 jours",
    ),
    "zh-Hans": ("降低眼内压力", "没有处方不要使用激素类滴眼液", "０．５％噻吗洛尔滴眼液可以降低眼内压力。"),
    "hi": ("आँख के अंदर का दबाव घटाती हैं", "पर्ची के बिना स्टेरॉयड की बूँदें न डालें", "दबाव १४ दिन में बढ़ सकता है"),
    "fil": (
        "presyon sa loob ng mata",
        "Huwag gumamit ng steroid na patak nang walang reseta",
        "tumaas ang presyon sa loob ng 14 araw",
    ),
}

# An accent, an ending, a small word or the spacing is off.
NEAR = {
    "en": ("Timolol 0.5 % drops lower pressure inside the eye", "Do not use steroid drop without prescription"),
    "es": ("Las gotas de timolol al 0.5% bajan la presion dentro del ojo", "La presión normal es 10-21 mmHg"),
    "pt": ("colirio de timolol a 0,5 % baixa a pressao dentro do olho", "Não use colírios de corticoide sem receita"),
    "fr": (
        "collyre de timolol à 0.5% abaisse la pression dans l'oeil".replace("oe", "œ"),
        "la pression normale est 10-21 mmHg",
    ),
    "zh-Hans": ("没有处方不要使用激素类的滴眼液，因为眼压可能在14天内升高", "正常的眼压为10-21mmHg"),
    "hi": ("टिमोलोल 0.5% की बूंदें आंख के अंदर दबाव घटाती हैं", "पर्ची के बिना स्टेरॉयड बूँदें न डालें, क्योंकि दबाव 14 दिन में बढ़ सकता"),
    "fil": ("Pinabababa ng timolol 0.5 % na patak ang presyon sa loob mata", "Ang normal presyon ay 10-21 mmHg"),
}

# A number, a decimal, a unit, a negation or the sense is changed, or a word, a number or a negation is cut away.
WRONG = {
    "en": (
        "Timolol 5% drops lower the pressure inside the eye",
        "5% drops lower the pressure inside the eye",
        "Timolol 0.5 mg drops lower the pressure inside the eye",
        "Timolol 0.5% drops raise the pressure inside the eye",
        "use steroid drops without a prescription",
        "Do use steroid drops without a prescription",
        "Do not use steroid drops with a prescription",
        "the pressure can rise within 14 hours",
        "the pressure can rise within 41 days",
        "The normal pressure is 10",
        "21 mmHg is the normal pressure",
        "imolol 0.5% drops lower the pressure",
        "lower the pressure inside the ey",
        "Timolol 0.5% drops never lower the pressure inside the eye",
    ),
    "es": (
        "Las gotas de timolol al 5 % bajan la presión dentro del ojo",
        "Las gotas de timolol al 0,5 mg bajan la presión dentro del ojo",
        "Las gotas de timolol al 0,5 % suben la presión dentro del ojo",
        "use gotas de corticoides sin receta",
        "No use gotas de corticoides con receta",
        "sión dentro del ojo",
        "la presión puede subir en 4 días",
        "La presión normal es de 10",
    ),
    "pt": (
        "5% baixa a pressão dentro do olho",
        "O colírio de timolol a 0,5% aumenta a pressão dentro do olho",
        "use colírio de corticoide sem receita",
        "Não use colírio de corticoide com receita",
        "rio de timolol a 0,5% baixa a pressão",
        "a pressão pode subir em 14 horas",
    ),
    "fr": (
        "5 % abaisse la pression dans l'œil",
        "Le collyre de timolol à 0,5 % augmente la pression dans l'œil",
        "de collyre aux corticoïdes sans ordonnance",
        "Utilisez du collyre aux corticoïdes sans ordonnance",
        "lyre de timolol à 0,5 % abaisse la pression",
        "la pression peut monter en 14 heures",
    ),
    "zh-Hans": (
        "5%噻吗洛尔滴眼液可以降低眼内压力",
        "0.5%噻吗洛尔滴眼液可以升高眼内压力",
        "使用激素类滴眼液，因为眼压可能",
        "没有处方要使用激素类滴眼液",
        "眼压可能在14小时内升高",
        "眼压可能在4天内升高",
        "正常眼压为10",
    ),
    "hi": (
        "5% की बूँदें आँख के अंदर का दबाव घटाती हैं",
        "टिमोलोल 0.5% की बूँदें आँख के अंदर का दबाव बढ़ाती हैं",
        "डॉक्टर की पर्ची के बिना स्टेरॉयड की बूँदें डालें",
        "पर्ची के बिना स्टेरॉयड की बूँदें",
        "ँख के अंदर का दबाव घटाती हैं",
        "मोलोल 0.5% की बूँदें आँख के अंदर",
        "दबाव 14 घंटे में बढ़ सकता है",
    ),
    "fil": (
        "Pinabababa ng timolol 5% na patak ang presyon sa loob ng mata",
        "Pinatataas ng timolol 0.5% na patak ang presyon sa loob ng mata",
        "gumamit ng steroid na patak nang walang reseta",
        "Huwag gumamit ng steroid na patak nang may reseta",
        "bababa ng timolol 0.5% na patak ang presyon",
        "tumaas ang presyon sa loob ng 14 oras",
    ),
}


def rows(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(language, quote) for language, quotes in table.items() for quote in quotes]


@pytest.mark.parametrize(("language", "quote"), [r for r in rows(EXACT) if len(r[1].strip()) > 11 or r[0] == "zh-Hans"])
def test_a_verbatim_quote_is_exact_whatever_its_case_width_and_marks(language: str, quote: str) -> None:
    assert check_quote(quote, TEXTS[language], language)[0] == "exact"


@pytest.mark.parametrize(("language", "quote"), rows(NEAR))
def test_a_slightly_wrong_copy_is_near_and_gives_the_passages_words(language: str, quote: str) -> None:
    state, words = check_quote(quote, TEXTS[language], language)
    assert state == "near"
    assert words in TEXTS[language]


@pytest.mark.parametrize(("language", "quote"), rows(WRONG))
def test_a_quote_with_another_number_unit_negation_or_sense_is_unverified(language: str, quote: str) -> None:
    assert check_quote(quote, TEXTS[language], language) == ("unverified", quote)


@pytest.mark.parametrize(("language", "quote"), rows(EXACT | NEAR))
def test_a_quote_is_not_found_in_another_passage(language: str, quote: str) -> None:
    other = TEXTS["en" if language != "en" else "es"]
    assert check_quote(quote, other, "en" if language != "en" else "es")[0] == "unverified"


@pytest.mark.parametrize(
    ("text", "quote", "state"),
    [
        ("Vision was 20/200 in that eye.", "Vision was 20/20", "unverified"),
        ("Vision was 20/200 in that eye.", "Vision was 20/200", "exact"),
        ("Give 200 000 IU of vitamin A at once.", "Give 200 of vitamin A", "unverified"),
        ("Give 200 000 IU of vitamin A at once.", "000 IU of vitamin A at once", "unverified"),
        ("The drug is unsafe in pregnancy for all.", "safe in pregnancy for all", "unverified"),
        ("The drug is not safe in pregnancy.", "safe in pregnancy", "unverified"),
        ("If it does not hurt, see a doctor the same day.", "see a doctor the same day", "exact"),
        ("It is red and it is not contagious.", "It is red and it is not contagious", "exact"),
        ("- It does not spread\n- Wash your hands often", "Wash your hands often", "exact"),
        ("At age 40. 20 drops are in a bottle.", "20 drops are in a bottle", "exact"),
        ("यह बीमारी एक से दूसरे को फैलने वाली नहीं है।", "यह बीमारी एक से दूसरे को फैलने वाली", "unverified"),
        ("这种药对孕妇不安全，请告诉医生。", "安全，请告诉医生", "unverified"),
        ("视网膜脱离是急症。", "视网膜脱离是急症", "exact"),
        ("Hay opción correcta para cada caso.", "ción correcta para cada caso", "unverified"),
    ],
)
def test_what_is_cut_away_beside_a_quote_counts(text: str, quote: str, state: str) -> None:
    assert check_quote(quote, text)[0] == state


@pytest.mark.parametrize(
    "quote", ["", " ", '""', "the eye", "pressure", "眼睛", "滴眼液可以", "आँख", "ojo", "...", "0.5%", "10-21 mmHg"]
)
def test_very_short_quotes_are_unverified(quote: str) -> None:
    assert all(check_quote(quote, text, tag)[0] == "unverified" for tag, text in TEXTS.items())


def test_a_quote_pieced_together_is_unverified() -> None:
    assert check_quote("Timolol 0.5% drops can rise within 14 days", TEXTS["en"])[0] == "unverified"
    assert check_quote("Timolol 0.5% drops ... 10-21 mmHg", TEXTS["en"])[0] == "unverified"


def test_a_quote_over_two_sentences_is_exact() -> None:
    text = "The eye is red. It hurts a lot. Vision is blurred."
    assert check_quote("The eye is red. It hurts a lot.", text)[0] == "exact"


def test_a_citation_carries_the_passage_and_the_state() -> None:
    passage = Passage(id="x#1", text=TEXTS["hi"], language="hi", title="दबाव", source="NHS. Leaflet.")
    citation = cite(passage, "पर्ची के बिना स्टेरॉयड की बूँदें न डालें")
    assert (citation.id, citation.title, citation.language, citation.source) == ("x#1", "दबाव", "hi", "NHS. Leaflet.")
    assert (citation.state, citation.quote) == ("exact", "पर्ची के बिना स्टेरॉयड की बूँदें न डालें")
    assert cite(passage, "स्टेरॉयड की बूँदें डालें").state == "unverified"


def test_every_shipped_claim_is_an_exact_quote_of_its_passage(shipped_kb: KnowledgeBase) -> None:
    for language in shipped_kb.store.languages():
        passages = shipped_kb.store.passages(shipped_kb.store.chunk_ids(language))
        for passage in passages.values():
            for line in passage.text.splitlines():
                claim = line.removeprefix("- ")
                assert cite(passage, claim).state == "exact", claim


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Do not use it without advice; it isn't safe.", 3),
        ("No lo use sin receta ni de noche.", 3),
        ("¿Qué hago si me duele el ojo?", 0),
        ("Qual o melhor tratamento no glaucoma agudo?", 0),
        ("Não use sem receita, nunca no olho.", 3),
        ("Que faire si l'œil est rouge ?", 0),
        ("N’utilisez jamais ce collyre sans avis.", 3),
        ("不要使用，没有处方。", 2),
        ("बिना पर्ची के न डालें, यह सुरक्षित नहीं है।", 3),
        ("आँख मत मलो। छुओ भी मत।", 2),
        ("मतली और नाक बहना", 0),  # nausea and a running nose hold no negation
        ("Bina doctor ke dawai mat dalo, yeh sahi nahi hai.", 3),
        ("Huwag gumamit nang walang reseta; hindi ito ligtas.", 3),
        ("Si Ana po ay may pananakit ng mata.", 0),
        ("لا تستخدم القطرة دون وصفة.", 2),
        ("Wipe your feet on the door mat.", 0),
    ],
)
def test_negations_are_counted_in_their_language(text: str, count: int) -> None:
    assert negations(text).total() == count


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("0.5% twice a day", "0,5 % twice a day", True),
        ("5 mg daily", "5 ml daily", False),
        ("in 24 hours", "in 24 days", False),
        ("in २४ hours", "in 24 hours", True),
        ("not today", "today", False),
    ],
)
def test_facts_are_numbers_units_and_negations(a: str, b: str, same: bool) -> None:
    assert same_facts(a, b, "en") is same


@given(st.sampled_from(sorted(TEXTS)), st.text(max_size=60))
def test_any_quote_gets_a_state_and_only_found_words_count(language: str, quote: str) -> None:
    state, words = check_quote(quote, TEXTS[language], language)
    assert state in ("exact", "near", "unverified")
    assert state == "unverified" or words

"""Search across languages: the same fact for the same question, nothing for what the base does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.config import SearchSettings
from clara.errors import ResourceError
from clara.knowledge import Concept, Glossary, HashedNGrams, KnowledgeBase, Lexicon, Searcher, coverage
from clara.knowledge.ingest import read_documents
from clara.knowledge.search import load_stopwords
from clara.knowledge.space import VectorSpace
from clara.knowledge.store import Store
from clara.languages import SUPPORTED
from tests.conftest import SHIPPED

# Translation group -> the same question in each language, as a patient would ask it.
FACTS = {
    "angle-closure-glaucoma#1.0": {
        "en": "What are the symptoms of acute angle-closure glaucoma?",
        "es": "¿Cuáles son los síntomas del glaucoma agudo de ángulo cerrado?",
        "pt": "Quais são os sintomas do glaucoma agudo de ângulo fechado?",
        "fr": "Quels sont les symptômes du glaucome aigu par fermeture de l'angle ?",
        "zh-Hans": "急性闭角型青光眼有哪些症状？",
        "hi": "एंगल क्लोज़र ग्लूकोमा के लक्षण क्या हैं?",
        "fil": "Ano ang mga sintomas ng angle-closure glaucoma?",
    },
    "retinal-detachment#3.0": {
        "en": "What are the warning signs of retinal detachment?",
        "es": "¿Cuáles son las señales de alarma del desprendimiento de retina?",
        "pt": "Quais são os sinais de alerta do descolamento de retina?",
        "fr": "Quels sont les signes d'alerte du décollement de la rétine ?",
        "zh-Hans": "视网膜脱离有哪些警示信号？",
        "hi": "रेटिना का परदा उखड़ने के चेतावनी के संकेत क्या हैं?",
        "fil": "Ano ang mga babalang senyales ng retinal detachment?",
    },
    "cataract#5.0": {
        "en": "How is cataract treated?",
        "es": "¿Cómo se trata la catarata?",
        "pt": "Como se trata a catarata?",
        "fr": "Comment traite-t-on la cataracte ?",
        "zh-Hans": "白内障怎么治疗？",
        "hi": "मोतियाबिंद का इलाज कैसे होता है?",
        "fil": "Paano ginagamot ang katarata?",
    },
    "amblyopia#5.0": {
        "en": "How is amblyopia treated in children?",
        "es": "¿Cómo se trata la ambliopía en los niños?",
        "pt": "Como se trata a ambliopia em crianças?",
        "fr": "Comment traite-t-on l'amblyopie chez l'enfant ?",
        "zh-Hans": "儿童弱视怎么治疗？",
        "hi": "बच्चों में सुस्त आँख (amblyopia) का इलाज कैसे होता है?",
        "fil": "Paano ginagamot ang amblyopia sa mga bata?",
    },
    "dry-eye#1.0": {
        "en": "What are the symptoms of dry eye?",
        "es": "¿Cuáles son los síntomas del ojo seco?",
        "pt": "Quais são os sintomas do olho seco?",
        "fr": "Quels sont les symptômes de la sécheresse oculaire ?",
        "zh-Hans": "干眼症有哪些症状？",
        "hi": "ड्राई आई (आँखों का सूखापन) के लक्षण क्या हैं?",
        "fil": "Ano ang mga sintomas ng dry eye?",
    },
    "keratoconus#2.0": {
        "en": "What are the causes and risks of keratoconus?",
        "es": "¿Cuáles son las causas y los riesgos del queratocono?",
        "pt": "Quais são as causas e os riscos do ceratocone?",
        "fr": "Quelles sont les causes et les risques du kératocône ?",
        "zh-Hans": "圆锥角膜的病因和危险因素是什么？",
        "hi": "केराटोकोनस के कारण और जोखिम क्या हैं?",
        "fil": "Ano ang mga sanhi at panganib ng keratoconus?",
    },
    "vitamin-a-deficiency#1.0": {
        "en": "What are the symptoms of vitamin A deficiency?",
        "es": "¿Cuáles son los síntomas de la deficiencia de vitamina A?",
        "pt": "Quais são os sintomas da deficiência de vitamina A?",
        "fr": "Quels sont les symptômes de la carence en vitamine A ?",
        "zh-Hans": "维生素A缺乏有哪些症状？",
        "hi": "विटामिन A की कमी के लक्षण क्या हैं?",
        "fil": "Ano ang mga sintomas ng kakulangan sa bitamina A?",
    },
    "retinoblastoma#1.0": {
        "en": "What are the symptoms of retinoblastoma in a child?",
        "es": "¿Cuáles son los síntomas del retinoblastoma en un niño?",
        "pt": "Quais são os sintomas do retinoblastoma na criança?",
        "fr": "Quels sont les symptômes du rétinoblastome chez l'enfant ?",
        "zh-Hans": "儿童视网膜母细胞瘤有哪些症状？",
        "hi": "बच्चे में रेटिनोब्लास्टोमा के लक्षण क्या हैं?",
        "fil": "Ano ang mga sintomas ng retinoblastoma sa bata?",
    },
}
# Nothing of this is in the base.
OFF_TOPIC = {
    "en": (
        "How do I bake sourdough bread at home?",
        "Who won the 2002 world cup?",
        "Is my car insurance valid abroad?",
    ),
    "es": ("¿Cuál es la capital de Mongolia?", "¿Cómo se cocina una paella?", "¿Quién pintó las Meninas?"),
    "pt": ("Quem ganhou a Copa do Mundo de 2002?", "Como faço um bolo de cenoura?", "Qual é a capital da Austrália?"),
    "fr": ("Comment changer un pneu de vélo ?", "Qui a écrit Les Misérables ?", "Quel train va à Lyon ?"),
    "zh-Hans": ("北京到上海的火车票多少钱？", "谁写了红楼梦？"),
    "hi": ("क्रिकेट में एलबीडब्ल्यू का नियम क्या है?", "दिल्ली से मुंबई की ट्रेन कब है?", "ताजमहल किसने बनवाया?"),
    "fil": ("Paano magluto ng adobong manok?", "Magkano ang pamasahe papuntang Baguio?"),
    "hi-Latn": ("Gaadi ka engine kaise theek karein?", "Kal barish hogi kya?", "Biryani kaise banate hain?"),
    "sw": ("Bei ya mahindi sokoni ni kiasi gani?", "Nani alishinda mechi jana?", "Treni inaondoka saa ngapi?"),
    "ar": ("كيف أطبخ الأرز؟", "من فاز بالمباراة؟", "ما هي عاصمة مصر؟"),
    "und": ("zzz qqq", "xyzzy", "lorem ipsum dolor"),
}

STOPWORDS = load_stopwords(SHIPPED / "stopwords.tsv")


@pytest.mark.parametrize(("group", "language"), [(group, tag) for group in FACTS for tag in SUPPORTED])
def test_a_fact_asked_in_any_language_comes_from_its_translation_group(
    group: str, language: str, shipped_kb: KnowledgeBase
) -> None:
    evidence = shipped_kb.search(FACTS[group][language], language).evidence
    assert group in [e.passage.group for e in evidence[:2]]
    assert next(e for e in evidence if e.passage.group == group).passage.language == language


@pytest.mark.parametrize("group", FACTS)
def test_the_same_question_finds_much_the_same_evidence_in_every_language(
    group: str, shipped_kb: KnowledgeBase
) -> None:
    found = {
        tag: {e.passage.document.rsplit("/", 1)[0] for e in shipped_kb.search(question, tag).evidence[:3]}
        for tag, question in FACTS[group].items()
    }
    assert set.intersection(*found.values()), found


@pytest.mark.parametrize(("language", "question"), [(tag, q) for tag, all_ in OFF_TOPIC.items() for q in all_])
def test_off_topic_questions_pass_no_gate(language: str, question: str, shipped_kb: KnowledgeBase) -> None:
    assert shipped_kb.search(question, language).evidence == ()


@pytest.mark.parametrize(
    ("question", "language", "wanted"),
    [
        ("kala motia ke lakshan kya hain", "hi-Latn", "hi"),  # romanised Hindi reads Devanagari evidence
        ("cataract ka treatment kya hai", "hi-Latn", "hi"),
        ("Paano po i-treat ang cataract?", "fil", "fil"),  # Taglish
        ("急性青光眼有哪些症狀？", "zh-Hant", "zh-Hans"),
    ],
)
def test_another_script_or_mixture_is_answered_in_the_bases_own_language(
    question: str, language: str, wanted: str, shipped_kb: KnowledgeBase
) -> None:
    evidence = shipped_kb.search(question, language).evidence
    assert evidence and evidence[0].passage.language == wanted


@pytest.mark.parametrize("question", ["glaucoma", "retina", "白内障", "मोतियाबिंद"])
def test_an_unknown_language_is_searched_everywhere(question: str, shipped_kb: KnowledgeBase) -> None:
    result = shipped_kb.search(question, "und")
    assert set(result.queries) == set(SUPPORTED)
    assert result.evidence


def test_a_translation_stands_in_for_a_language_the_base_does_not_hold(shipped_kb: KnowledgeBase) -> None:
    question = "Was sind die Symptome des akuten Winkelblockglaukoms?"
    translated = {"en": FACTS["angle-closure-glaucoma#1.0"]["en"]}
    evidence = shipped_kb.search(question, "de", variants=translated).evidence
    assert evidence[0].passage.group == "angle-closure-glaucoma#1.0" and evidence[0].passage.language == "en"


@pytest.mark.parametrize("question", [*FACTS["cataract#5.0"].values(), "eye pain red vision loss light treatment"])
def test_results_are_numbered_sorted_and_of_one_version_each(question: str, shipped_kb: KnowledgeBase) -> None:
    result = shipped_kb.search(question, "und", k=10)
    for listed in (result.evidence, result.rejected):
        assert [e.rank for e in listed] == list(range(1, len(listed) + 1)) and len(listed) <= 10
        assert all(0 <= e.score <= 1 and e.origins for e in listed)
    groups = [e.passage.group for e in (*result.evidence, *result.rejected)]
    assert len(set(groups)) == len(groups)
    assert [e.score for e in result.rejected] == sorted((e.score for e in result.rejected), reverse=True)
    documents = Counter(e.passage.document for e in result.evidence)
    assert not documents or max(documents.values()) <= 2


def test_k_limits_what_is_returned(shipped_kb: KnowledgeBase) -> None:
    assert len(shipped_kb.search("How is cataract treated?", "en", k=2).evidence) == 2


@pytest.mark.parametrize("question", ["", "?", "...", "。", "😀", '"--;(', "a" * 5000])
def test_a_query_without_content_finds_nothing(question: str, shipped_kb: KnowledgeBase) -> None:
    for language in ("en", "zh-Hans", "und", "sw"):
        assert shipped_kb.search(question, language).evidence == ()


Build = Callable[..., Searcher]
COUNTRIES = {"MX": 40, "IN": 30, "world": 50}


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    opened: list[tuple[Store, VectorSpace]] = []

    def make(
        texts: dict[str, dict[str, tuple[str, ...]]], glossary: Glossary | None = None, **settings: object
    ) -> Searcher:
        """A searcher over documents {name: {language: sections}}."""
        folder = tmp_path / str(len(opened))
        store = Store(_made(folder) / "kb.sqlite3")
        space = VectorSpace(store, HashedNGrams(), folder)
        opened.append((store, space))
        for name, versions in texts.items():
            for language, sections in versions.items():
                path = _made(folder / name) / f"{language}.md"
                body = "".join(f"\n## {i}\n{text}\n" for i, text in enumerate(sections))
                country = f"country: {name}\n" if name.isupper() else ""
                front = f"---\nlang: {language}\ngroup: {name}\ntitle: {name}\n{country}---\n"
                path.write_text(front + body, encoding="utf-8")
                store.put(read_documents(path, root=folder))
        space.rebuild()
        lexicon = Lexicon(store, STOPWORDS)
        return Searcher(store, space, lexicon, glossary or Glossary([]), SearchSettings(**settings))  # type: ignore[arg-type]

    yield make
    for store, space in opened:
        space.close()
        store.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("language", ["en", "hi", "zh-Hans", "und", "sw"])
def test_an_empty_base_finds_nothing(language: str, build: Build) -> None:
    result = build({}).search("What is glaucoma?", language)
    assert result.evidence == () and result.rejected == ()


def test_a_document_gives_no_more_than_its_share(build: Build) -> None:
    sections = tuple(f"Glaucoma damages the nerve, part {word}." for word in ("one", "two", "three", "four", "five"))
    texts = {"long": {"en": sections}, "short": {"en": ("Glaucoma damages the nerve too.",)}}
    for cap in (1, 2, 3):
        evidence = build(texts, per_source=cap, gate=0.0).search("glaucoma damages the nerve", "en", k=6).evidence
        shares = Counter(e.passage.document for e in evidence)
        assert shares == {"long/en": cap, "short/en": 1}


def test_the_gate_tells_evidence_from_the_rest(build: Build) -> None:
    texts = {"a": {"en": ("Timolol lowers pressure.",)}, "b": {"en": ("Timolol may slow the heart.",)}}
    open_, shut = build(texts, gate=0.0), build(texts, gate=1.0)
    assert {e.passage.document for e in open_.search("timolol pressure", "en").evidence} == {"a/en", "b/en"}
    result = shut.search("timolol pressure", "en")
    assert [e.passage.document for e in result.evidence] == ["a/en"]
    assert [e.passage.document for e in result.rejected] == ["b/en"]


@pytest.mark.parametrize("here", ["MX", "México", "Mexico"])
def test_evidence_of_the_askers_country_comes_first_and_another_s_last(build: Build, here: str) -> None:
    searcher = build({name: {"en": (f"Eye screening begins at {age}.",)} for name, age in COUNTRIES.items()}, gate=0.0)
    evidence = searcher.search("When does eye screening begin?", "en", country=here).evidence
    assert [e.passage.country for e in evidence] == ["MX", None, "IN"]
    assert {e.passage.id for e in searcher.search("When does eye screening begin?", "en").evidence} == {
        e.passage.id for e in evidence
    }


def test_versions_of_one_passage_are_one_piece_in_the_askers_language(build: Build) -> None:
    glossary = Glossary(
        [
            Concept(
                id="glaucoma",
                terms={"en": ("glaucoma",), "fil": ("glaucoma",), "es": ("glaucoma",)},
                abbreviations=(),
                do_not_confuse=(),
            )
        ]
    )
    same = {
        "en": ("Glaucoma damages the nerve.",),
        "fil": ("Sinisira ng glaucoma ang nerve.",),
        "es": ("El glaucoma daña el nervio.",),
    }
    searcher = build({"a": same}, glossary)
    for language in same:
        evidence = searcher.search("glaucoma", language).evidence
        assert [(e.passage.group, e.passage.language) for e in evidence] == [("a#0.0", language)]


def test_english_evidence_is_found_through_the_glossary_where_the_own_language_has_none(build: Build) -> None:
    cataract = Concept(
        id="cataract", terms={"en": ("cataract",), "hi": ("मोतियाबिंद",)}, abbreviations=(), do_not_confuse=()
    )
    texts = {"a": {"en": ("Cataract clouds the lens.",)}, "b": {"hi": ("पलकों की सफ़ाई रोज़ करें।",)}}
    result = build(texts, Glossary([cataract])).search("मोतियाबिंद क्या है?", "hi")
    assert [e.passage.document for e in result.evidence] == ["a/en"]
    assert result.queries["en"] == "cataract"


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("What are the symptoms of glaucoma?", "en", ["symptoms", "glaucoma"]),
        ("¿Cuáles son los síntomas del glaucoma?", "es", ["sintomas", "glaucoma"]),
        ("青光眼是什么？", "zh-Hans", ["青光", "光眼"]),
        ("ग्लूकोमा क्या है?", "hi", ["ग्लूकोमा"]),
        ("Ano ang glaucoma?", "fil", ["glaucoma"]),
    ],
)
def test_function_and_question_words_carry_nothing(text: str, language: str, terms: list[str], build: Build) -> None:
    assert build({}).lexicon.content_terms(text, language) == terms


def test_coverage_by_hand() -> None:
    weights = {"glaucoma": 3.0, "symptoms": 1.0}
    assert coverage(["glaucoma", "symptoms"], {"glaucoma", "eye"}, weights) == pytest.approx(0.75)
    assert coverage(["glaucoma", "symptoms"], {"glaucoma", "symptom"}, weights) == pytest.approx((3 + 0.75) / 4)
    assert coverage(["glaucoma"], {"glaucoma"}, weights) == 1.0
    assert coverage(["glaucoma"], {"glue"}, weights) == 0.0
    assert coverage([], {"eye"}, {}) == 0.0
    assert coverage(["unknown"], {"unknown"}, {}) == 0.0


@given(
    st.lists(st.sampled_from(["eye", "pain", "vision", "light", "nerve"]), unique=True, min_size=1),
    st.sets(st.sampled_from(["eye", "pain", "vision", "visions", "light", "other"])),
    st.sampled_from(["eye", "pain", "vision", "light", "nerve"]),
)
def test_coverage_grows_with_what_a_passage_holds(wanted: list[str], held: set[str], more: str) -> None:
    weights = {word: 1.0 + i for i, word in enumerate(wanted)}
    before = coverage(wanted, held, weights)
    assert 0 <= before <= coverage(wanted, held | {more}, weights) <= 1
    assert coverage(wanted, set(wanted), weights) == pytest.approx(1.0)


def test_shipped_stopwords_are_listed_for_every_language_and_hold_no_medical_word() -> None:
    assert {*SUPPORTED, "hi-Latn", "zh-Hant"} <= set(STOPWORDS)
    assert all(len(words) >= 10 for words in STOPWORDS.values())
    medical = {
        "eye",
        "pain",
        "ojo",
        "dolor",
        "olho",
        "dor",
        "œil",
        "douleur",
        "眼",
        "痛",
        "आंख",
        "दर्द",
        "mata",
        "sakit",
        "no",
        "not",
    }
    assert not medical - {"no", "not"} & frozenset().union(*STOPWORDS.values())


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"tag\tlist\nen\tthe\n"])
def test_unreadable_stopwords_are_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "stop.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResourceError, match=r"cannot read .*stop\.tsv"):
        load_stopwords(path)


def test_a_large_base_is_looked_up_by_the_rarer_terms(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"d{i}": {"en": (f"Common words about eyes and drug{i}.",)} for i in range(12)}
    lexicon = build(texts).lexicon
    terms = ["common", "words", "eyes", "drug7", "nowhere"]
    assert lexicon.selective("en", terms) == terms
    monkeypatch.setattr("clara.knowledge.search.lexicon._MOST_MET", 13)
    assert lexicon.selective("en", terms) == ["common", "drug7", "nowhere"]  # in the order of the query
    assert lexicon.selective("en", ["eyes", "common", "words"]) == ["eyes", "common"]  # two at least
    assert lexicon.selective("en", []) == []

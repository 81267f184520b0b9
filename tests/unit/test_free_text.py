"""Free text in pieces: sentences as they come, what a written one may say, and when two claims say the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clara.languages import SUPPORTED, is_written_in
from clara.messages import Messages
from clara.resources import data_folder
from clara.stages.draft import FreeReply
from clara.stages.matching import read_statement
from clara.stages.replies import read_reply
from clara.stages.saying import in_language, problems, read
from clara.stages.sentences import Sentence, Sentences, split
from clara.stages.write import script_name, write_abstention
from clara.trace import Trace
from clara.types import Claim, Evidence, Passage, Question
from tests.conftest import SHIPPED
from tests.written import CLAIMS, WRITTEN, WRONG

PROMPTS = data_folder("prompts")
NOTHING = read(("en", "-"))
SPOKEN = (*SUPPORTED, "hi-Latn")
REPLIES = [
    "Use drops. [1] Take 500 mg daily.",
    "1. Rinse the eye.\n2. Go to hospital. [1][2]\n\nSee Dr. Lee at 0.5% [3], e.g. today... The end",
    "急性发作需要急诊。眼压可达99。[1]请立即就医！“好。”下一句。",
    "दिन में ४ बार डालें। [1] 9 गोली लें। क्या दर्द है? हाँ",
    "<think>One. Two.</think>¿Duele? Sí [1, 2]. No espere.",
    "هل تؤلمك عينك؟ [1] اذهب إلى المستشفى. الآن",
    "- a\n- b [2]\n\n* c",
    "<think> never ends. [1]",
    "A note [see below]. More.",
]


@pytest.mark.parametrize("reply", REPLIES)
@given(data=st.data())
def test_sentences_are_the_same_however_a_reply_is_cut_up(reply: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=12)))
    sentences = Sentences()
    found: list[Sentence] = []
    for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True):
        found += sentences.feed(reply[start:end])
    assert found + sentences.finish() == split(reply)


@given(st.text(alphabet="ab .!。\n[]12-<hikn>/", max_size=60).filter(lambda text: "<think>" not in text))
def test_no_word_is_lost_or_made_up(reply: str) -> None:
    assert "".join(s.lead + s.text for s in split(reply)) == reply.rstrip()


@pytest.mark.parametrize(
    ("reply", "texts", "marks"),
    [
        (REPLIES[0], ["Use drops. [1]", "Take 500 mg daily."], [(1,), ()]),
        (
            REPLIES[1],
            ["Rinse the eye.", "Go to hospital. [1][2]", "See Dr. Lee at 0.5% [3], e.g. today...", "The end"],
            [(), (1, 2), (3,), ()],
        ),
        (
            REPLIES[2],
            ["急性发作需要急诊。", "眼压可达99。[1]", "请立即就医！", "“好。”", "下一句。"],
            [(), (1,), (), (), ()],
        ),
        (REPLIES[3], ["दिन में ४ बार डालें। [1]", "9 गोली लें।", "क्या दर्द है?", "हाँ"], [(1,), (), (), ()]),
        (REPLIES[4], ["¿Duele?", "Sí [1, 2].", "No espere."], [(), (1, 2), ()]),
        (REPLIES[5], ["هل تؤلمك عينك؟ [1]", "اذهب إلى المستشفى.", "الآن"], [(1,), (), ()]),
        (REPLIES[6], ["a", "b [2]", "c"], [(), (2,), ()]),
        (REPLIES[7], [], []),
    ],
)
def test_a_reply_is_taken_apart_into_sentences(reply: str, texts: list[str], marks: list[tuple[int, ...]]) -> None:
    found = split(reply)
    assert [s.text for s in found] == texts and [s.marks for s in found] == marks


def test_a_sentence_is_given_back_only_when_the_next_has_begun() -> None:
    sentences = Sentences()
    assert sentences.feed("Use drops.") == [] and sentences.feed(" [1") == [] and sentences.feed("] ") == []
    assert [s.text for s in sentences.feed("N")] == ["Use drops. [1]"]
    assert [(s.text, s.ended) for s in sentences.finish()] == [("N", False)]


@pytest.mark.parametrize(
    ("text", "numbers", "marked"),
    [
        ("Rest. [2]", {2: 1}, "Rest. [1]"),
        ("Rest [1][3].", {1: 4, 3: 4}, "Rest [4]."),
        ("Rest [1, 2] now. [2]", {1: 1, 2: 2}, "Rest [1] [2] now."),
        ("Rest. [7]", {}, "Rest."),
        ("休息。【3】", {3: 2}, "休息。 [2]"),
    ],
)
def test_marks_get_the_numbers_of_citations_each_once(text: str, numbers: dict[int, int], marked: str) -> None:
    assert Sentence(lead="", text=text).marked(numbers) == marked


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("language", SPOKEN)
def test_a_good_sentence_raises_no_alarm(language: str, claim: str) -> None:
    sentence = WRITTEN[language][claim]
    assert problems(sentence, language, [read(("en", CLAIMS[claim]))], NOTHING) == []
    assert in_language(sentence, language, "-")


@pytest.mark.parametrize(
    ("language", "wrong", "claim", "sentence"),
    [(language, *case) for language, cases in WRONG.items() for case in cases],
)
def test_what_no_claim_says_is_named(language: str, wrong: str, claim: str, sentence: str) -> None:
    assert problems(sentence, language, [read(("en", CLAIMS[claim]))], NOTHING) == [wrong]
    # Another claim beside it makes no difference, and to the one that says so the sentence is right.
    assert wrong in problems(sentence, language, [read(("en", CLAIMS[claim])), read(("en", "Rest."))], NOTHING)
    assert problems(sentence, language, [read((language, sentence))], NOTHING) == []


@pytest.mark.parametrize("language", SPOKEN)
def test_every_wrong_sentence_is_tried_in_every_language(language: str) -> None:
    assert {wrong for wrong, _, _ in WRONG[language]} == {"number", "unit", "drug", "negation", "side"}


@pytest.mark.parametrize("written", SPOKEN)
@pytest.mark.parametrize("language", SPOKEN)
def test_an_answer_in_another_language_or_script_is_noticed(language: str, written: str) -> None:
    fits = [in_language(sentence, language, "-") for sentence in WRITTEN[written].values()]
    assert all(fits) if written == language else sum(fits) <= 1


def parallel(language: str) -> list[tuple[str, str]]:
    """Return the lines of the shipped evidence, English and in `language`, that say the same."""

    def lines(path: Path) -> list[str]:
        return [
            line[2:] for line in path.read_text(encoding="utf-8").split("---", 2)[2].splitlines() if line[:2] == "- "
        ]

    topics = [topic for topic in SHIPPED.glob("ophthalmology/*") if topic.is_dir()]
    pairs = [(lines(topic / "en.md"), lines(topic / f"{language}.md")) for topic in topics]
    return [pair for english, other in pairs for pair in zip(english, other, strict=True)]


@pytest.mark.parametrize("language", [tag for tag in SUPPORTED if tag != "en"])
def test_of_the_shipped_lines_hardly_any_raises_an_alarm(language: str) -> None:
    pairs = parallel(language)
    alarms = [problems(other, language, [read(("en", english))], NOTHING) for english, other in pairs]
    assert len(pairs) > 600 and sum(map(bool, alarms)) <= 0.01 * len(pairs)
    assert {name for wrong in alarms for name in wrong} <= {"negation"}
    assert all(in_language(other, language, "-") for _, other in pairs)


def test_romanised_hindi_and_devanagari_are_told_apart() -> None:
    for claim in CLAIMS:
        assert is_written_in(WRITTEN["hi-Latn"][claim], "hi-Latn") and is_written_in(WRITTEN["hi"][claim], "hi")
        assert not is_written_in(WRITTEN["hi"][claim], "hi-Latn")
        assert not is_written_in(WRITTEN["hi-Latn"][claim], "hi")


@pytest.mark.parametrize(
    ("language", "asked", "name"),
    [
        ("hi", "-", "Devanagari script"), ("hi-Latn", "-", "Latin script"), ("zh-Hans", "-", "Chinese script"),
        ("es", "-", "Latin script"), ("ar", "-", "Arabic script"), ("am", "-", "Ethiopic script"),
        ("und", "ያማል", "Ethiopic script"), ("und", "Zzz", "Latin script"), ("und", "12", "Latin script"),
    ],
)  # fmt: skip
def test_the_prompt_names_the_script(language: str, asked: str, name: str) -> None:
    assert script_name(language, asked) == name


def test_a_language_without_a_name_is_answered_in_the_script_of_the_question() -> None:
    assert in_language("ዓይኑን በንጹህ ውሃ ይታጠቡ።", "und", "ዓይኔን ያመኛል")
    assert not in_language("Rinse the eye with water.", "und", "ዓይኔን ያመኛል")


def test_an_abstention_shows_what_the_asker_can_read_first() -> None:
    shown = [
        Evidence(passage=Passage(id=tag, text=text, language=tag, title=tag), score=1.0, rank=1)
        for tag, text in (("en", "Rest the eye."), ("es", "Descanse. No lea."))
    ]
    run: Any = SimpleNamespace(
        question=Question(text="-", language="es"),
        trace=Trace(),
        say=lambda key, **values: Messages(PROMPTS).say(key, "es", **values),
    )
    text = write_abstention(run, "abstain_evidence", shown, missing="Falta una fuente.")
    assert text.splitlines()[0].endswith("no lo aclara. Falta una fuente.")
    assert text.splitlines()[-2:] == ["- es: Descanse.", "- en: Rest the eye."]


def test_a_number_of_the_question_may_be_said_again() -> None:
    asked, claim = read(("es", "Tengo 45 años y la presión a 30 mmHg")), read(("en", "Laser treatment helps."))
    assert problems("A los 45 años el láser ayuda.", "es", [claim], asked) == []
    assert problems("A los 54 años el láser ayuda.", "es", [claim], asked) == ["number"]
    assert problems("Con 30 mg el láser ayuda.", "es", [claim], asked) == ["unit"]


def test_of_claims_that_a_sentence_may_state_one_denial_is_enough() -> None:
    claims = [read(("en", CLAIMS[claim])) for claim in ("lenses", "rinse")]
    assert problems("Lávese el ojo.", "es", claims, NOTHING) == ["negation"]
    assert problems("Lávese el ojo.", "es", claims, NOTHING, stated=False) == []


def test_a_new_name_is_noticed_that_no_table_of_drugs_holds() -> None:
    claim = read(("en", "Beta-blocker drops lower the pressure."))
    assert problems("Use gotas de fantasolol.", "es", [claim], NOTHING) == ["drug"]


def statement(text: str, **fields: str) -> Claim:
    return Claim(text=text, **fields)  # type: ignore[arg-type]


DROPS = "Instil the drops."


@pytest.mark.parametrize(
    ("a", "b", "confirms", "contradicts"),
    [
        (statement("Acetazolamide 500 mg is given."), statement("Give acetazolamide 0.5 g."), True, False),
        (statement("Acetazolamide 500 mg is given."), statement("Give acetazolamide 250 mg."), False, True),
        (statement("Acetazolamide 500 mg is given."), statement("Give 250-500 mg acetazolamide."), True, False),
        (statement("Use steroid drops."), statement("Do not use steroid drops."), False, True),
        (statement("Avoid steroid drops.", polarity="affirmed"), statement("Never use steroid drops."), False, True),
        (statement("Avoid steroid drops.", polarity="denied"), statement("Never use steroid drops."), True, False),
        (
            statement("Sudden painless loss of sight.", polarity="affirmed"),
            statement("Sudden loss of sight without pain.", polarity="affirmed"),
            True,
            False,
        ),
        (statement(DROPS, dose="1 drop every 6 hours"), statement(DROPS, dose="one drop 4 times a day"), True, False),
        (statement(DROPS, dose="1 drop twice a day"), statement(DROPS, dose="one drop 4 times a day"), False, True),
        (statement(DROPS, dose="for a week"), statement(DROPS, dose="for 7 days"), True, False),
        (statement(DROPS, dose="for 7 days"), statement(DROPS, dose="for 14 days"), False, True),
        # Who states no dose is no second voice for one.
        (statement(DROPS), statement(DROPS, dose="2 drops"), False, False),
        (statement(DROPS, dose="2 drops"), statement(DROPS), True, False),
        # Another dose for others is no contradiction.
        (
            statement(DROPS, dose="1 drop", condition="children under 5"),
            statement(DROPS, dose="2 drops", condition="adults"),
            False,
            False,
        ),
        (
            statement(DROPS, dose="1 drop", condition="in pregnancy"),
            statement(DROPS, dose="2 drops", condition="pregnant women"),
            False,
            True,
        ),
        (statement("Screening at 40.", country="India"), statement("Screening at 40.", country="US"), False, False),
        (statement("Screening at 40.", country="India"), statement("Screening at 40.", country="भारत"), True, False),
        (statement("Lasts 3 days."), statement("It lasts 5 days."), True, False),
    ],
)
def test_claims_are_compared_in_code(a: Claim, b: Claim, confirms: bool, contradicts: bool) -> None:
    one, other = read_statement(a, "en"), read_statement(b, "en")
    assert one.confirms(other) is confirms
    assert one.contradicts(other) is other.contradicts(one) is contradicts


def test_the_same_words_are_the_same_matter() -> None:
    def resemble(a: str, b: str) -> bool:
        return read_statement(Claim(text=a), "en").resembles(read_statement(Claim(text=b), "en"))

    assert resemble("Cataract is treated with surgery alone.", "Cataracts are treated only with surgery alone.")
    assert not resemble("Cataract is treated with surgery.", "Glaucoma is treated with eye drops.")
    assert not resemble("Yes.", "Yes.")


def test_claims_are_read_with_and_without_their_fields() -> None:
    reply = read_reply(
        FreeReply,
        '{"claims": ["Plain.", {"claim": "सादा।", "english": "Plain.", "polarity": "affirmed", "dose": 5, '
        '"condition": null, "country": "IN", "other": 1}, {"claim": "No.", "polarity": "negative"}]}',
    )
    plain, full, odd = reply.claims
    assert (plain.claim, plain.english, plain.polarity) == ("Plain.", "", None)
    assert (full.english, full.dose, full.condition, full.country) == ("Plain.", "5", "", "IN")
    assert odd.polarity is None

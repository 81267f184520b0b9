"""One conformance suite for every translation service, and what a question gains or loses by one."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from clara import Answer, Clara
from clara.config import TranslatorSettings
from clara.errors import (
    ConfigError,
    ModelAuthError,
    ModelBadOutput,
    ModelError,
    ModelRateLimited,
    ModelStatusError,
    ModelTimeout,
    ModelUnreachable,
)
from clara.models import ScriptedModel
from clara.stages.translate import _locality
from clara.translators import DeepL, LibreTranslate, Translator, build_translator
from clara.translators.http import map_error, retry_after_s
from clara.types import Question, Turn
from tests.doctors import Doctor, kind
from tests.fake_translators import KEY, FakeTranslators, Fault

TEXTS = {
    "es": "¿Qué dosis de acetazolamida se da en el ojo derecho?",
    "pt": "Não use o colírio no olho esquerdo.",
    "fr": "L'œil est rouge et la vision a baissé depuis 3 jours.",
    "zh-Hans": "右眼眼压为45毫米汞柱，应该怎么办？",
    "hi": "मेरी बाईं आँख में ३ दिन से दर्द है।",
    "fil": "Bakit namumula at masakit ang mata ko?",
    "ar": "عيني اليمنى حمراء وتؤلمني منذ يومين.",
    "und": "Zorb quen pilatha mornu vek.",
}
MIXED = "Doc, yung left eye ko po, nag-blur na since last week, okay lang ba mag-eye drops?"

CODES = {  # what each service calls a language: as a source, as a target
    "libretranslate": {"es": "es", "pt": "pt", "fr": "fr", "zh-Hans": "zh-Hans", "hi": "hi", "fil": "tl", "ar": "ar"},
    "deepl": {"es": "ES", "pt": "PT", "fr": "FR", "zh-Hans": "ZH", "hi": "HI", "fil": "TL", "ar": "AR"},
}
ENGLISH = {"libretranslate": "en", "deepl": "EN-US"}


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeTranslators]:
    with FakeTranslators() as server:
        yield server


@pytest.fixture
def server(_server: FakeTranslators) -> FakeTranslators:
    _server.reset()
    return _server


async def at_once(_: float) -> None:
    """A sleep that takes no time."""


Make = Callable[..., Translator]
MAKERS: dict[str, Make] = {
    "libretranslate": lambda url, **more: LibreTranslate(url, **({"sleep": at_once, "api_key": KEY} | more)),
    "deepl": lambda url, **more: DeepL(more.pop("api_key", KEY), base_url=url, **({"sleep": at_once} | more)),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest, server: FakeTranslators) -> Make:
    def build(**more: Any) -> Translator:
        return MAKERS[request.param](server.url, **more)

    return build


@pytest.fixture
async def translator(make: Make) -> Any:
    made = make()
    yield made
    await made.aclose()


async def raised(work: Awaitable[Any]) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await work
    assert "\n" not in str(caught.value) and KEY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("language", TEXTS)
async def test_texts_come_back_translated_in_their_order(translator: Translator, language: str) -> None:
    texts = [TEXTS[language], "0.5 %", TEXTS[language][::-1]]
    source = CODES[translator.name].get(language, "auto")
    made = await translator.translate(texts, language, "en")
    assert made == [f"{source}<{text}>{ENGLISH[translator.name]}" for text in texts]


@pytest.mark.parametrize(
    ("target", "libre", "deepl"),
    [("pt", "pt", "PT-BR"), ("zh-Hans", "zh-Hans", "ZH-HANS"), ("fil", "tl", "TL"), ("hi", "hi", "HI")],
)
async def test_answers_can_go_the_other_way(translator: Translator, target: str, libre: str, deepl: str) -> None:
    code = {"libretranslate": libre, "deepl": deepl}[translator.name]
    assert (await translator.translate(["Red eye"], "en", target))[0].endswith(f"<Red eye>{code}")


async def test_text_in_two_languages_is_sent_as_it_is(translator: Translator) -> None:
    assert MIXED in (await translator.translate([MIXED], "fil", "en"))[0]


@pytest.mark.parametrize(
    "text",
    [
        "uno\ndos\n\ntres",
        "\ttab",
        'he said "no"',
        "a < b & c > d",
        "<b>bold</b>",
        "😀👩‍⚕️",
        "a\u2028b",
        "\\n",
        "x" * 20_000,
    ],
)
async def test_a_text_is_sent_whole(translator: Translator, server: FakeTranslators, text: str) -> None:
    assert text in (await translator.translate([text, "second"], "es", "en"))[0]


async def test_half_a_character_does_no_harm(translator: Translator) -> None:
    assert "?broken" in (await translator.translate(["\ud800broken"], "es", "en"))[0]


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u3000"])
async def test_a_blank_text_is_not_sent_and_keeps_its_place(
    translator: Translator, server: FakeTranslators, blank: str
) -> None:
    made = await translator.translate([blank, "uno", blank, "dos", blank], "es", "en")
    assert [bool(text) for text in made] == [False, True, False, True, False]
    assert await translator.translate([blank], "es", "en") == [""]
    assert await translator.translate([], "es", "en") == []
    assert len(server.translations()) == 1


async def test_a_question_with_its_options_is_one_request(translator: Translator, server: FakeTranslators) -> None:
    await translator.translate([f"text {i}" for i in range(27)], "es", "en")
    assert len(server.translations()) == 1


@pytest.mark.parametrize("language", ["hi-Latn", "sr-Latn", "xx", "sw-Arab"])
async def test_a_language_that_is_not_known_is_one_clear_error(
    make: Make, server: FakeTranslators, language: str
) -> None:
    translator = make()
    error = await raised(translator.translate(["dard hai"], language, "en"))
    assert not error.retryable
    if language != "xx" or translator.name == "libretranslate":
        assert "does not translate" in str(error) and "translator.provider to model" in str(error)
        assert server.translations() == []
    await translator.aclose()


@pytest.mark.parametrize("target", ["und", "hi-Latn"])
async def test_a_target_that_is_not_known_is_one_clear_error(translator: Translator, target: str) -> None:
    assert "does not translate" in str(await raised(translator.translate(["Red eye"], "en", target)))


@pytest.mark.parametrize(
    ("fault", "expected", "said"),
    [
        (Fault(status=401), ModelAuthError, "refused the key or the caller (401)"),
        (Fault(status=403, body=b'{"error": "Invalid API key"}'), ModelAuthError, "Invalid API key"),
        (Fault(status=403, body=b'{"message": "banned 0123abcd-test-key:fx"}'), ModelAuthError, "banned ***"),
        (Fault(status=404, body=b"<html>"), ModelStatusError, "check translator.base_url"),
        (Fault(status=400, body=b'{"error": "text limit"}'), ModelStatusError, "text limit"),
        (Fault(status=413), ModelStatusError, "too long"),
        (Fault(status=456, body=b'{"message": "Quota Exceeded"}'), ModelStatusError, "quota is used up"),
        (Fault(status=302, headers={"location": "http://127.0.0.1:1/"}), ModelStatusError, "refused the request (302)"),
        (Fault(body=b"<html>Welcome</html>"), ModelBadOutput, "not JSON"),
        (Fault(body=b"[" * 100_000), ModelBadOutput, "not JSON"),
        (Fault(body=b"\xff\xfe"), ModelBadOutput, "not JSON"),
        (Fault(body=b"{}"), ModelBadOutput, "not in its own form"),
        (Fault(body=b"null"), ModelBadOutput, "not in its own form"),
        (Fault(body=b'{"translatedText": "one"}'), ModelBadOutput, "not in its own form"),
        (Fault(body=b'{"translatedText": ["one", 2]}'), ModelBadOutput, "not in its own form"),
        (Fault(body=b'{"translations": [{"text": "one"}]}'), ModelBadOutput, "not in its own form"),
        (Fault(body=b'{"translations": [{"text": 1}, {"text": 2}]}'), ModelBadOutput, "not in its own form"),
        (Fault(body=b"this is no gzip", headers={"content-encoding": "gzip"}), ModelBadOutput, "cannot be decoded"),
    ],
)
async def test_what_stays_wrong_is_not_tried_again(
    translator: Translator, server: FakeTranslators, fault: Fault, expected: type[ModelError], said: str
) -> None:
    await translator.translate(["warm"], "es", "en")
    asked = len(server.requests)
    server.faults.append(fault)
    error = await raised(translator.translate(["uno", "dos"], "es", "en"))
    assert type(error) is expected and said in str(error)
    assert str(error).startswith(
        {"libretranslate": "LibreTranslate at http", "deepl": "DeepL at http"}[translator.name]
    )
    assert len(server.requests) == asked + 1 and error.attempts == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=429), ModelRateLimited),
        (Fault(status=529), ModelRateLimited),
        (Fault(status=500, body=b'{"error": "Cannot translate text"}'), ModelStatusError),
        (Fault(status=503), ModelStatusError),
        (Fault(status=408), ModelStatusError),
        (Fault(mode="drop"), ModelUnreachable),
        (Fault(body=b'{"translatedText": ["one"]}', mode="half"), ModelUnreachable),
    ],
)
async def test_what_may_pass_is_tried_three_times(
    translator: Translator, server: FakeTranslators, fault: Fault, expected: type[ModelError]
) -> None:
    await translator.translate(["warm"], "es", "en")
    server.faults += [fault, fault]
    assert "uno" in (await translator.translate(["uno"], "es", "en"))[0]
    server.faults += [fault] * 3
    error = await raised(translator.translate(["uno"], "es", "en"))
    assert type(error) is expected and error.attempts == 3


async def test_retry_after_is_waited_out_and_a_long_one_ends_the_tries(make: Make, server: FakeTranslators) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    translator = make(sleep=sleep, timeout_s=5.0)
    await translator.translate(["warm"], "es", "en")
    server.faults.append(Fault(status=429, headers={"retry-after": "3"}))
    await translator.translate(["uno"], "es", "en")
    assert len(slept) == 1 and 3 <= slept[0] <= 3.5
    server.faults.append(Fault(status=503, headers={"retry-after": "3600"}))
    error = await raised(translator.translate(["uno"], "es", "en"))
    assert error.retry_after_s == 3600 and error.attempts == 1 and len(slept) == 1
    await translator.aclose()


def test_retry_after_is_read_as_seconds_or_a_date() -> None:
    now = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
    later = format_datetime(now + dt.timedelta(seconds=90), usegmt=True)
    for value, seconds in ((later, 90.0), ("7", 7.0), ("", None), ("soon", None), ("-1", None), ("٣", None)):
        assert retry_after_s({"retry-after": value}, now=now) == seconds


async def test_a_service_that_is_too_slow_is_asked_once(make: Make, server: FakeTranslators) -> None:
    translator = make(timeout_s=0.2)
    server.faults.append(Fault(mode="hang"))
    error = await raised(translator.translate(["uno"], "es", "en"))
    assert type(error) is ModelTimeout and "0.2 s" in str(error) and error.attempts == 1
    await translator.aclose()


async def test_a_service_that_is_not_there_is_asked_once(make: Make, server: FakeTranslators) -> None:
    closed = MAKERS[make().name]("http://127.0.0.1:1")
    error = await raised(closed.translate(["uno"], "es", "en"))
    assert type(error) is ModelUnreachable and "cannot reach it" in str(error) and error.attempts == 1
    await closed.aclose()


async def test_a_proxy_that_cannot_be_used_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    assert "ALL_PROXY" in str(await raised(make().translate(["uno"], "es", "en")))


async def test_an_error_that_repeats_the_question_is_not_shown(translator: Translator, server: FakeTranslators) -> None:
    await translator.translate(["warm"], "es", "en")
    said = json.dumps({"error": f"cannot translate {TEXTS['hi']}", "message": TEXTS["hi"]}, ensure_ascii=False)
    server.faults.append(Fault(status=400, body=said.encode()))
    error = await raised(translator.translate([TEXTS["hi"]], "hi", "en"))
    assert "बाईं" not in str(error) and "(400)" in str(error)


def test_every_error_of_the_client_has_its_place() -> None:
    def classes(base: type[BaseException]) -> Iterator[type[BaseException]]:
        yield base
        for sub in base.__subclasses__():
            yield from classes(sub)

    found = {cls for root in (httpx2.HTTPError, httpx2.InvalidURL) for cls in classes(root)} - {httpx2.HTTPStatusError}
    assert len(found) > 15
    for cls in found:
        mapped = map_error(cls("secret words"), "X", 1.0)  # type: ignore[arg-type]
        assert isinstance(mapped, ModelTimeout | ModelUnreachable | ModelBadOutput), cls
        assert isinstance(mapped, ModelTimeout) == issubclass(cls, httpx2.TimeoutException), cls
        assert "secret" not in str(mapped)


async def test_cancellation_passes_through_and_ends_the_request(make: Make, server: FakeTranslators) -> None:
    translator = make()
    server.faults.append(Fault(mode="hang"))
    task = asyncio.create_task(translator.translate(["uno"], "es", "en"))
    await asyncio.to_thread(server.wait_for, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(server.wait_for, 0)
    assert server.abandoned == 1
    assert "dos" in (await translator.translate(["dos"], "es", "en"))[0]
    await translator.aclose()


async def test_many_calls_at_once_keep_their_texts(translator: Translator) -> None:
    made = await asyncio.gather(*(translator.translate([f"uno {i}", f"dos {i}"], "es", "en") for i in range(20)))
    assert all(f"<uno {i}>" in texts[0] and f"<dos {i}>" in texts[1] for i, texts in enumerate(made))


def test_one_translator_serves_several_event_loops(make: Make) -> None:
    translator = make()

    async def once(text: str) -> str:
        made = await translator.translate([text], "es", "en")
        await translator.aclose()
        await translator.aclose()
        return made[0]

    assert "uno" in asyncio.run(once("uno")) and "dos" in asyncio.run(once("dos"))


async def test_no_cookie_is_sent_back(translator: Translator, server: FakeTranslators) -> None:
    await translator.translate(["warm"], "es", "en")
    server.faults.append(Fault(status=503, headers={"set-cookie": "session=1"}))
    await translator.translate(["uno"], "es", "en")
    assert not any("cookie" in headers for _, headers, _ in server.requests)


async def test_nothing_shows_the_key_or_the_password_of_the_address(server: FakeTranslators) -> None:
    address = server.url.replace("http://", "http://me:hunter2@")
    for translator in (DeepL(KEY, base_url=address), LibreTranslate(address, api_key=KEY)):
        server.faults.append(Fault(status=403))
        error = await raised(translator.translate(["uno"], "es", "en"))
        assert "hunter2" not in str(error) and KEY not in repr(translator) + str(error)
        await translator.aclose()


# What only one of them does.


async def test_libretranslate_sends_a_key_and_says_where_one_is_missing(server: FakeTranslators) -> None:
    server.key = KEY
    keyed, keyless = LibreTranslate(server.url, api_key=KEY), LibreTranslate(server.url)
    assert "uno" in (await keyed.translate(["uno"], "es", "en"))[0]
    assert server.translations()[-1]["api_key"] == KEY
    error = await raised(keyless.translate(["uno"], "es", "en"))
    assert isinstance(error, ModelAuthError) and "CLARA_TRANSLATOR__API_KEY" in str(error)
    assert "api_key" not in server.translations()[-1]
    await keyed.aclose()
    await keyless.aclose()


@pytest.mark.parametrize(
    ("installed", "tag", "code"),
    [
        (("en", "zh"), "zh-Hans", "zh"),
        (("en", "zh", "zt"), "zh-Hant", "zt"),
        (("en", "zh-Hans", "zh-Hant"), "zh-Hant", "zh-Hant"),
        (("en", "pb"), "pt", "pb"),
        (("en", "tl"), "fil", "tl"),
    ],
)
async def test_libretranslate_is_asked_what_it_calls_a_language(
    server: FakeTranslators, installed: tuple[str, ...], tag: str, code: str
) -> None:
    server.libre = installed
    translator = LibreTranslate(server.url)
    assert (await translator.translate(["one"], tag, "en"))[0] == f"{code}<one>en"
    await translator.translate(["two"], tag, "en")
    assert [path for path, _, _ in server.requests] == ["/languages", "/translate", "/translate"]
    await translator.aclose()


async def test_a_language_that_is_installed_later_is_found(server: FakeTranslators) -> None:
    server.libre = ("en", "es")
    translator = LibreTranslate(server.url)
    assert "does not translate Hindi into English" in str(await raised(translator.translate(["आँख"], "hi", "en")))
    server.libre = ("en", "es", "hi")
    assert "आँख" in (await translator.translate(["आँख"], "hi", "en"))[0]
    await translator.aclose()


async def test_deepl_gets_the_texts_as_context_for_each_other(server: FakeTranslators) -> None:
    translator = DeepL(KEY, base_url=server.url)
    await translator.translate(["¿Qué es?", "La tos", "El ojo"], "es", "en")
    await translator.translate(["Solo uno"], "es", "en")
    several, one = server.translations()
    assert several["context"] == "¿Qué es?\nLa tos\nEl ojo" and several["preserve_formatting"] is True
    assert "context" not in one
    await translator.aclose()


async def test_deepl_gets_no_more_than_a_request_may_hold(server: FakeTranslators) -> None:
    translator = DeepL(KEY, base_url=server.url)
    texts = [f"texto {i}" for i in range(120)]
    assert await translator.translate(texts, "es", "en") == [f"ES<{text}>EN-US" for text in texts]
    assert [len(body["text"]) for body in server.translations()] == [50, 50, 20]
    long = ["眼" * 20_000, "耳" * 20_000, "鼻" * 20_000]  # 60 kB each
    assert await translator.translate(long, "zh-Hans", "en") == [f"ZH<{text}>EN-US" for text in long]
    assert [len(body["text"]) for body in server.translations()[3:]] == [1, 1, 1]
    await translator.aclose()


@pytest.mark.parametrize(
    ("key", "host"), [("abc:fx", "api-free.deepl.com"), ("abc", "api.deepl.com"), ("a:fx:b", "api.deepl.com")]
)
def test_deepl_s_address_follows_from_the_key(key: str, host: str) -> None:
    assert DeepL(key)._service.name == f"DeepL at https://{host}"


async def test_deepl_s_key_goes_into_the_header_only(server: FakeTranslators) -> None:
    server.key = KEY
    translator = DeepL(KEY, base_url=server.url)
    await translator.translate(["uno"], "es", "en")
    path, headers, body = server.requests[0]
    assert headers["authorization"] == f"DeepL-Auth-Key {KEY}" and KEY not in path + json.dumps(body)
    await translator.aclose()


# From settings.


def settings(**changes: Any) -> TranslatorSettings:
    return TranslatorSettings(**changes)


def test_settings_name_the_service() -> None:
    assert build_translator(settings()) is None
    assert isinstance(build_translator(settings(provider="deepl", api_key=SecretStr(KEY))), DeepL)
    assert isinstance(
        build_translator(settings(provider="libretranslate", base_url="http://127.0.0.1:5000/")), LibreTranslate
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provider": "deepl"}, "DeepL needs a key"),
        ({"provider": "libretranslate"}, "LibreTranslate needs an address"),
        ({"provider": "libretranslate", "base_url": "127.0.0.1:5000"}, "not an address"),
        ({"provider": "libretranslate", "base_url": "ftp://host"}, "not an address"),
        ({"provider": "libretranslate", "base_url": "http://[::1"}, "not an address"),
        ({"provider": "deepl", "api_key": SecretStr("a b")}, "no key has"),
        ({"provider": "deepl", "api_key": SecretStr("ключ")}, "no key has"),
        ({"provider": "deepl", "api_key": SecretStr("a\nb")}, "no key has"),
    ],
)
def test_settings_that_cannot_work_are_said_at_once(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        build_translator(settings(**changes))


# In the model's place.

QUESTION = "तीव्र एंगल-क्लोज़र ग्लूकोमा में कौन सा लक्षण होता है?"
OPTIONS = {"क": "पलकों पर पपड़ी", "ख": "रोशनी के चारों ओर घेरे और तेज़ दर्द", "ग": "सूखापन"}
ENGLISH_QUESTION = "Which symptom occurs in acute angle-closure glaucoma?"
ENGLISH_OPTIONS = ("crusts on the lids", "halos around lights and severe pain", "dryness")
SAID = {QUESTION: ENGLISH_QUESTION} | dict(zip(OPTIONS.values(), ENGLISH_OPTIONS, strict=True))


@pytest.fixture
def ask(server: FakeTranslators, shipped_home: Any) -> Iterator[Callable[..., tuple[Answer, list[str]]]]:
    """Ask with LibreTranslate before a scripted model; returns the answer and the prompts that the model got."""
    opened: list[Clara] = []

    def run(question: str = QUESTION, *, doctor: dict[str, Any] | None = None, **more: Any) -> tuple[Answer, list[str]]:
        picks = {"native": OPTIONS["ख"], "english": ENGLISH_OPTIONS[1], "evidence": ENGLISH_OPTIONS[1]}
        made: dict[str, Any] = {"english": ENGLISH_QUESTION, "english_options": ENGLISH_OPTIONS, "picks": picks}
        model = ScriptedModel(Doctor(**(made | (doctor or {}))))
        service = {"provider": "libretranslate", "base_url": server.url, "timeout_s": 2.0}
        clara = Clara(model, home=shipped_home, translator=service, **more.pop("settings", {}))
        opened.append(clara)
        answer = clara.ask(question, options=more.pop("options", OPTIONS), **more)
        return answer, [kind(call.system) for call in model.calls]

    yield run
    for clara in opened:
        clara.close()


def events(answer: Answer, name: str) -> list[Any]:
    return [event.data for event in answer.trace if event.kind == name]


def test_the_service_translates_question_and_options_in_one_request(server: FakeTranslators, ask: Any) -> None:
    server.say = SAID
    answer, prompts = ask()
    assert answer.choice == "ख" and "translate" not in prompts and answer.usage.calls == len(prompts) == 2
    assert [body["q"] for body in server.translations()] == [[QUESTION, *OPTIONS.values()]]
    (event,) = events(answer, "translated")
    assert event["translator"] == "libretranslate" and event["outcome"] == "ok"
    assert events(answer, "checked")[0]["problems"] == [] and answer.warnings == ()


@pytest.mark.parametrize("fault", [Fault(status=403), Fault(body=b"{}"), Fault(status=400)])
def test_a_service_that_fails_costs_a_warning_and_the_model_translates(
    server: FakeTranslators, ask: Any, fault: Fault
) -> None:
    server.faults.append(fault)
    answer, prompts = ask()
    assert answer.choice == "ख" and prompts.count("translate") == 1
    assert len(answer.warnings) == 1 and "अनुवाद सेवा काम नहीं कर सकी" in answer.warnings[0]
    assert events(answer, "translated")[0]["outcome"] != "ok"


def test_what_the_checks_refuse_is_translated_once_by_the_model(server: FakeTranslators, ask: Any) -> None:
    server.say = SAID | {QUESTION: "तीव्र एंगल-क्लोज़र"}  # still in Hindi
    asked: list[str] = []

    def translate(_: str, user: str) -> str:
        asked.append(user)
        return json.dumps({"question": ENGLISH_QUESTION, "options": ENGLISH_OPTIONS})

    answer, _ = ask(doctor={"overrides": {"translate": translate}})
    assert answer.choice == "ख" and len(asked) == 1 and "failed these checks: script" in asked[0]
    assert [e["problems"] for e in events(answer, "checked")] == [["script"], []]


def test_a_route_that_both_fail_is_dropped(server: FakeTranslators, ask: Any) -> None:
    server.say = SAID | {QUESTION: "तीव्र एंगल-क्लोज़र"}
    still_hindi = json.dumps({"question": "एंगल", "options": ENGLISH_OPTIONS})
    picks = {"native": OPTIONS["ख"], "evidence": OPTIONS["ख"]}
    answer, _ = ask(doctor={"overrides": {"translate": still_hindi}, "picks": picks})
    assert [d.route for d in answer.drafts if d.route == "english"] == []
    assert any("अंग्रेज़ी में" in warning for warning in answer.warnings)
    assert [e["problems"] for e in events(answer, "checked")][:2] == [["script"], ["script"]]


def test_a_question_that_rests_on_earlier_messages_is_the_model_s(server: FakeTranslators, ask: Any) -> None:
    answer, prompts = ask(history=[Turn(role="user", text="मुझे ग्लूकोमा है।")])
    assert answer.choice == "ख" and "translate" in prompts and server.requests == []


def test_an_english_question_needs_no_service(server: FakeTranslators, ask: Any) -> None:
    picks = {"native": ENGLISH_OPTIONS[1], "english": ENGLISH_OPTIONS[1], "evidence": ENGLISH_OPTIONS[1]}
    options = dict(zip("ABC", ENGLISH_OPTIONS, strict=True))
    answer, _ = ask(ENGLISH_QUESTION, options=options, doctor={"picks": picks})
    assert answer.choice == "B" and server.requests == []


def test_time_that_is_up_ends_the_service_too(server: FakeTranslators, ask: Any) -> None:
    server.faults.append(Fault(mode="hang"))
    answer, _ = ask(settings={"budget": {"seconds": 0.6}})
    assert events(answer, "translated")[0]["outcome"] == "budget"


@pytest.mark.parametrize(
    ("question", "language", "local"),
    [
        ("¿Quién paga la operación de cataratas en mi país?", "es", True),
        ("Quem paga a cirurgia de catarata no meu país?", "pt", True),
        ("Qui paie l'opération de la cataracte dans mon pays ?", "fr", True),
        ("我国白内障手术由谁付费？", "zh-Hans", True),
        ("मेरे देश में मोतियाबिंद का ऑपरेशन कौन कराता है?", "hi", True),
        ("Sino ang nagbabayad ng operasyon sa katarata sa aming bansa?", "fil", True),
        ("من يدفع ثمن عملية الساد في بلدي؟", "ar", True),
        ("Mere desh mein motiyabind ka operation kaun karta hai?", "hi-Latn", True),
        ("¿En qué países hay tracoma?", "es", False),
        ("在哪些国家有沙眼？", "zh-Hans", False),
        ("किन देशों में ट्रेकोमा होता है?", "hi", False),
        ("Saang bansa may trachoma?", "fil", False),
    ],
)
def test_a_question_about_the_asker_s_own_country_is_known_without_the_model(
    question: str, language: str, local: bool
) -> None:
    assert _locality(Question(text=question, language=language)) == ("country" if local else "none")

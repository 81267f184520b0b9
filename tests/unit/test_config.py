"""Settings: what wins over what, and one line for whatever cannot work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from clara import Clara
from clara.cli.setup import settings_template
from clara.config import Settings, config_file, load_settings, provider_keys
from clara.errors import ConfigError

KEY = "sk-very-secret-0123456789"


def write(text: str, name: str = "clara.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_argument_wins_over_environment_over_file_over_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().attempts == 4
    write("attempts = 5")
    assert load_settings().attempts == 5
    monkeypatch.setenv("CLARA_ATTEMPTS", "6")
    assert load_settings().attempts == 6
    assert load_settings({"attempts": 7}).attempts == 7


def test_an_argument_of_none_and_an_empty_variable_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write('model = "openai:from-file"')
    monkeypatch.setenv("CLARA_MODEL", "")
    assert load_settings({"model": None}).model == "openai:from-file"


def test_nested_values_merge_across_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[budget]\ncalls = 5\nrounds = 3\n[search]\nk = 9\n")
    monkeypatch.setenv("CLARA_BUDGET__CALLS", "6")
    monkeypatch.setenv("CLARA_BUDGET__TOKENS", "1000")
    settings = load_settings({"budget": {"tokens": 2000}})
    assert (settings.budget.calls, settings.budget.rounds, settings.budget.tokens) == (6, 3, 2000)
    assert settings.budget.seconds == 180.0 and settings.search.k == 9


def test_lists_and_tables_are_read_from_variables_and_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_FALLBACK_MODELS", '["openai:small", "evidence"]')
    monkeypatch.setenv("CLARA_PRICES", '{"small": [0.1, 0.4]}')
    write("[model_options]\ntemperature = 0\n")
    settings = load_settings()
    assert settings.fallback_models == ("openai:small", "evidence")
    assert settings.prices == {"small": (0.1, 0.4)} and settings.model_options == {"temperature": 0}


def test_the_method_follows_the_model() -> None:
    assert Clara().method == "evidence"
    assert Clara("openai:x").method == "clara"
    assert Clara("openai:x", method="direct").method == "direct"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLARA_ATTEMPTS", "many", "setting attempts:"),
        ("CLARA_ATTEMPTS", "0", "setting attempts:"),
        ("CLARA_PERMUTE", "perhaps", "setting permute:"),
        ("CLARA_CACHE", "cloud", "setting cache:"),
        ("CLARA_BUDGET__CALLS", "x", "setting budget.calls:"),
        ("CLARA_BUDGET__NOPE", "1", "setting budget.nope: no such setting"),
        ("CLARA_BUDGET", "5", "setting budget:"),
        ("CLARA_MODEL_OPTIONS", "{bad", "written as JSON"),
        ("CLARA_FALLBACK_MODELS", "evidence", "written as JSON"),
        ("CLARA_PRICES", '{"m": ["a", 1]}', "setting prices.m.0:"),
        ("CLARA_CONFIG", "/nowhere/clara.toml", "CLARA_CONFIG names /nowhere/clara.toml"),
    ],
)
def test_a_variable_that_cannot_work_is_named_in_one_line(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLARA_API_KEY", KEY)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value) and KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nope = 1", "setting nope: no such setting"),
        ("[budget]\nnope = 1", "setting budget.nope: no such setting"),
        ("[reconcile]\nrho = 2", "setting reconcile.rho:"),
        ("model = 5", "setting model:"),
        ("model = ", "clara.toml: not valid TOML"),
        ("[budget", "clara.toml: not valid TOML"),
        (f'api_key = "{KEY}" oops', "clara.toml: not valid TOML"),
        (f'api_key = "{KEY}\nmodel = 3', "clara.toml: not valid TOML"),
        (f'api_key = ["{KEY}"]', "setting api_key:"),
        (f'attempts = "{KEY}"', "setting attempts:"),
    ],
)
def test_a_file_that_cannot_work_is_named_in_one_line_without_its_values(text: str, said: str) -> None:
    write(text)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value) and KEY not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__  # nor in what a traceback shows


def test_a_file_that_is_no_text_is_named() -> None:
    Path("clara.toml").write_bytes(b'model = "\xff\xfe"')
    with pytest.raises(ConfigError, match=r"cannot read clara\.toml"):
        load_settings()


@pytest.mark.parametrize("overrides", [{"nope": 1}, {"attempts": 0}, {"budget": {"calls": 0}}, {"timeout_s": -1}])
def test_an_argument_that_cannot_work_is_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"setting {next(iter(overrides))}"):
        load_settings(overrides | {"api_key": KEY})


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLARA_API_KEY", KEY)
    settings = load_settings()
    assert settings.api_key is not None and settings.api_key.get_secret_value() == KEY
    for shown in (repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()):
        assert KEY not in shown


def test_every_key_that_must_not_be_printed_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-provider-123")
    monkeypatch.setenv("HF_TOKEN", "hf-provider-123")
    assert set(load_settings({"api_key": KEY}).secrets()) >= {KEY, "sk-provider-123", "hf-provider-123"}
    present = provider_keys()
    assert present["OPENAI_API_KEY"] and not present["ANTHROPIC_API_KEY"]
    assert "sk-provider-123" not in repr(present)


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        load_settings().attempts = 2  # type: ignore[misc]


def test_the_files_in_force_are_looked_for_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert config_file() is None
    write("attempts = 2", str(tmp_path / "data" / "clara.toml"))
    assert load_settings().attempts == 2
    write("attempts = 3")
    assert load_settings().attempts == 3
    named = write("attempts = 8", str(tmp_path / "elsewhere" / "my.toml"))
    monkeypatch.setenv("CLARA_CONFIG", str(named))
    assert config_file() == named and load_settings().attempts == 8


def test_the_written_template_is_toml_and_loads_into_the_defaults() -> None:
    template = settings_template()
    assert tomllib.loads(template).keys() == {
        "budget",
        "reconcile",
        "search",
        "embed",
        "rerank",
        "live",
        "server",
        "translator",
    }  # all commented
    uncommented = re.sub(r"^# (\w+ = .+)$", r"\1", template, flags=re.MULTILINE)
    values = tomllib.loads(uncommented)
    assert values["attempts"] == 4 and values["budget"]["calls"] == 8
    defaults = load_settings()
    write(uncommented)
    assert load_settings() == defaults


def test_the_template_holds_every_setting() -> None:
    named = set(re.findall(r"^# (\w+) =", settings_template(), flags=re.MULTILINE))
    groups = {name for name in Settings.model_fields if f"[{name}]" in settings_template()}
    assert named | groups >= set(Settings.model_fields)
    for group in groups:
        assert named >= set(type(getattr(load_settings(), group)).model_fields)


@pytest.mark.parametrize(
    ("group", "address", "key"),
    [
        ("embed", "base_url", "api_key"),
        ("rerank", "base_url", "api_key"),
        ("translator", "base_url", "api_key"),
        ("live", "pubmed_url", "pubmed_api_key"),
        ("", "chroma_url", "chroma_token"),
        ("", "base_url", "api_key"),
    ],
)
def test_a_file_in_the_working_folder_gets_no_key_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, group: str, address: str, key: str
) -> None:
    prefix = f"CLARA_{group.upper()}__" if group else "CLARA_"
    monkeypatch.setenv(prefix + key.upper(), KEY)

    def held() -> str:
        settings = load_settings()
        secret = getattr(getattr(settings, group) if group else settings, key)
        return str(secret.get_secret_value()) if secret else ""

    assert held() == KEY and KEY in load_settings().secrets()
    write((f"[{group}]\n" if group else "") + f'{address} = "http://127.0.0.1:9"')
    assert held() != KEY
    monkeypatch.setenv(prefix + address.upper(), "http://127.0.0.1:8")
    assert held() == KEY  # the address is the user's own


def test_a_file_in_the_working_folder_may_hold_a_key_for_its_own_address() -> None:
    write(f'[rerank]\nbase_url = "http://127.0.0.1:9"\napi_key = "{KEY}"')
    secret = load_settings().rerank.api_key
    assert secret is not None and secret.get_secret_value() == KEY


def test_a_price_is_found_by_the_name_that_calls_are_recorded_under() -> None:
    prices = load_settings({"prices": {"openai:gpt-5": (1, 2), "llama3.3:70b": (3, 4)}}).prices_by_model
    assert prices["gpt-5"] == prices["openai:gpt-5"] == (1, 2) and prices["llama3.3:70b"] == (3, 4)

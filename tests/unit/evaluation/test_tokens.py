"""Token premiums: by hand, with real tokenizers, and against published figures."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import math
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
import tiktoken.load
import tiktoken.registry
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from clara.errors import ConfigError
from clara.evaluation.datasets import Dataset, Item, load_dataset
from clara.evaluation.statistics.tokens import measure_premium
from clara.evaluation.tokenizer import Count, count_items, load_tokenizer
from clara.types import Option
from tests.command import Run, in_process
from tests.unit.evaluation.parallel import TEXTS
from tests.unit.evaluation.questions import published, write_lines

# How the published table of FLORES-200 names them.
FLORES = {
    "en": "English", "es": "Spanish", "hi": "Hindi", "zh": "Chinese (Simplified)", "af": "Afrikaans", "am": "Amharic",
    "ig": "Igbo", "sn": "Shona", "zu": "Zulu",
}  # fmt: skip


@pytest.fixture
def encodings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's encodings where tiktoken keeps what it fetched; it checks their hash. A package brings them along."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "encodings"))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    (tmp_path / "encodings").mkdir()
    for name in ("cl100k_base", "o200k_base"):
        address = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
        packed = Path(str(distribution("bpe-openai").locate_file(f"bpe_openai/data/{name}.tiktoken.gz")))
        place = tmp_path / "encodings" / hashlib.sha1(address.encode()).hexdigest()
        place.write_bytes(gzip.decompress(packed.read_bytes()))


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The tokenizer.json of a model that has seen English only, and cuts and pads texts to ten tokens."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, special_tokens=["<s>"])
    tokenizer.train_from_iterator([text for pair in TEXTS["en"] for text in pair], trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.enable_truncation(10)
    tokenizer.enable_padding(length=10)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "120")
    return in_process(capsys, "eval", "tokens")


def parallel() -> Dataset:
    items = [
        Item(id=str(n), language=tag, question=question, options=(Option(id="A", text=passage),), answer="A")
        for tag, pairs in TEXTS.items()
        for n, (passage, question) in enumerate(pairs)
    ]
    return Dataset(name="eye", items=tuple(items), source="here", licence="CC0-1.0")


def test_premiums_by_hand() -> None:
    table = np.array([[10, 20, 30], [10, 30, math.nan], [20, 30, 20]], dtype=float)
    found = measure_premium(table, ["en", "es", "hi"], seed=0)
    assert (found["en"].value, found["en"].interval, found["en"].questions) == (1.0, (1.0, 1.0), 3)
    assert found["es"].value == 80 / 40 and found["es"].tokens_per_question == pytest.approx(80 / 3)
    # Hindi lacks the second question, which then does not count for English either.
    assert found["hi"].value == pytest.approx(50 / 30) and found["hi"].questions == 2
    # Questions cost twice, three or one and a half times as much: no draw leaves that range.
    assert 1.5 <= found["es"].interval[0] <= 2.0 <= found["es"].interval[1] <= 3.0
    assert "fr" not in measure_premium(np.array([[1.0, math.nan]]), ["en", "fr"], seed=0)


def test_intervals_cover_the_premium_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(300):
        english = rng.integers(20, 120, 80)
        table = np.stack([english, 1.6 * english * rng.uniform(0.7, 1.3, 80)], axis=1)
        low, high = measure_premium(table, ["en", "hi"], seed=trial)["hi"].interval
        covered += low <= 1.6 <= high
    assert 0.91 <= covered / 300 <= 0.98


def test_a_models_own_tokenizer_counts_text_alone(trained: Path) -> None:
    count = load_tokenizer(str(trained))
    assert count("") == 0 and count("Q") == 1  # no mark of the beginning, no padding
    assert count("क") == 3  # bytes, of a script that it has never seen
    assert count("A cataract is a clouding of the lens. " * 9) > 10  # not cut
    found = measure_premium(count_items(parallel(), count), parallel().languages, seed=0)
    assert set(found) == set(TEXTS) and found["en"].value == 1.0
    assert found["hi"].value > found["ar"].value > found["es"].value > 1.5


@pytest.mark.usefixtures("encodings")
def test_encodings_of_tiktoken() -> None:
    assert load_tokenizer("o200k_base")("Glaucoma damages the optic nerve.") == 8
    assert load_tokenizer("cl100k_base")("<|endoftext|>") > 1  # text that looks like a special token is text
    old, new = (
        measure_premium(count_items(parallel(), load_tokenizer(name)), parallel().languages, seed=0)
        for name in ("cl100k_base", "o200k_base")
    )
    assert all(old[tag].value > new[tag].value for tag in TEXTS if tag != "en")
    assert old["hi"].value > 3 and new["hi"].value < 2


@pytest.mark.usefixtures("encodings")
def test_the_published_premiums_are_found_on_other_texts() -> None:
    """Petrov et al. counted FLORES-200; medical questions and encyclopaedia articles, translated by people, agree."""
    with (published("token_premium") / "tokenization_lengths.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["Language"]: row for row in csv.DictReader(file)}
    dataset = load_dataset(f"african-medical-mmlu:{published('african_medical_mmlu')}")
    articles = {}
    for language in ("en", "es", "hi", "zh"):
        read = json.loads((published("xquad") / f"xquad.{language}.json").read_text(encoding="utf-8"))
        articles[language] = [passage["context"] for article in read["data"] for passage in article["paragraphs"]]
    counters: dict[str, Count] = {"cl100k_base": load_tokenizer("cl100k_base"), "ByT5": lambda text: len(text.encode())}
    for column, count in counters.items():
        found = measure_premium(count_items(dataset, count), dataset.languages, seed=0)
        table = np.asarray([[count(text) for text in texts] for texts in articles.values()], dtype=np.float64).T
        found |= measure_premium(table, list(articles), seed=0)
        for language, premium in found.items():
            expected = int(rows[FLORES[language]][column]) / int(rows["English"][column])
            assert premium.value == pytest.approx(expected, rel=0.13), (column, language)


def test_tokenizers_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_tokenizer(str(tmp_path / "tokenizer.json"))
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"not a tokenizer.json"):
        load_tokenizer(str(tmp_path / "bad.json"))
    with pytest.raises(ConfigError, match=r"no tokenizer 'o300k'.*o200k_base"):
        load_tokenizer("o300k")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})

    def unreachable(address: str) -> bytes:
        raise ConnectionError(address)

    monkeypatch.setattr(tiktoken.load, "read_file", unreachable)
    with pytest.raises(ConfigError, match=r"cannot fetch the encoding o200k_base: .*TIKTOKEN_CACHE_DIR"):
        load_tokenizer("o200k_base")
    monkeypatch.setattr(tiktoken.load, "read_file", lambda address: b"half a file")
    with pytest.raises(ConfigError, match="cannot fetch"):
        load_tokenizer("o200k_base")


def test_the_command_on_text(evaluate: Run, trained: Path, tmp_path: Path) -> None:
    rows = [
        {"id": item.id, "language": item.language, "question": item.question, "options": ["a", "b"], "answer": "a"}
        for item in parallel().items
    ]
    data = str(write_lines(tmp_path / "eye.jsonl", rows))
    done = evaluate("--data", data, "--tokenizer", str(trained))
    assert done.returncode == 0 and "hi" in done.stdout and "extreme-low" not in done.stdout
    assert "prompt cost" not in done.stdout
    Path("clara.toml").write_text('[prices]\n"openai:gpt-x" = [2.0, 8.0]\n', encoding="utf-8")
    arguments = ["--data", data, "--tokenizer", str(trained), "--languages", "en,hi,zh", "--model", "gpt-x"]
    found = json.loads(evaluate(*arguments, "--json").stdout)[str(trained)]
    assert list(found) == ["en", "zh-Hans", "hi"]
    # Two dollars a million tokens, a thousand questions.
    assert found["hi"]["cost_per_1000"] == pytest.approx(found["hi"]["tokens_per_question"] * 2 / 1000)
    assert "prompt cost of 1,000" in evaluate(*arguments).stdout
    refused = evaluate("--data", data, "--tokenizer", str(trained), "--model", "gpt-y")
    assert refused.returncode == 2 and "no price of gpt-y" in refused.stderr


def test_the_command_on_recorded_usage(evaluate: Run, tmp_path: Path) -> None:
    rows = [
        {"config": "c", "method": method, "language": tag, "id": str(n), "epoch": 0, "status": "ok", "choice": "A",
         "answer": "A", "correct": True, "prompt_tokens": used if method == "clara" else None}
        for method in ("direct", "clara") for tag, used in (("en", 100), ("hi", 250)) for n in range(5)
    ]  # fmt: skip
    write_lines(tmp_path / "run" / "records.jsonl", rows)
    found = json.loads(evaluate("--run", str(tmp_path / "run"), "--json").stdout)
    assert list(found) == ["clara"] and found["clara"]["hi"]["value"] == 2.5
    assert found["clara"]["hi"]["cost_per_1000"] is None
    shown = evaluate("--run", str(tmp_path / "run"), "--languages", "hi,en").stdout
    assert "250.0" in shown and "2.50 to 2.50" in shown
    write_lines(tmp_path / "replay" / "records.jsonl", [row | {"prompt_tokens": None} for row in rows])
    refused = evaluate("--run", str(tmp_path / "replay"))
    assert refused.returncode == 1 and "records no tokens" in refused.stderr
    assert evaluate().returncode == 2
    assert evaluate("--run", str(tmp_path / "run"), "--data", "ophtha-mini").returncode == 2

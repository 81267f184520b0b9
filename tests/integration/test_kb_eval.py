"""`clara kb eval`: from published files to tables, in this process and in several."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import pytest

from clara.config import SearchSettings, Settings
from clara.errors import ConfigError, KnowledgeError
from clara.evaluation import Collection, Results, load_collection, measure_retrieval, read_results, to_markdown
from clara.evaluation.retrieval import metrics, run
from clara.evaluation.retrieval.systems import BASELINES, SYSTEMS
from tests.command import Run, in_process
from tests.unit.evaluation.parallel import TEXTS, write_belebele, write_xquad
from tests.unit.evaluation.questions import published


@pytest.fixture
def kb_eval(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`clara kb eval` in this process."""
    monkeypatch.setenv("COLUMNS", "100")
    return in_process(capsys, "kb", "eval")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return load_collection(f"xquad:{write_xquad(tmp_path_factory.mktemp('xquad'))}")


@pytest.fixture(scope="module")
def results(collection: Collection) -> Results:
    return measure_retrieval(collection, settings=Settings())


def mean(results: Results, system: str, variants: str, metric: str) -> float:
    found = next(s for s in results.systems if (s.system, s.variants) == (system, variants))
    return found.mean[metric].value


def test_every_system_is_measured_with_and_without_translations(results: Results) -> None:
    assert [(s.variants, s.system) for s in results.systems] == [
        (kind, name) for kind in ("none", "parallel") for name in SYSTEMS
    ]
    assert results.documents == dict.fromkeys(results.documents, 4) and set(results.documents) == set(TEXTS)
    assert (results.questions, results.queries) == (4, dict.fromkeys(sorted(TEXTS), 4))
    for found in results.systems:
        assert set(found.languages) == set(TEXTS)
        assert set(found.mean) == set(metrics.METRICS), found.system
        for value in found.mean.values():
            assert value.low is None or value.low <= value.value <= (value.high or 0)


def test_translations_find_what_the_query_alone_cannot(results: Results) -> None:
    for system in ("dense", "bm25", "fusion", "none", "equal", "balanced"):
        without, with_them = (mean(results, system, kind, metrics.NDCG) for kind in ("none", "parallel"))
        assert with_them > without, system
    assert mean(results, "bm25", "parallel", metrics.OVERLAP) == 1.0  # the same words, in whichever language asked
    assert mean(results, "query-first", "parallel", metrics.OWN_SHARE) >= mean(
        results, "equal", "parallel", metrics.OWN_SHARE
    )


def test_a_systems_variants_are_the_question_in_the_other_languages(collection: Collection) -> None:
    tasks = {task.key: task for task in run._tasks(collection, run.VARIANTS)}
    assert len(tasks) == 2 * len(collection.queries)
    task = tasks["parallel", "dry-eye/ar"]
    assert (task.text, task.language) == (TEXTS["ar"][3][1], "ar")
    assert task.variants == {tag: texts[3][1] for tag, texts in TEXTS.items() if tag != "ar"}
    assert tasks["none", "dry-eye/ar"].variants == {}


def test_several_processes_find_the_same(
    collection: Collection, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_BATCH", 10)
    parts: list[tuple[str, int, int]] = []
    found = measure_retrieval(collection, workers=2, settings=Settings(), progress=lambda *step: parts.append(step))
    assert found.systems == results.systems
    assert parts[-1] == ("scoring", 14, 14) and ("ranking", 64, 64) in parts


def test_what_a_process_cannot_do_is_told_in_one_line(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = set(Path(tempfile.gettempdir()).glob("clara-eval-*"))
    monkeypatch.setattr(run, "_begin", _die)
    with pytest.raises(KnowledgeError, match="a ranking process ended early"):
        measure_retrieval(collection, workers=2, settings=Settings())
    assert set(Path(tempfile.gettempdir()).glob("clara-eval-*")) == folders  # the pool is gone


def _die(_: object) -> None:
    sys.exit(3)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"systems": ["bm52"]}, "no system 'bm52'; there are: dense, bm25, fusion, none, equal, query-first, balanced"),
        ({"systems": []}, "name at least one system"),
        ({"variants": ["perfect"]}, "no kind of variants 'perfect'; there are: none, parallel"),
        ({"variants": []}, "name at least one kind of variants"),
        ({"depth": 99}, r"a depth of 99 is too little for R@100"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_built(
    collection: Collection, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        measure_retrieval(collection, settings=Settings(), progress=_never, **options)  # type: ignore[arg-type]


def test_translations_need_parallel_questions(collection: Collection) -> None:
    english = collection.only({"en"})
    with pytest.raises(ConfigError, match="xquad asks no question in two languages"):
        measure_retrieval(english, variants=["parallel"], settings=Settings(), progress=_never)
    found = measure_retrieval(english, systems=["bm25"], settings=Settings())
    assert [(s.system, s.variants) for s in found.systems] == [("bm25", "none")]
    assert metrics.OVERLAP not in found.systems[0].mean


def test_without_the_extra_nothing_is_built(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(ConfigError, match=r"needs ir_measures .* pip install 'clara-debias\[eval\]'"):
        measure_retrieval(collection, settings=Settings(), progress=_never)


def _never(*_: object) -> None:
    raise AssertionError("something was built")


def test_the_command_prints_tables_and_writes_a_report(kb_eval: Run) -> None:
    write_belebele(Path("belebele"))
    done = kb_eval(
        "--data", "belebele:belebele", "--systems", "bm25, balanced", "--languages", "en,tl,ar", "--limit", "3",
        "--out", "report",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "belebele: 3 questions in 3 languages (9 queries) against one pool of 12 documents" in " ".join(
        done.stdout.split()
    )
    assert "query only" in done.stdout and "with translations" in done.stdout
    assert "pool built in" in done.stdout and "36 rankings in" in done.stdout
    found = read_results(json.loads(Path("report/retrieval.json").read_text(encoding="utf-8")))
    assert list(found.queries) == ["ar", "en", "fil"] and len(found.systems) == 4
    assert Path("report/retrieval.md").read_text(encoding="utf-8") == to_markdown(found)
    for end in ("json", "csv", "md", "png", "svg"):
        assert f"report/retrieval.{end}" in done.stdout.replace("\\", "/")


def test_json_is_all_that_is_on_standard_output(kb_eval: Run) -> None:
    write_xquad(Path("xquad"), ("en", "hi"))
    done = kb_eval("--data", "xquad:xquad", "--systems", "dense", "--variants", "none", "--json")
    found = read_results(json.loads(done.stdout))
    assert [(s.system, s.variants) for s in found.systems] == [("dense", "none")] and found.depth == 100


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--data", "xquad:nowhere"], 1, "nowhere: no such folder; XQuAD is published as google-deepmind/xquad"),
        (["--data", "squad:x"], 2, "no data of the form 'squad'"),
        (["--data", "xquad:xquad", "--languages", "en,qqqq"], 2, "unknown language 'qqqq'"),
        (["--data", "xquad:xquad", "--languages", "ko"], 1, "no query with a relevant document in ko"),
        (["--data", "xquad:xquad", "--systems", "x"], 2, "no system 'x'"),
        (["--data", "xquad:xquad", "--out", "file/report"], 2, "cannot write into file/report"),
    ],
)
def test_what_cannot_work_is_one_line_and_an_exit_code(
    kb_eval: Run, arguments: list[str], code: int, reason: str
) -> None:
    write_xquad(Path("xquad"), ("en",))
    Path("file").write_text("x", encoding="utf-8")
    done = kb_eval(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ") and reason in done.stderr and done.stderr.count("\n") == 1


def test_a_missing_extra_is_one_line(kb_eval: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write_xquad(Path("xquad"), ("en",))
    for module, arguments in (("ir_measures", []), ("matplotlib", ["--out", "report"])):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            done = kb_eval("--data", "xquad:xquad", *arguments)
        assert done.returncode == 2 and f"needs {module}" in done.stderr and "clara-debias[eval]" in done.stderr
    assert not Path("report").exists()


def test_numbers_out_of_range_are_bad_usage(kb_eval: Run) -> None:
    for arguments in (["--limit", "0"], ["--depth", "99"]):
        assert kb_eval("--data", "xquad:xquad", *arguments).returncode == 2


def test_the_default_policy_is_the_best_on_real_questions_and_costs_the_asker_nothing() -> None:
    folder = published("xquad")
    collection = load_collection(f"xquad:{folder}").sample(60, seed=0)
    results = measure_retrieval(collection, settings=Settings())
    default = SearchSettings().policy
    for kind in ("none", "parallel"):
        complete = {system: mean(results, system, kind, metrics.COMPLETE) for system in SYSTEMS}
        # Sixty questions tell no more than the order, within a question or two.
        assert all(complete[default] >= other - 0.01 for other in complete.values()), complete
    plain = max(mean(results, system, "none", metrics.SAME_LANGUAGE) for system in BASELINES)
    for kind in ("none", "parallel"):
        assert mean(results, default, kind, metrics.SAME_LANGUAGE) >= plain

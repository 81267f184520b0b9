"""Published files as they are: read where they are right, named with the reason where they are not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clara.errors import ConfigError, DatasetError
from clara.evaluation import load_collection, load_extra
from clara.evaluation.retrieval.load import LOADERS
from tests.conftest import ROOT
from tests.unit.evaluation.parallel import TEXTS, TOPICS, write_belebele, write_rows, write_xquad

pyarrow, parquet = load_extra("pyarrow"), load_extra("pyarrow.parquet")

XQUAD = ROOT.parent / "shared" / "data" / "xquad"
Spoil = Callable[[Path], object]


def test_the_published_xquad_is_read_whole() -> None:
    if not XQUAD.is_dir():
        pytest.skip(f"needs XQuAD's files in {XQUAD}")
    collection = load_collection(f"xquad:{XQUAD}")
    assert collection.document_counts() == {"en": 240, "es": 240, "hi": 240, "zh-Hans": 240}
    # 1,190 questions, of which nine read the same as another in some language.
    assert collection.query_counts() == {"en": 1181, "es": 1181, "hi": 1181, "zh-Hans": 1181}
    assert all(len(relevant) == 4 for relevant in collection.qrels.values())
    assert not any(doc.title for doc in collection.docs)  # they are English in every file
    super_bowl = collection.translations()["56beb4343aeaaa14008c925b"]
    assert super_bowl["en"] == "How many points did the Panthers defense surrender?"
    assert set(super_bowl) == {"en", "es", "hi", "zh-Hans"} and super_bowl["zh-Hans"].endswith("？")
    assert collection.licence == "CC-BY-SA-4.0"


def test_belebele_gives_the_same_pool_as_xquad_from_rows_in_any_order() -> None:
    xquad = load_collection(f"xquad:{write_xquad(Path('x'))}")
    belebele = load_collection(f"belebele:{write_belebele(Path('b'))}")
    assert {(d.language, d.text) for d in belebele.docs} == {(d.language, d.text) for d in xquad.docs}
    assert belebele.query_counts() == xquad.query_counts() == dict.fromkeys(sorted(TEXTS), 4)
    texts = {doc.id: doc.text for doc in belebele.docs}
    for query in belebele.queries:
        place = [question for _, question in TEXTS[query.language]].index(query.text)
        assert {texts[doc] for doc in belebele.qrels[query.id]} == {passages[place][0] for passages in TEXTS.values()}


def test_belebele_tells_passages_of_one_link_apart_and_joins_questions_on_one_passage() -> None:
    def rows(first: str, second: str) -> list[dict[str, object]]:
        return [
            {"link": "l", "question_number": n, "flores_passage": passage, "question": f"{passage}{n}?", "split": split}
            for n, passage, split in ((1, first, "dev"), (2, first, "dev"), (1, second, "devtest"))
        ]

    write_rows(Path("b/eng_Latn.jsonl"), rows("One.", "Two."))
    write_rows(Path("b/kor_Hang.jsonl"), rows("하나.", "둘."))
    collection = load_collection("belebele:b")
    assert collection.document_counts() == {"en": 2, "ko": 2}
    assert [len(relevant) for relevant in collection.qrels.values()] == [2] * 6
    assert len({query.group for query in collection.queries}) == 3


def test_belebele_knows_the_codes_of_flores() -> None:
    row = {"link": "l", "question_number": 1, "flores_passage": "p", "question": "q"}
    codes = ("eng_Latn", "arb_Arab", "arb_Latn", "hin_Latn", "npi_Deva", "pes_Arab", "swh_Latn", "tgl_Latn", "zho_Hant",
             "jpn_Jpan", "kor_Hang", "acm_Arab")  # fmt: skip
    for code in codes:
        write_rows(Path(f"b/{code}.jsonl"), [row])
    assert set(load_collection("belebele:b").query_counts()) == {
        "en", "ar", "ar-Latn", "hi-Latn", "ne", "fa", "sw", "fil", "zh-Hant", "ja", "ko", "acm-Arab",
    }  # fmt: skip


def write_beir(folder: Path = Path("beir"), split: str = "test") -> Path:
    write_rows(
        folder / "corpus.jsonl",
        [
            {"_id": "d1", "title": "Cataract", "text": TEXTS["en"][0][0], "metadata": {"language": "en", "group": "g"}},
            {"_id": "d2", "title": "Catarata", "text": TEXTS["es"][0][0], "lang": "es", "group": "g"},
            {"_id": "d3", "title": "", "text": TEXTS["hi"][1][0], "metadata": {}},
            {"_id": "d4", "title": "", "text": TEXTS["ar"][1][0]},
            {"_id": "d5", "title": "", "text": "Mera eye bahut red hai aur pain bhi ho raha hai"},
            {"_id": "d6", "title": "Timolol", "text": "timolol 0.5%"},
        ],
    )
    write_rows(
        folder / "queries.jsonl",
        [{"_id": 1, "text": TEXTS["fr"][0][1]}, {"_id": 2, "text": TEXTS["fil"][1][1]}, {"_id": 3, "text": "unjudged"}],
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / f"{split}.tsv").write_text(
        "query-id\tcorpus-id\tscore\n1\td1\t2\n1\td2\t1\n2\td3\t1\n2\td4\t0\n", encoding="utf-8"
    )
    return folder


@pytest.mark.parametrize("split", ["test", "dev", "train"])
def test_beir_takes_languages_as_given_or_as_found(split: str) -> None:
    collection = load_collection(f"beir:{write_beir(split=split)}")
    assert {doc.id: doc.language for doc in collection.docs} == {
        "d1": "en", "d2": "es", "d3": "hi", "d4": "ar", "d5": "hi-Latn",
        "d6": "en",  # cannot be told: the most common of the file
    }  # fmt: skip
    assert {query.id: query.language for query in collection.queries} == {"1": "fr", "2": "fil"}
    assert collection.qrels == {"1": {"d1": 2, "d2": 1}, "2": {"d3": 1, "d4": 0}}
    assert [doc.group for doc in collection.docs] == ["g", "g", "d3", "d4", "d5", "d6"]
    assert collection.docs[0].title == "Cataract" and not collection.parallel


CLIRUDIT: dict[str, list[dict[str, object]]] = {
    "docs/fr.test": [
        {"docid": "a", "title": "Voir", "subtitle": "une histoire", "abstract": "L'œil et la lumière."},
        {"docid": "b", "title": "Entendre", "subtitle": None, "abstract": "L'oreille."},
    ],
    "docs/en.test": [
        {"docid": "a", "title": "Seeing", "subtitle": None, "abstract": "The eye and light."},
        {"docid": "b", "title": "Hearing", "subtitle": "a history", "abstract": "The ear."},
    ],
    "qrels/en_fr.test": [
        {"qid": 0, "docid": "a", "rel": 1},
        {"qid": 1, "docid": "b", "rel": 1},
        {"qid": 2, "docid": "b", "rel": 0},
    ],
    "qrels/en_en.test": [{"qid": 0, "docid": "a", "rel": 1}, {"qid": 1, "docid": "b", "rel": 1}],
    "queries/en.test": [
        {"qid": 0, "query": "eye, light, vision"},
        {"qid": 1, "query": "ear"},
        {"qid": 2, "query": "x"},
    ],
}


def write_clirudit(kind: str, folder: Path = Path("c")) -> Path:
    for name, rows in CLIRUDIT.items():
        path = folder / f"{name}-00000-of-00001{kind}" if kind == ".parquet" else folder / f"{name}{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == ".jsonl":
            write_rows(path, rows)
        elif kind == ".parquet":
            parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        else:
            mark = "\t" if kind == ".tsv" else ","
            cells = [list(rows[0]), *([str(v) if v is not None else "" for v in row.values()] for row in rows)]
            quoted = [[f'"{cell}"' if kind == ".csv" else cell for cell in line] for line in cells]
            path.write_text("\n".join(mark.join(line) for line in quoted) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", [".parquet", ".jsonl", ".csv", ".tsv"])
def test_clirudit_is_read_from_any_kind_of_table(kind: str) -> None:
    folder = write_clirudit(kind)
    collection = load_collection(f"clirudit:{folder}")
    assert [(d.id, d.language, d.title, d.text) for d in collection.docs] == [
        ("a", "fr", "Voir : une histoire", "L'œil et la lumière."),
        ("b", "fr", "Entendre", "L'oreille."),
    ]
    assert [(q.id, q.language, q.text) for q in collection.queries] == [
        ("0", "en", "eye, light, vision"),
        ("1", "en", "ear"),
    ]
    assert collection.qrels == {"0": {"a": 1}, "1": {"b": 1}} and collection.licence == "CC-BY-NC-4.0"
    english = load_collection(f"clirudit-en:{folder}")
    assert english.name == "clirudit-en" and {doc.language for doc in english.docs} == {"en"}


def test_parquet_without_its_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_clirudit(".parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"needs pyarrow .* pip install 'clara-debias\[eval\]'"):
        load_collection(f"clirudit:{folder}")


def write(path: str, content: str | bytes) -> Spoil:
    def spoil(folder: Path) -> None:
        target = folder / path
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_text(content, encoding="utf-8")

    return spoil


def change(path: str, old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        text = (folder / path).read_text(encoding="utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def drop(path: str) -> Spoil:
    return lambda folder: (folder / path).unlink()


@pytest.mark.parametrize(
    ("form", "spoil", "reason"),
    [
        ("xquad", write("xquad.hi.json", "{"), r"xquad\.hi\.json: not JSON"),
        ("xquad", write("xquad.hi.json", "नमस्ते".encode("utf-16")), r"xquad\.hi\.json: not JSON"),
        ("xquad", write("xquad.hi.json", "[]"), "not of SQuAD's form"),
        ("xquad", write("xquad.hi.json", '{"data": []}'), "holds no paragraph"),
        ("xquad", change("xquad.hi.json", '"question"', '"frage"'), "not of SQuAD's form"),
        ("xquad", change("xquad.hi.json", '"id": "glaucoma"', '"id": "g"'), "its questions are not those of ar"),
        ("xquad", write("xquad.qqqq.json", "{}"), "unknown language 'qqqq'"),
        ("belebele", change("hin_Deva.jsonl", '"flores_passage"', '"passage"'), "line 1: no text in the field 'flor"),
        ("belebele", change("hin_Deva.jsonl", "{", "["), r"hin_Deva\.jsonl, line 1: not JSON"),
        ("belebele", write("hin_Deva.jsonl", "[1]\n"), "line 1: expected a JSON object"),
        ("belebele", write("hin_Deva.jsonl", "\n"), "holds no question"),
        ("belebele", write("hin_Deva.jsonl", "ñ".encode("latin-1")), "not UTF-8"),
        ("belebele", change("hin_Deva.jsonl", "wiki/cataract", "wiki/glaucoma"), "a second question with this link"),
        ("belebele", change("hin_Deva.jsonl", "wiki/cataract", "wiki/retina"), r"that eng_Latn\.jsonl does not hold"),
        ("belebele", write("xyzzy_Latn.jsonl", "{}"), "unknown language"),
        ("beir", drop("queries.jsonl"), r"expected corpus\.jsonl, queries\.jsonl and qrels/test\.tsv"),
        ("beir", drop("qrels/test.tsv"), r"expected corpus\.jsonl, queries\.jsonl and qrels/test\.tsv"),
        ("beir", change("qrels/test.tsv", "d3", "d9"), "line 4: no document 'd9'"),
        ("beir", change("qrels/test.tsv", "2\td3", "9\td3"), "line 4: no query '9'"),
        ("beir", change("qrels/test.tsv", "d3\t1", "d3\tyes"), "line 4: expected query id, document id and a whole"),
        ("beir", write("qrels/test.tsv", "1\td1\t0\n"), "no query has a relevant document"),
        ("beir", write("qrels/test.tsv", b"1\td1\t\xff\n"), "not UTF-8"),
        ("beir", change("corpus.jsonl", '"language": "en"', '"language": "qqqq"'), "line 1: unknown language 'qqqq'"),
        ("beir", write("queries.jsonl", '{"_id": "1", "text": "0.5%"}\n'), "cannot tell its language"),
        ("clirudit", drop("queries/en.test.jsonl"), r"expected docs/fr\.test, qrels/en_fr\.test and queries/en\.test"),
        ("clirudit", change("qrels/en_fr.test.jsonl", '"a"', '"z"'), "line 1: names a query or document"),
        ("clirudit", change("qrels/en_fr.test.jsonl", '"rel": 1', '"rel": "x"'), "'rel' must be a whole number"),
        ("clirudit", change("docs/fr.test.jsonl", '"docid": "a"', '"docid": null'), "no text in the field 'docid'"),
        ("clirudit", write("docs/fr.test-0.parquet", b"PAR1"), "not a readable Parquet file"),
    ],
)  # fmt: skip
def test_a_spoiled_file_is_named_with_the_reason(form: str, spoil: Spoil, reason: str) -> None:
    writers: dict[str, Callable[[Path], Path]] = {
        "xquad": write_xquad, "belebele": write_belebele, "beir": write_beir,
        "clirudit": lambda folder: write_clirudit(".jsonl", folder),
    }  # fmt: skip
    folder = writers[form](Path("data"))
    load_collection(f"{form}:{folder}")
    spoil(folder)
    with pytest.raises(DatasetError, match=reason) as caught:
        load_collection(f"{form}:{folder}")
    assert str(caught.value).startswith("data") and "\n" not in str(caught.value)


@pytest.mark.parametrize("form", sorted(LOADERS))
def test_a_missing_folder_says_what_was_expected_where_it_is_published_and_under_which_terms(form: str) -> None:
    with pytest.raises(DatasetError, match=r"^nowhere: no such folder; .* (GitHub|hub) \(") as caught:
        load_collection(f"{form}:nowhere")
    assert "CC-BY" in str(caught.value) or form == "beir"
    Path("empty").mkdir()
    with pytest.raises(DatasetError, match=r"^empty: expected "):
        load_collection(f"{form}:empty")


def test_an_unknown_form_or_a_form_without_a_path_is_bad_usage() -> None:
    with pytest.raises(ConfigError, match="no data of the form 'squad'; write NAME:PATH with one of: beir, belebele"):
        load_collection("squad:here")
    with pytest.raises(ConfigError, match=r"xquad: say where its files are, e\.g\. xquad:data/xquad"):
        load_collection("xquad")


def test_a_path_may_hold_a_colon() -> None:
    assert load_collection(f"xquad:{write_xquad(Path('a:b'))}").query_counts()["ar"] == len(TOPICS)


def test_a_byte_order_mark_is_no_part_of_the_first_field() -> None:
    folder = write_clirudit(".csv")
    path = folder / "docs" / "fr.test.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_collection(f"clirudit:{folder}").docs[0].id == "a"
    assert json.loads((write_beir() / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[0])["_id"] == "d1"

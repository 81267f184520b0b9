"""Languages by the amount of text there is in them."""

from __future__ import annotations

import csv

import pytest

from clara.errors import InputError
from clara.evaluation.tiers import TIERS, tier
from clara.languages import SUPPORTED
from tests.unit.evaluation.questions import published


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "high"), ("zh-Hant", "high"), ("Portuguese", "high"), ("हिन्दी", "mid"), ("ar", "mid"), ("fa", "mid"),
        ("fil", "low"), ("tl", "low"), ("sw", "low"), ("ha", "low"), ("am", "low"), ("hi-Latn", "low"),
        ("sr-Latn", "mid"), ("en-x-irish", "high"), ("wo", "extreme-low"), ("bm", "extreme-low"),
        ("iu", "extreme-low"), ("und", None),
    ],
)  # fmt: skip
def test_tiers_of_languages_by_tag_and_name(language: str, expected: str | None) -> None:
    assert tier(language) == expected


def test_what_is_no_language_has_no_tier() -> None:
    with pytest.raises(InputError):
        tier("xx-nothing")


def test_the_languages_that_clara_speaks_differ_in_tier() -> None:
    assert {tier(tag) for tag in SUPPORTED} == {"low", "mid", "high"}


def test_tiers_are_those_published_for_1503_languages() -> None:
    """All but Old Emilian-Romagnol (a retired code) and Congo Swahili, which is one language with `sw` here."""
    with (published("byol") / "language_digital_presence.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lang_code"] not in ("eml", "swc")]
    differ = [row["language"] for row in rows if tier(row["lang_code"]) != TIERS[int(row["cluster_class"])]]
    assert len(rows) == 1501 and not differ
    bounds = [5e6, 2e9, 1e11]
    beyond = [
        row["language"]
        for row in rows
        if sum(float(row["corpus_size"]) > bound for bound in bounds) != int(row["cluster_class"])
    ]
    assert beyond == ["Latgalian"]  # of 5.3 million words

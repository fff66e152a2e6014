"""What a click is worth, in a line."""

import pytest

from console.clicks.marks import Marks, make_marks
from schemas import Fraud, Uniqueness


def test_a_unique_clean_click_is_only_marked_as_unique() -> None:
    unique, fraud = Uniqueness(is_unique=True, status="judged"), Fraud(score=12, band="clean", stage="live")

    assert make_marks(unique, fraud) == Marks(
        unique="unique", unique_title="the visitor's first click on the program within its window"
    )


@pytest.mark.parametrize(
    ("band", "class_name", "name"),
    [
        ("suspicious", "suspicious", "suspicious"),
        ("likely_invalid", "likely-invalid", "likely invalid"),
        ("invalid", "invalid", "invalid"),
    ],
)
def test_a_score_that_is_not_clean_is_marked_with_its_band(band: str, class_name: str, name: str) -> None:
    unique = Uniqueness(is_unique=False, status="judged")
    marks = make_marks(unique, Fraud(score=72, band=band))

    assert (marks.unique, marks.score, marks.band, marks.band_name) == ("repeat", "72", class_name, name)
    assert marks.score_title == f"72 of 100, {name}"


@pytest.mark.parametrize("fraud", [Fraud(), Fraud(score=40, band="of_a_newer_version")])
def test_what_was_not_judged_has_no_mark(fraud: Fraud) -> None:
    assert make_marks(Uniqueness(), fraud) == Marks()

"""Beside which period an annotation stands, and for which filters it is shown."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from console.annotations.handlers import read_annotation
from console.annotations.marks import list_marks
from console.annotations.table import Annotation, NewAnnotation
from console.view.filters import Filter, Operator
from console.view.view import View
from storage.read.asking.periods import Unit
from storage.read.asking.question import Moment, Range, locate

BERLIN = ZoneInfo("Europe/Berlin")
SPAN = locate(Range(date(2026, 10, 24), date(2026, 10, 27)), BERLIN)
GIVEN = {"day": "2026-10-25", "time": "", "program": "", "text": "a sale"}


def annotation(when: Moment, program: str | None = None) -> Annotation:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Annotation(
        annotation_id=1, when=when, text="a sale", program_id=program, program="Shoes", written_by="Ann", written_at=at
    )


def places(when: Moment, unit: Unit) -> list[int]:
    return [mark.place for mark in list_marks([annotation(when)], View(), SPAN, unit, BERLIN)]


@pytest.mark.parametrize(
    ("when", "unit", "place"),
    [
        (date(2026, 10, 24), "day", [0]),
        (date(2026, 10, 26), "day", [2]),
        (date(2026, 10, 26), "hour", [24 + 25]),
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), "day", [2]),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "hour", [26]),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "hour", [27]),
        (date(2026, 10, 27), "day", []),
        (datetime(2026, 10, 23, 21, 59, tzinfo=UTC), "day", []),
    ],
)
def test_an_annotation_stands_beside_its_period_of_the_reporting_zone(
    when: Moment, unit: Unit, place: list[int]
) -> None:
    assert places(when, unit) == place


@pytest.mark.parametrize(
    ("operator", "values", "program", "is_shown"),
    [
        ("is", ("prg_shoes",), "prg_shoes", True),
        ("is", ("prg_hats",), "prg_shoes", False),
        ("not", ("prg_shoes",), "prg_shoes", False),
        ("not", ("prg_hats",), "prg_shoes", True),
        ("has", ("SHOE",), "prg_shoes", True),
        ("has", ("hat",), "prg_shoes", False),
        ("is", ("prg_hats",), None, True),
    ],
)
def test_a_filter_by_program_lets_through_its_own_annotations_and_those_of_all(
    operator: Operator, values: tuple[str, ...], program: str | None, is_shown: bool
) -> None:
    view = View(filters=(Filter("program", operator, values),))
    marks = list_marks([annotation(date(2026, 10, 25), program)], view, SPAN, "day", BERLIN)

    assert bool(marks) == is_shown


def test_a_time_is_of_the_reporting_zone() -> None:
    assert read_annotation(GIVEN, BERLIN) == NewAnnotation(when=date(2026, 10, 25), text="a sale")
    assert read_annotation({**GIVEN, "time": "14:30", "program": "x"}, BERLIN) == NewAnnotation(
        when=datetime(2026, 10, 25, 13, 30, tzinfo=UTC), text="a sale", program_id="x"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        *({"day": "yesterday"}, {"time": "noon"}, {"time": "14:30+02:00"}, {"text": ""}, {"text": "x" * 501}),
        *({"text": "a\0b"}, {"day": "0001-01-01"}, {"program": "\ud800"}),
    ],
)
def test_nonsense_is_explained(wrong: dict[str, str]) -> None:
    assert isinstance(read_annotation(GIVEN | wrong, BERLIN), str)

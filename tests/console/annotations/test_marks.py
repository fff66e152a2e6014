"""Beside which period an annotation stands."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from console.annotations.automatic import Automatic
from console.annotations.handlers import read_annotation
from console.annotations.marks import list_notes, place_notes
from console.annotations.table import Annotation, NewAnnotation
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
    notes = list_notes([annotation(when)], [], SPAN, BERLIN)
    return [mark.place for mark in place_notes(notes, SPAN, unit, BERLIN)]


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


def test_notes_are_in_the_order_of_time_and_tell_whether_somebody_wrote_them() -> None:
    at = datetime(2026, 10, 25, 12, tzinfo=UTC)
    happened = [Automatic(at=at, kind="outage", text="An outage"), Automatic(at=SPAN.end, kind="keys", text="later")]
    notes = list_notes([annotation(date(2026, 10, 26), "prg_shoes")], happened, SPAN, BERLIN)

    assert [(note.when, note.text, note.is_automatic, note.written_by, note.program) for note in notes] == [
        ("25 Oct 2026, 13:00", "An outage", True, "", ""),
        ("26 Oct 2026", "a sale", False, "Ann", "Shoes"),
    ]


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

"""Which annotations belong to a view, and beside which period of its chart each stands. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from console.annotations.table import Annotation
from console.view.view import View
from console.view.words import write_day
from storage.read.asking.periods import Unit, list_periods, name_period
from storage.read.asking.question import Span, locate_moment

ALL_PROGRAMS: Final = "All programs"


class Mark(msgspec.Struct, frozen=True):
    """An annotation beside a period: `place` counts the periods of the chart from 0."""

    place: int
    when: str
    text: str
    written_by: str
    program: str


def list_marks(found: Iterable[Annotation], view: View, span: Span, unit: Unit, zone: ZoneInfo) -> list[Mark]:
    """Place the annotations that belong to a view, the oldest first; those outside its range are left out."""
    places = {period: place for place, period in enumerate(list_periods(span.begin, span.end, unit, zone))}
    marks = []
    for one in found:
        begin = locate_moment(one.when, zone)
        place = places.get(name_period(begin, unit, zone))
        if place is not None and span.begin <= begin < span.end and belongs(one, view):
            marks.append(
                Mark(place, write_when(one, zone), one.text, one.written_by, one.program or one.program_id or "")
            )
    return sorted(marks, key=lambda mark: mark.place)


def write_when(one: Annotation, zone: ZoneInfo) -> str:
    if not isinstance(one.when, datetime):
        return write_day(one.when)
    local = one.when.astimezone(zone)
    return f"{write_day(local)}, {local:%H:%M}"


def belongs(one: Annotation, view: View) -> bool:
    """Tell whether an annotation is about what a view shows: all programs, or one that its filter lets through."""
    asked = view.find_filter("program")
    if one.program_id is None or asked is None:
        return True
    if asked.operator == "has":
        return any(is_part(text, (one.program_id, one.program or "")) for text in asked.values)
    return (one.program_id in asked.values) == (asked.operator == "is")


def is_part(text: str, of: Sequence[str]) -> bool:
    return any(text.lower() in one.lower() for one in of)

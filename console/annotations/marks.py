"""Which annotations belong to a view, and beside which period of its chart each stands. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from console.annotations.automatic import Automatic, Kind
from console.annotations.table import Annotation
from console.view.words import write_day
from storage.read.asking.periods import Unit, list_periods, name_period
from storage.read.asking.question import Moment, Span, locate_moment

OWN: Final = "own"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation as pages show it: written by somebody (`own`), or one that is there by itself."""

    at: datetime
    when: str
    text: str
    kind: Kind | Literal["own"] = OWN
    written_by: str = ""
    program: str = ""

    @property
    def is_automatic(self) -> bool:
        return self.kind != OWN


class Mark(msgspec.Struct, frozen=True):
    """A note beside a period: `place` counts the periods of the chart from 0."""

    place: int
    note: Note


def list_notes(own: Iterable[Annotation], automatic: Iterable[Automatic], span: Span, zone: ZoneInfo) -> list[Note]:
    """Give both as notes, the oldest first; those outside the range are left out."""
    notes = [*(write_own(one, zone) for one in own), *(write_automatic(one, zone) for one in automatic)]
    return sorted((one for one in notes if span.begin <= one.at < span.end), key=lambda note: note.at)


def write_own(one: Annotation, zone: ZoneInfo) -> Note:
    return Note(
        at=locate_moment(one.when, zone),
        when=write_when(one.when, zone),
        text=one.text,
        written_by=one.written_by,
        program=one.program or one.program_id or "",
    )


def write_automatic(one: Automatic, zone: ZoneInfo) -> Note:
    return Note(at=one.at, when=write_when(one.at, zone), text=one.text, kind=one.kind, program=one.program)


def place_notes(notes: Iterable[Note], span: Span, unit: Unit, zone: ZoneInfo) -> list[Mark]:
    """Place notes beside the periods of a chart."""
    places = {period: place for place, period in enumerate(list_periods(span.begin, span.end, unit, zone))}
    named = [(name_period(note.at, unit, zone), note) for note in notes]
    return [Mark(places[period], note) for period, note in named if period in places]


def write_when(when: Moment, zone: ZoneInfo) -> str:
    if not isinstance(when, datetime):
        return write_day(when)
    local = when.astimezone(zone)
    return f"{write_day(local)}, {local:%H:%M}"

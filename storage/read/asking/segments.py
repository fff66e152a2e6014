"""Cut a range into what each table answers: whole months, days, hours, minutes, and the rest from rows. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.periods import Unit, ceil_period, floor_period, list_periods, next_period, start_of_day
from storage.read.asking.question import Span
from storage.read.asking.state import RollupState

Grain = Literal["m", "d", "h", "minute", "rows"]

UNIT_OF: Final[dict[Grain, Unit]] = {"m": "month", "d": "day", "h": "hour", "minute": "minute"}
MINUTES_KEPT: Final = timedelta(days=7)
"""`click_minutes` has a day more."""
ROLLED: Final[tuple[Grain, ...]] = ("m", "d", "h")
"""Grains of `click_rollups`, where clicks of pending batches are missing."""


class Segment(msgspec.Struct, frozen=True):
    """A part of a range, and the grain of the table that answers it."""

    grain: Grain
    begin: datetime
    end: datetime


def cut(span: Span, grains: Sequence[Grain], zone: ZoneInfo) -> list[Segment]:
    """Cut a range into as few periods as possible of these grains, the coarsest first and `rows` last."""
    if span.end <= span.begin:
        return []
    grain, *finer = grains
    if grain == "rows":
        return [Segment(grain, span.begin, span.end)]
    unit = UNIT_OF[grain]
    begin, end = ceil_period(span.begin, unit, zone), floor_period(span.end, unit, zone)
    if end <= begin:
        return cut(span, finer, zone)
    return [
        *cut(Span(span.begin, begin), finer, zone),
        Segment(grain, begin, end),
        *cut(Span(end, span.end), finer, zone),
    ]


def find_rolled(segments: Sequence[Segment]) -> Span | None:
    """Return the range that is answered from `click_rollups`; it has no holes."""
    rolled = [segment for segment in segments if segment.grain in ROLLED]
    return Span(rolled[0].begin, rolled[-1].end) if rolled else None


def cut_range(state: RollupState, span: Span, grains: Sequence[Grain]) -> list[Segment]:
    """Cut the range by these grains, as far as the tables have them."""
    segments: list[Segment] = []
    for segment in cut(span, grains, state.zone):
        for found in find_kept(segment, state):
            before = segments[-1] if segments else None
            if before is not None and before.grain == found.grain:
                segments[-1] = Segment(found.grain, before.begin, found.end)
            else:
                segments.append(found)
    return segments


def find_kept(segment: Segment, state: RollupState) -> Iterator[Segment]:
    """Give the segment with grains that are kept: minutes for some days, and months that have rows of their own."""
    if segment.grain == "minute" and segment.begin < state.now - MINUTES_KEPT:
        yield Segment("rows", segment.begin, segment.end)
    elif segment.grain == "m":
        for month in list_periods(segment.begin, segment.end, "month", state.zone):
            begin = start_of_day(month, state.zone)
            grain: Grain = "m" if month in state.months else "d"
            yield Segment(grain, begin, next_period(begin, "month", state.zone))
    else:
        yield segment

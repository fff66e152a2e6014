"""Cut a range into what each table answers: whole months, days, hours, minutes, and the rest from rows. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.periods import Unit, ceil_period, floor_period
from storage.read.asking.question import Span

Grain = Literal["m", "d", "h", "minute", "rows"]

UNIT_OF: Final[dict[Grain, Unit]] = {"m": "month", "d": "day", "h": "hour", "minute": "minute"}
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

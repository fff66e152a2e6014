"""The chart of clicks per minute: positions and labels, drawn by a template. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from storage.read.counts import MinuteCount

MINUTES: Final = 60
STEP: Final = 10
HEIGHT: Final = 1000
MINUTE: Final = timedelta(minutes=1)
LABEL_EVERY: Final = 15
STEPS_OF_TEN: Final = (1, 2, 4, 6, 8, 10)


class Segment(msgspec.Struct, frozen=True):
    """A part of a column. `y` (from the top) and `height` are thousandths of the chart's height."""

    tone: str
    y: int
    height: int


class Column(msgspec.Struct, frozen=True):
    """One minute: its position, its segments from the bottom up, and its text."""

    x: int
    segments: tuple[Segment, ...]
    title: str


class MinuteChart(msgspec.Struct, frozen=True):
    """`width` has the unit of the columns' `x`. `ticks` are labels from the top, `hours` labels from the left."""

    columns: tuple[Column, ...]
    width: int
    ticks: tuple[int, ...]
    hours: tuple[str, ...]
    summary: str
    is_empty: bool


def find_chart_start(now: datetime) -> datetime:
    """Return the first minute of the chart that ends with the minute of `now`."""
    return now.replace(second=0, microsecond=0) - (MINUTES - 1) * MINUTE


def chart_minutes(counts: Sequence[MinuteCount], now: datetime) -> MinuteChart:
    """Chart the last 60 minutes, including the current one."""
    begin = find_chart_start(now)
    by_minute = {count.minute: count for count in counts}
    minutes = [
        by_minute.get(minute) or MinuteCount(minute, 0, 0, 0)
        for minute in (begin + number * MINUTE for number in range(MINUTES))
    ]
    most = max(count.people + count.bots + count.rejected for count in minutes)
    top = round_up(most)
    return MinuteChart(
        columns=tuple(make_column(number, count, top) for number, count in enumerate(minutes)),
        width=MINUTES * STEP,
        ticks=(top, top // 2, 0),
        hours=tuple(f"{minutes[place].minute:%H:%M}" for place in range(0, MINUTES, LABEL_EVERY)),
        summary=f"Clicks per minute over the last hour: at most {most:,}.",
        is_empty=most == 0,
    )


def make_column(number: int, count: MinuteCount, top: int) -> Column:
    segments = []
    top_of_stack = 0
    for tone, size in (("accepted", count.people), ("bot", count.bots), ("rejected", count.rejected)):
        if size:
            low, top_of_stack = top_of_stack, top_of_stack + size
            y = HEIGHT - round(top_of_stack * HEIGHT / top)
            segments.append(Segment(tone, y, HEIGHT - round(low * HEIGHT / top) - y))
    title = f"{count.minute:%H:%M} UTC: {count.people:,} people, {count.bots:,} bots, {count.rejected:,} rejected"
    return Column(number * STEP, tuple(segments), title)


def round_up(most: int) -> int:
    """Return the smallest even, round number not below `most`: 2, 4, 6, 8, 10, 20, 40 ..."""
    power = 1
    while most > 10 * power:
        power *= 10
    return max(2, next(step * power for step in STEPS_OF_TEN if step * power >= most))

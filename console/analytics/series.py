"""The series of a measure over time: periods with labels, counts, and those of the other range. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from console.annotations.marks import Mark
from console.view.dates import write_days
from console.view.ranges import Today, add_months, cut_range, name_days
from console.view.view import View
from console.view.words import write_day
from storage.read.asking.answer import Answer
from storage.read.asking.periods import Unit, list_periods, name_period
from storage.read.asking.question import MOST_HOURS, MOST_MINUTES, Range, Span, locate

MINUTES: Final = timedelta(hours=3)
HOURS: Final = timedelta(days=2)
DAYS: Final = timedelta(days=130)
MOST_DAYS: Final = timedelta(days=800)
UNITS: Final[dict[Unit, str]] = {"minute": "Minutes", "hour": "Hours", "day": "Days", "month": "Months"}
LONGEST: Final[dict[Unit, timedelta]] = {"minute": MOST_MINUTES, "hour": MOST_HOURS, "day": MOST_DAYS}
SHORTEST: Final[dict[Unit, timedelta]] = {"day": timedelta(days=2), "month": timedelta(days=40)}
Period = date | datetime


class Point(msgspec.Struct, frozen=True):
    """A period: its label, its count (null in the future), that of the other range, and its range in an address."""

    label: str
    short: str
    count: int | None
    first: str
    last: str
    other: int | None = None
    other_label: str = ""


class Series(msgspec.Struct, frozen=True):
    """All periods of a range. `unfinished` is the place of the running one, or -1."""

    unit: Unit
    points: tuple[Point, ...]
    unfinished: int
    has_other: bool


def choose_unit(view: View, span: Span) -> Unit:
    """Choose the unit of the periods: that of the address if it suits, else a usual one."""
    asked = next((unit for unit in list_units(span) if unit == view.get("unit")), None)
    if asked is not None:
        return asked
    if span.length <= MINUTES:
        return "minute"
    return "hour" if span.length <= HOURS else "day" if span.length <= DAYS else "month"


def list_units(span: Span) -> list[Unit]:
    """List the units by which the range has several periods, and not too many."""
    none, most = timedelta(0), timedelta.max
    return [unit for unit in UNITS if SHORTEST.get(unit, none) <= span.length <= LONGEST.get(unit, most)]


def make_series(asked: Range, unit: Unit, today: Today, answer: Answer, other: Answer | None) -> Series:
    """Make the points of all periods; those of the other range beside them, the first beside the first."""
    span = locate(asked, today.zone)
    periods = list_periods(span.begin, span.end, unit, today.zone)
    counts = {group.keys[0]: group.counts[0] for group in answer.groups}
    others = [] if other is None else [(group.keys[0], group.counts[0]) for group in other.groups]
    running = name_period(today.now, unit, today.zone)
    points = []
    for place, period in enumerate(periods):
        first, last = write_ends(period, periods[place + 1 : place + 2], unit, span, today.zone)
        beside = others[place] if place < len(others) else None
        points.append(
            Point(
                label=write_label(period, unit, today),
                short=write_short(period, unit, today),
                count=None if period > running else counts.get(period, 0),
                first=first,
                last=last,
                other=None if beside is None else beside[1],
                other_label="" if beside is None else write_label(beside[0], unit, today),
            )
        )
    return Series(unit, tuple(points), periods.index(running) if running in periods else -1, other is not None)


def write_ends(period: Period, follows: Sequence[Period], unit: Unit, span: Span, zone: ZoneInfo) -> tuple[str, str]:
    """Write the ends of a period, or of what the range has of it, as `from` and `to` of an address.

    These are days, of which the last counts, or times: times for all periods of a range that cuts a day, because the
    first of one period and the last of another are a range, too.
    """
    if isinstance(period, datetime):
        end = next((at for at in follows if isinstance(at, datetime)), span.end)
        begin = max(period, span.begin)
        return begin.isoformat().replace("+00:00", "Z"), end.isoformat().replace("+00:00", "Z")
    whole = Range(period, add_months(period, 1) if unit == "month" else period + timedelta(days=1))
    cut = cut_range(whole, span, zone)
    if isinstance(name_days(span, zone).begin, datetime):
        times = locate(cut, zone)
        cut = Range(times.begin, times.end)
    return write_days(cut)


def write_label(period: object, unit: Unit, today: Today) -> str:
    """Write a period in full."""
    if isinstance(period, datetime):
        local = period.astimezone(today.zone)
        return f"{local:%a}, {write_day(local)}, {local:%H:%M}"
    if not isinstance(period, date):
        return str(period)
    return f"{period:%B %Y}" if unit == "month" else f"{period:%a}, {write_day(period)}"


def write_short(period: Period, unit: Unit, today: Today) -> str:
    """Write a period for the axis."""
    if isinstance(period, datetime):
        return f"{period.astimezone(today.zone):%H:%M}"
    if unit == "month":
        return f"{period:%b %Y}" if period.month == 1 else f"{period:%b}"
    return f"{period.day} {period:%b}"


def encode_series(series: Series, title: str, marks: Sequence[Mark] = ()) -> str:
    """Encode what the chart draws, as JSON."""
    points = series.points
    return msgspec.json.encode(
        {
            "labels": [point.label for point in points],
            "short": [point.short for point in points],
            "counts": [point.count for point in points],
            "others": [point.other for point in points] if series.has_other else None,
            "other_labels": [point.other_label for point in points],
            "first": [point.first for point in points],
            "last": [point.last for point in points],
            "unfinished": series.unfinished,
            "unit": series.unit,
            "title": title,
            "marks": [
                {"place": mark.place, "text": mark.note.text, "automatic": mark.note.is_automatic} for mark in marks
            ],
        }
    ).decode()

"""Ranges of time that people choose by name, and the range before or after. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.periods import ceil_period, start_of_day
from storage.read.asking.question import Range, Span, locate

DAY: Final = timedelta(days=1)
CUSTOM: Final = "custom"
DEFAULT: Final = "7d"


class Today(msgspec.Struct, frozen=True):
    """The time that ranges end at, its zone, and the first day that has clicks."""

    now: datetime
    zone: ZoneInfo
    first_day: date

    @property
    def day(self) -> date:
        return self.now.astimezone(self.zone).date()


class NamedRange(msgspec.Struct, frozen=True):
    """A range with a name: its title, the key that chooses it, and how it is found."""

    title: str
    key: str
    find: Callable[[Today], Range]


def last_days(days: int) -> Callable[[Today], Range]:
    """Give the last days, today included."""
    return lambda today: Range(today.day - (days - 1) * DAY, today.day + DAY)


def last_24_hours(today: Today) -> Range:
    end = ceil_period(today.now.astimezone(UTC), "hour", today.zone)
    return Range(end - DAY, end)


def last_week(today: Today) -> Range:
    """Give the week before the running one, from Monday to Sunday."""
    monday = today.day - today.day.weekday() * DAY
    return Range(monday - 7 * DAY, monday)


def this_month(today: Today) -> Range:
    return Range(today.day.replace(day=1), first_of_next_month(today.day))


def last_month(today: Today) -> Range:
    first = today.day.replace(day=1)
    return Range((first - DAY).replace(day=1), first)


def this_year(today: Today) -> Range:
    return Range(date(today.day.year, 1, 1), date(today.day.year + 1, 1, 1))


def last_12_months(today: Today) -> Range:
    end = first_of_next_month(today.day)
    return Range(end.replace(year=end.year - 1), end)


def everything(today: Today) -> Range:
    return Range(min(today.first_day, today.day), today.day + DAY)


NAMED: Final[Mapping[str, NamedRange]] = MappingProxyType(
    {
        "today": NamedRange("Today", "d", last_days(1)),
        "yesterday": NamedRange("Yesterday", "e", lambda today: Range(today.day - DAY, today.day)),
        "24h": NamedRange("Last 24 hours", "r", last_24_hours),
        "7d": NamedRange("Last 7 days", "w", last_days(7)),
        "last_week": NamedRange("Last week", "b", last_week),
        "28d": NamedRange("Last 28 days", "t", last_days(28)),
        "91d": NamedRange("Last 91 days", "n", last_days(91)),
        "month": NamedRange("This month", "m", this_month),
        "last_month": NamedRange("Last month", "o", last_month),
        "year": NamedRange("This year", "y", this_year),
        "12mo": NamedRange("Last 12 months", "l", last_12_months),
        "all": NamedRange("All time", "a", everything),
    }
)


def first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + 31 * DAY).replace(day=1)


def shift_range(asked: Range, steps: int, zone: ZoneInfo) -> Range:
    """Return the range that is as long and lies so many steps later: whole months by months, days by days."""
    begin, end = asked.begin, asked.end
    if isinstance(begin, datetime) or isinstance(end, datetime):
        span = locate(asked, zone)
        return Range(span.begin + steps * span.length, span.end + steps * span.length)
    if begin.day == end.day == 1:
        months = (end.year - begin.year) * 12 + end.month - begin.month
        return Range(add_months(begin, steps * months), add_months(end, steps * months))
    return Range(begin + steps * (end - begin), end + steps * (end - begin))


def add_months(first: date, months: int) -> date:
    """Return the first of the month that lies so many months later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def cut_range(whole: Range, span: Span, zone: ZoneInfo) -> Range:
    """Return what a range has in common with a span, or all of it if that is nothing."""
    period = locate(whole, zone)
    part = period.overlap(span)
    return whole if part is None or part == period else name_days(part, zone)


def name_days(span: Span, zone: ZoneInfo) -> Range:
    """Return a span as days, or as times if it begins or ends within a day."""
    first, end = (at.astimezone(zone).date() for at in (span.begin, span.end))
    days = Range(first, end)
    return days if locate(days, zone) == span else Range(span.begin, span.end)


def is_running(asked: Range, today: Today) -> bool:
    """Return whether the range is not over yet."""
    end = asked.end if isinstance(asked.end, datetime) else start_of_day(asked.end, today.zone)
    return end > today.now

"""Hours, days and months of the reporting zone, as `date_trunc(unit, time, zone)` of PostgreSQL cuts them. Pure.

Over a change of clocks an hour may be shorter, and two hours may have the same name: each is a period of its own.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Unit = Literal["minute", "hour", "day", "month"]

MICROSECOND: Final = timedelta(microseconds=1)
QUARTER: Final = timedelta(minutes=15)
"""Clocks change at a quarter of an hour, everywhere."""
DAY: Final = timedelta(days=1)


def name_period(at: datetime, unit: Unit, zone: ZoneInfo) -> date | datetime:
    """Name the period of a time: the day, the first of the month, or the hour or minute as PostgreSQL names it."""
    local = at.astimezone(zone)
    match unit:
        case "month":
            return local.date().replace(day=1)
        case "day":
            return local.date()
        case "hour":
            # The offset is kept: the hour after a change of half an hour is named by a time before the change.
            return (
                at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            ).astimezone(UTC)
        case "minute":
            return at.astimezone(UTC).replace(second=0, microsecond=0)


def is_edge(at: datetime, unit: Unit, zone: ZoneInfo) -> bool:
    """Return whether a period begins at this time."""
    return name_period(at - MICROSECOND, unit, zone) != name_period(at, unit, zone)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day: the earlier midnight of two, or the change of clocks where there is none."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def floor_period(at: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    """Return when the period of this time began."""
    name = name_period(at, unit, zone)
    if not isinstance(name, datetime):
        return start_of_day(name, zone)
    return next(at for at in step_quarters(name) if name_period(at, unit, zone) == name)


def ceil_period(at: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    """Return the first beginning of a period at this time or later."""
    return at if is_edge(at, unit, zone) else next_period(at, unit, zone)


def next_period(at: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    """Return when the period after that of this time begins."""
    name = name_period(at, unit, zone)
    match unit:
        case "month":
            return start_of_day((name + 31 * DAY).replace(day=1), zone)
        case "day":
            return start_of_day(name + DAY, zone)
        case "hour":
            steps = step_quarters(floor_period(at, unit, zone))
            return next(at for at in steps if name_period(at, unit, zone) != name)
        case "minute":
            return floor_period(at, unit, zone) + timedelta(minutes=1)


def step_quarters(begin: datetime) -> Iterator[datetime]:
    for number in range(13):
        yield begin + number * QUARTER


def list_periods(begin: datetime, end: datetime, unit: Unit, zone: ZoneInfo) -> list[date | datetime]:
    """List the names of all periods with a moment from `begin` until before `end`."""
    names = []
    at = begin
    while at < end:
        names.append(name_period(at, unit, zone))
        at = next_period(at, unit, zone)
    return names


def list_days(begin: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[date, datetime, datetime]]:
    """List each day with a moment in the range, with its beginning and its end."""
    days = []
    at = floor_period(begin, "day", zone)
    while at < end:
        until = next_period(at, "day", zone)
        days.append((at.astimezone(zone).date(), at, until))
        at = until
    return days

"""Times and durations in words. Pure. `static/page.js` writes ages in the same words."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400
MILLISECOND_US: Final = 1000
SECOND_US: Final = 1_000_000


def describe_age(time: datetime, now: datetime) -> str:
    """Write an age, for example `3 s ago`."""
    seconds = int((now - time).total_seconds())
    for length, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min"), (1, "s")):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "now"


def describe_exactly(time: datetime) -> str:
    """Write a time to the millisecond, for example `2026-11-24 08:00:03.123 UTC`."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03} UTC"


def describe_in_zone(time: datetime, zone: ZoneInfo) -> str:
    """Write a time in a zone, for example `2026-11-24 09:00:03 Europe/Berlin`."""
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone.key}"


def describe_duration(microseconds: int) -> str:
    """Write a duration in a fitting unit, for example `84 µs`, `1.2 ms` or `3.4 s`."""
    if microseconds < 0:
        return f"−{describe_duration(-microseconds)}"  # noqa: RUF001 - a real minus sign
    if microseconds < MILLISECOND_US:
        return f"{microseconds} µs"
    unit, name = (MILLISECOND_US, "ms") if microseconds < SECOND_US else (SECOND_US, "s")
    return f"{microseconds / unit:,.{1 if microseconds < 100 * unit else 0}f} {name}"


def microseconds_between(start: datetime, end: datetime) -> int:
    return (end - start) // timedelta(microseconds=1)

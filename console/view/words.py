"""Words for fields, values and dates, as people read them. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from storage.read.asking.question import Range, locate, show_value

DAY: Final = timedelta(days=1)
DASH: Final = "–"  # noqa: RUF001 - an en dash stands between dates
FIELD_GROUPS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "Links": {"program": "Program", "affiliate": "Affiliate", "code": "Code"},
        "Sources": {
            "referrer_host": "Referrer",
            "referrer_medium": "Medium",
            "utm_source": "UTM source",
            "utm_medium": "UTM medium",
            "utm_campaign": "UTM campaign",
        },
        "Places": {"country": "Country", "region": "Region", "edge_region": "Served from"},
        "Devices": {"device": "Device", "os": "System", "browser": "Browser"},
        "Quality": {"ivt_class": "Invalid traffic class", "bot_reason": "Bot reason", "network_kind": "Network"},
    }
)
"""The titles of all fields, in groups."""
FIELD_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {name: title for group in FIELD_GROUPS.values() for name, title in group.items()}
)
VALUE_WORDS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {("ivt_class", "givt"): "GIVT", ("ivt_class", "sivt"): "SIVT", ("ivt_class", ""): "(neither)"}
)
CODED: Final = frozenset({"bot_reason", "network_kind", "referrer_medium", "device"})
"""Their values are words of our own, with underscores for spaces."""


def name_field(field: str) -> str:
    """Return the title of a field, also of a unit of time."""
    return FIELD_TITLES.get(field, field.capitalize())


def name_value(field: str, value: str) -> str:
    """Return a value as people read it: unknown and other in parentheses, our own words with spaces."""
    if (known := VALUE_WORDS.get((field, value))) is not None:
        return known
    shown = show_value(value)
    return shown.replace("_", " ") if field in CODED else shown


def describe_dates(asked: Range, zone: ZoneInfo) -> str:
    """Write the days or times of a range: `Sun, 29 Nov 2026`, `November 2026`, `29 Nov 2026, 09:30` until a time."""
    if isinstance(asked.begin, datetime) or isinstance(asked.end, datetime):
        return describe_times(asked, zone)
    first, last = asked.begin, asked.end - DAY
    if first == last:
        return f"{first:%a}, {write_day(first)}"
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        return f"{first.year}" if first.year == last.year else f"{first.year} {DASH} {last.year}"
    if first.day == asked.end.day == 1:
        return describe_months(first, last)
    return join_days(first, last)


def describe_months(first: date, last: date) -> str:
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%B %Y}"
    return f"{first:%b}{f' {first.year}' if first.year != last.year else ''} {DASH} {last:%b %Y}"


def join_days(first: date, last: date) -> str:
    """Write two days, and what they share once."""
    if first.year != last.year:
        return f"{write_day(first)} {DASH} {write_day(last)}"
    if first.month != last.month:
        return f"{first.day} {first:%b} {DASH} {write_day(last)}"
    return f"{first.day} {DASH} {write_day(last)}"


def describe_times(asked: Range, zone: ZoneInfo) -> str:
    span = locate(asked, zone)
    begin, end = (at.astimezone(zone) for at in (span.begin, span.end))
    if begin.date() == end.date():
        return f"{write_day(begin)}, {begin:%H:%M} {DASH} {end:%H:%M}"
    return f"{write_day(begin)}, {begin:%H:%M} {DASH} {write_day(end)}, {end:%H:%M}"


def write_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"

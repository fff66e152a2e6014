"""What people write to ask: days, times and filters. Pure."""

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from storage.read.asking.question import Filter, Moment

UNKNOWN: Final = "(unknown)"


class CannotRead(Exception):  # noqa: N818 - it reads as what it is
    """What was written is no day, no time or no filter; the message says which, and what is."""


def read_moment(text: str, today: date) -> "Moment | None":
    """Read a day, or a time with its zone; None if nothing was written. Raises CannotRead."""
    if not text:
        return None
    named = {"today": today, "yesterday": today - timedelta(days=1), "tomorrow": today + timedelta(days=1)}
    try:
        found = named.get(text) or (
            date.fromisoformat(text) if len(text) == len("2026-11-20") else datetime.fromisoformat(text)
        )
    except ValueError:
        raise CannotRead(f"{text} is neither a day like 2026-11-20 nor a time like 2026-11-20T08:00Z") from None
    if isinstance(found, datetime) and found.tzinfo is None:
        raise CannotRead(f"{text} says no zone: write {text}Z for UTC, or {text}+01:00")
    return found


def read_filter(text: str) -> "Filter":
    """Read `country=DE,AT` or `device!=mobile`. Raises CannotRead."""
    from storage.read.asking.question import Filter

    found = re.fullmatch(r"(\w+)(!?=)(.*)", text, re.DOTALL)
    if found is None:
        raise CannotRead(f"{text} is no filter: write country=DE or country!=DE")
    field, sign, values = found.groups()
    return Filter(field, tuple("" if one == UNKNOWN else one for one in values.split(",")), sign == "!=")

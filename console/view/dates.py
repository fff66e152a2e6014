"""Days and times in an address, read and written. Pure."""

from datetime import date, datetime, timedelta
from typing import Final

from storage.read.asking.question import LONGEST, Moment, Range

DAY: Final = timedelta(days=1)
LAST_DAY: Final = date(9990, 1, 1)
"""Later days cannot be shifted any more."""


def read_days(begin: str, last: str) -> Range | str:
    """Read a range: days, of which the last one is included, or times with a zone."""
    try:
        first, end = read_moment(begin), read_moment(last)
    except ValueError:
        return "from and to are days such as 2026-11-24, or times such as 2026-11-24T09:30Z"
    if not isinstance(end, datetime):
        end += DAY
    days = [at.date() if isinstance(at, datetime) else at for at in (first, end)]
    if isinstance(first, datetime) != isinstance(end, datetime):
        return "from and to are two days, or two times"
    if end <= first:
        return "the range ends before it begins"
    if days[1] - days[0] > LONGEST:
        return f"longer than {LONGEST.days} days"
    return Range(first, end)


def read_moment(text: str) -> Moment:
    """Read a day, or a time with a zone. Raises ValueError."""
    if "T" not in text:
        at: Moment = date.fromisoformat(text)
    else:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no zone")
    if not date(1970, 1, 2) <= (at.date() if isinstance(at, datetime) else at) < LAST_DAY:
        raise ValueError("out of range")
    return at


def write_days(asked: Range) -> tuple[str, str]:
    end = asked.end if isinstance(asked.end, datetime) else asked.end - DAY
    return write_moment(asked.begin), write_moment(end)


def write_moment(at: Moment) -> str:
    return at.isoformat().replace("+00:00", "Z")

"""How long rows are kept, in days (UTC). 0 means for ever. Pure."""

from datetime import UTC, date, datetime, time, timedelta

import msgspec


class RetentionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Days after its own for which each is kept: clicks with scores, their personal columns, rejections, letters."""

    clicks: int = 0
    personal: int = 0
    rejections: int = 0
    letters: int = 0

    @property
    def removes_anything(self) -> bool:
        return any((self.clicks, self.personal, self.rejections, self.letters))


def first_kept(today: date, days: int) -> date:
    """Return the first day that is kept; the earliest date if all are."""
    if not days or days > (today - date.min).days:
        return date.min
    return today - timedelta(days=days)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

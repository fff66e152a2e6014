"""Which range to compare with: as many days before, of the same weekdays, the year before, or a given one. Pure.

A range that is not over is compared up to now: the same minute of the other range, or the same hour where only hours
are kept.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.periods import Unit, floor_period
from storage.read.asking.question import ENTITIES, Filter, Moment, Question, Range, locate, locate_moment

WEEK: Final = 7
FEBRUARY_28: Final = 28


def list_comparisons(question: Question, now: datetime, zone: ZoneInfo) -> Iterator[tuple[Question, Question]]:
    """Give the question and that of the other range, the most exact pair first."""
    before = find_range(question, zone)
    units: tuple[Unit | None, ...] = ("minute", "hour") if locate(question.range, zone).end > now else (None,)
    for unit in units:
        if unit is None:
            pair = question.range, before
        else:
            pair = cut_at(question.range, before, floor_period(now, unit, zone), zone)
        one, other = (msgspec.structs.replace(question, range=asked, compare=None) for asked in pair)
        yield one, other


def limit_to(question: Question, keys: Sequence[tuple[object, ...]]) -> Question | None:
    """Limit a list of affiliates or codes to those with these keys; null for any other question, or without keys."""
    if not keys or len(question.by) != 1 or question.by[0] not in ENTITIES:
        return None
    only = Filter(question.by[0], tuple(str(key) for (key,) in keys))
    limited = {"where": (*question.where, only), "limit": len(keys), "offset": 0, "sort": None, "is_ascending": False}
    return msgspec.structs.replace(question, **limited)


def add_up(question: Question) -> Question:
    """Give the question about the totals of all groups."""
    return msgspec.structs.replace(question, by=(), limit=1, offset=0, sort=None)


def find_range(question: Question, zone: ZoneInfo) -> Range:
    """Return the range to compare with."""
    asked = question.range
    match question.compare:
        case Range():
            return question.compare
        case "year":
            return Range(shift_year(asked.begin, zone), shift_year(asked.end, zone))
        case _:
            span = locate(asked, zone)
            # On the clock, a week with a change of clocks is as long as any.
            begin, end = (at.astimezone(zone).replace(tzinfo=None) for at in (span.begin, span.end))
            weeks = max(1, -((begin - end) // timedelta(days=WEEK)))
            return Range(*(shift_days(moment, WEEK * weeks, zone) for moment in (asked.begin, asked.end)))


def cut_at(asked: Range, before: Range, now: datetime, zone: ZoneInfo) -> tuple[Range, Range]:
    """Let a range end now, and the other one at the same time of its day, or where it ends if that is earlier."""
    begin, other = (locate_moment(moment, zone) for moment in (asked.begin, before.begin))
    if now <= begin:
        return asked, before
    days = (now.astimezone(zone).date() - begin.astimezone(zone).date()).days
    local = datetime.combine(other.astimezone(zone).date() + timedelta(days=days), now.astimezone(zone).time(), zone)
    end = min(local.astimezone(UTC), locate(before, zone).end)
    return Range(asked.begin, now), Range(before.begin, max(end, other + timedelta(minutes=1)))


def shift_days(moment: Moment, days: int, zone: ZoneInfo) -> Moment:
    """Go back some days, to the same time on the clock."""
    if not isinstance(moment, datetime):
        return moment - timedelta(days=days)
    local = moment.astimezone(zone)
    return (local - timedelta(days=days)).astimezone(UTC)


def shift_year(moment: Moment, zone: ZoneInfo) -> Moment:
    day = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    is_leap_day = (day.month, day.day) == (2, FEBRUARY_28 + 1)
    before = date(day.year - 1, day.month, FEBRUARY_28 if is_leap_day else day.day)
    return shift_days(moment, (day - before).days, zone)

"""What can be asked: a range of time, measures, what to group by, filters. A bad question is a value. Pure."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from storage.read.asking.periods import Unit, start_of_day
from storage.rollups.dimensions import DIMENSIONS, OTHER, UNKNOWN, VALUE_LENGTH
from storage.rollups.measures import DERIVED, MEASURES, RATES

UNITS: Final[tuple[Unit, ...]] = ("minute", "hour", "day", "month")
ENTITIES: Final = {"program": "program_id", "affiliate": "affiliate_id", "code": "code"}
"""What has an id of its own, and its column."""
MOST_BY: Final = 3
"""Beside a unit of time."""
MOST_VALUES: Final = 200
MOST_ROWS: Final = 10_000
LONGEST: Final = timedelta(days=3700)
MOST_MINUTES: Final = timedelta(days=2)
MOST_HOURS: Final = timedelta(days=100)
SHOWN: Final = {UNKNOWN: "(unknown)", OTHER: "(other)"}
"""How people see the values that are no values."""

Moment = date | datetime
"""A day of the reporting zone, or a time with a zone of its own."""


class Filter(msgspec.Struct, frozen=True):
    """Only clicks with one of these values, or with none of them if `is_not`. Unknown is the empty text."""

    field: str
    values: tuple[str, ...]
    is_not: bool = False

    def __str__(self) -> str:
        return f"{self.field} {'is not' if self.is_not else 'is'} {', '.join(show_value(one) for one in self.values)}"


class Range(msgspec.Struct, frozen=True):
    """From `begin` until before `end`."""

    begin: Moment
    end: Moment


Compare = Literal["previous", "year"] | Range
"""Compare with as many days before, of the same weekdays; with the year before; or with a range."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question about the clicks of a range. `by` groups them; `offset` and `limit` are a page.

    `sort` is a measure, a rate whose measures are asked for, or one of `by`; the largest come first, or the smallest
    if it `is_ascending`. A series is in the order of time, whatever the sort.
    """

    range: Range
    measures: tuple[str, ...] = ("people",)
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    compare: Compare | None = None
    sort: str | None = None
    is_ascending: bool = False
    limit: int = 100
    offset: int = 0

    @property
    def unit(self) -> Unit | None:
        """The unit of time that it groups by."""
        return next((unit for unit in UNITS if unit in self.by), None)


class Problem(msgspec.Struct, frozen=True):
    """A question that cannot be answered, and why."""

    reason: str


class Span(msgspec.Struct, frozen=True):
    """A range in moments."""

    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.begin

    def overlap(self, other: "Span") -> "Span | None":
        """Give what both have in common."""
        begin, end = max(self.begin, other.begin), min(self.end, other.end)
        return Span(begin, end) if begin < end else None


def locate(asked: Range, zone: ZoneInfo) -> Span:
    """Give the moments of a range."""
    return Span(locate_moment(asked.begin, zone), locate_moment(asked.end, zone))


def locate_moment(moment: Moment, zone: ZoneInfo) -> datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else start_of_day(moment, zone)


def show_value(value: str) -> str:
    return SHOWN.get(value, value)


def check_question(question: Question, zone: ZoneInfo) -> Problem | None:
    """Return what is wrong with a question, or None."""
    reasons = (
        check_range(question, zone),
        check_names(question),
        *map(check_filter, question.where),
        check_page(question),
    )
    return next((Problem(reason) for reason in reasons if reason), None)


def check_range(question: Question, zone: ZoneInfo) -> str | None:
    asked = question.range
    if any(isinstance(moment, datetime) and moment.tzinfo is None for moment in (asked.begin, asked.end)):
        return "a time has no zone: write it with Z or an offset, or ask for days"
    span = locate(asked, zone)
    if span.end <= span.begin:
        return "the range ends before it begins"
    if span.length > LONGEST:
        return f"the range is longer than {LONGEST.days} days"
    longest = {"minute": MOST_MINUTES, "hour": MOST_HOURS}.get(question.unit or "")
    if longest is not None and span.length > longest:
        return f"by {question.unit}, the range may have {longest.days} days at most"
    return None


def check_names(question: Question) -> str | None:
    measures, by = question.measures, question.by
    known = {*MEASURES, *DERIVED}, {*UNITS, *ENTITIES, *DIMENSIONS}
    unknown = [name for name in measures if name not in known[0]], [name for name in by if name not in known[1]]
    problems = (
        (not measures, "no measure is asked for"),
        (len(set(measures)) < len(measures), "a measure is asked for twice"),
        (unknown[0], f"{', '.join(unknown[0])} is no measure: {', '.join((*MEASURES, *DERIVED))}"),
        (unknown[1], f"{', '.join(unknown[1])} is nothing to group by: {', '.join((*UNITS, *ENTITIES, *DIMENSIONS))}"),
        (
            len([name for name in by if name not in UNITS]) > MOST_BY or len(set(by)) < len(by),
            f"clicks are grouped by {MOST_BY} different things at most, and a unit of time",
        ),
        (len([name for name in by if name in UNITS]) > 1, "clicks are grouped by one unit of time at most"),
        (not can_sort(question), f"{question.sort} is not among the measures or groups, so it cannot sort them"),
    )
    return next((reason for is_wrong, reason in problems if is_wrong), None)


def can_sort(question: Question) -> bool:
    """Return whether a question asks for what it is sorted by."""
    name = question.sort
    if name is None or name in (*question.measures, *question.by):
        return True
    return name in RATES and set(RATES[name]) <= set(question.measures)


def check_filter(one: Filter) -> str | None:
    if one.field not in ENTITIES and one.field not in DIMENSIONS:
        return f"{one.field} is nothing to filter by: {', '.join((*ENTITIES, *DIMENSIONS))}"
    if not one.values or len(one.values) > MOST_VALUES:
        return f"a filter has 1 to {MOST_VALUES} values"
    if OTHER in one.values:
        return "(other) is many values together, so nothing can be filtered by it"
    if any("\0" in value for value in one.values):
        return f"no {one.field} has a NUL in it"
    if any(len(value) > VALUE_LENGTH for value in one.values) and one.field in DIMENSIONS:
        return f"a value is longer than the {VALUE_LENGTH} characters that are kept"
    return None


def check_page(question: Question) -> str | None:
    if not 1 <= question.limit <= MOST_ROWS or question.offset < 0:
        return f"a page has 1 to {MOST_ROWS:,} rows, and begins at 0 or later"
    if question.unit is not None and question.offset:
        return f"by {question.unit}, all rows are given at once: leave the offset out"
    return None

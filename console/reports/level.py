"""One level of a report: its groups, those of the range to compare with, and a series for each. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from console.reports.columns import find_value
from console.view.ranges import Today, add_months, cut_range
from storage.read.asking.answer import Answer, Group, Key
from storage.read.asking.periods import Unit, list_periods, next_period, start_of_day
from storage.read.asking.question import ENTITIES, MOST_ROWS, MOST_VALUES, UNITS, Filter, Question, Range, Span
from storage.rollups.dimensions import OTHER
from storage.rollups.measures import DERIVED, MEASURES

Keys = tuple[Key, ...]
Counts = tuple[int, ...]
MOST_POINTS: Final = 100
LONG_HOURS: Final = timedelta(days=2)


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """Groups in their order, of `number` in all, and what belongs to them by their keys.

    `other` is the range to compare with. `before` and `totals_before` are null without it, and `before` also if it
    would read too much.
    """

    answer: Answer
    groups: tuple[Group, ...]
    number: int
    before: Mapping[Keys, Counts] | None = None
    totals_before: Counts | None = None
    series: Mapping[Keys, Sequence[int]] | None = None
    not_compared: str = ""
    other: Range | None = None

    @property
    def question(self) -> Question:
        return self.answer.plan.question

    def name_counts(self, counts: Counts) -> dict[str, int]:
        return dict(zip(self.question.measures, counts, strict=True))


def sort_series(groups: Sequence[Group], question: Question, sort: str) -> list[Group]:
    """Sort the groups of a question with a unit of time, which come in the order of time."""
    name, is_descending = sort.removeprefix("-"), sort.startswith("-")

    def find(group: Group) -> Any:
        if name in question.by:
            return group.keys[question.by.index(name)]
        value = find_value(name, dict(zip(question.measures, group.counts, strict=True)))
        return -1 if value is None else value

    return sorted(groups, key=find, reverse=is_descending)


def choose_unit(question: Question, length: timedelta) -> Unit | None:
    """Choose the unit of the series beside each group; null if there is none that costs little."""
    if question.unit is not None:
        return None
    if length <= LONG_HOURS:
        return "hour" if set(question.by) <= set(ENTITIES) else None
    return "day" if length <= MOST_POINTS * timedelta(days=1) else "month"


def filter_page(question: Question, groups: Sequence[Group], *, only_entities: bool = False) -> tuple[Filter, ...]:
    """Filter by the values that the groups of a page have, so that fewer are counted; only where that costs little."""
    found: list[Filter] = []
    for place, name in enumerate(question.by):
        values = tuple(dict.fromkeys(str(group.keys[place]) for group in groups))
        if name in ENTITIES or (not only_entities and name not in UNITS and not found):
            if len(values) <= MOST_VALUES and OTHER not in values:
                found.append(Filter(name, values))
            if name in ("affiliate", "code"):
                break
    return tuple(found)


def collect_series(answer: Answer, unit: Unit, measure: str) -> dict[Keys, list[int]] | None:
    """Collect the numbers of a measure by the keys without their time; null if some are left out."""
    if answer.number > MOST_ROWS:
        return None
    place, which = answer.plan.question.by.index(unit), answer.plan.question.measures.index(measure)
    series: dict[Keys, list[int]] = {}
    for group in answer.groups:
        series.setdefault(group.keys[:place] + group.keys[place + 1 :], []).append(group.counts[which])
    return series


def align(before: Answer, now: Answer) -> dict[Keys, Counts]:
    """Give the counts of the other range by the keys of this one: its first day by this one's first day."""
    question = now.plan.question
    if question.unit is None:
        return {group.keys: group.counts for group in before.groups}
    place = question.by.index(question.unit)
    zone = now.plan.state.zone
    spans = [answer.plan.span for answer in (before, now)]
    old, new = (list_periods(span.begin, span.end, question.unit, zone) for span in spans)
    names: dict[Key, Key] = dict(zip(old, new, strict=False))
    return {
        (*group.keys[:place], name, *group.keys[place + 1 :]): group.counts
        for group in before.groups
        if (name := names.get(group.keys[place])) is not None
    }


def find_series_measure(sort: str, measures: Sequence[str]) -> str:
    """Return what the small charts show: the measure of the order, or else the first."""
    name = sort.removeprefix("-")
    return name if name in (*MEASURES, *DERIVED) and name in measures else measures[0]


def find_period(unit: str, key: Key, today: Today, span: Span) -> Range:
    """Return the range of a group of time: what `span`, for which it is counted, has of its period."""
    if isinstance(key, datetime):
        whole = Range(key, next_period(key, "hour" if unit == "hour" else "minute", today.zone))
    else:
        day = key if isinstance(key, date) else date.fromisoformat(key)
        whole = Range(day, add_months(day, 1) if unit == "month" else day + timedelta(days=1))
    return cut_range(whole, span, today.zone)


def describe_period(unit: str, key: Key, today: Today, span: Span) -> tuple[str, str]:
    """Write when a group of time begins and ends, in UTC by ISO 8601."""
    asked = find_period(unit, key, today, span)
    return write_utc(asked.begin, today), write_utc(asked.end, today)


def write_utc(moment: date | datetime, today: Today) -> str:
    at = moment if isinstance(moment, datetime) else start_of_day(moment, today.zone)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"

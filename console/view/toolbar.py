"""The toolbar of a view: range, comparison and filters, and the address that each choice leads to. Pure.

A page makes it by `make_toolbar`, gives it to its template as `toolbar`, and includes `view/toolbar.html`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from console.view.dates import DAY
from console.view.filters import FIELDS, WORDS, Filter, Operator
from console.view.ranges import CUSTOM, NAMED, Today, is_running, shift_range
from console.view.view import IgnoredParameter, View, set_filter, write_view
from console.view.words import FIELD_GROUPS, describe_dates, name_field, name_value
from storage.read.asking.comparison import find_range
from storage.read.asking.question import Moment, Question, Range, locate_moment

COMPARISONS: Final = {"": "No comparison", "previous": "Previous period", "year": "Year before"}


class Choice(msgspec.Struct, frozen=True):
    """One of several: its title, the address it leads to, its key, what it is exactly, and whether it is chosen."""

    title: str
    address: str
    key: str = ""
    detail: str = ""
    is_current: bool = False


class Chip(msgspec.Struct, frozen=True):
    """A filter in words, and the address without it."""

    field: str
    title: str
    words: str
    values: tuple[str, ...]
    without: str


class Toolbar(msgspec.Struct, frozen=True, kw_only=True):
    """What `view/toolbar.html` shows. Addresses are paths with a query, below the console's base.

    `earlier` and `later` are empty where there is nothing; `days` and `other_days` fill the fields of dates.
    `hidden` are the parameters of the view that a form sends along. `unfiltered` is the address without filters.
    """

    path: str
    title: str
    dates: str
    zone: str
    is_running: bool
    ranges: tuple[Choice, ...]
    earlier: str
    later: str
    days: tuple[str, str]
    comparisons: tuple[Choice, ...]
    comparison: str
    compared_dates: str
    other_days: tuple[str, str]
    chips: tuple[Chip, ...]
    unfiltered: str
    fields: Mapping[str, Mapping[str, str]]
    operators: Mapping[Operator, str]
    pairs: tuple[tuple[str, str], ...]
    ignored: tuple[IgnoredParameter, ...]
    has_comparison: bool

    def hidden(self, *dropped: str) -> list[tuple[str, str]]:
        """List the parameters of the view without those that a form sets itself."""
        return [pair for pair in self.pairs if pair[0] not in dropped]


class ToolbarWriter:
    """Writes the addresses of a page: a change of the view leads to its first page again."""

    def __init__(self, path: str, view: View, resets: Sequence[str]) -> None:
        self.view = view
        self._path = path
        self._resets = dict.fromkeys(resets, "")

    def query(self, **changes: Any) -> str:
        return write_view(msgspec.structs.replace(self.view, **changes), **self._resets)

    def address(self, **changes: Any) -> str:
        query = self.query(**changes)
        return f"{self._path}?{query}" if query else self._path


def make_toolbar(  # noqa: PLR0913 - what is beyond the view is named
    path: str,
    view: View,
    ignored: Sequence[IgnoredParameter],
    today: Today,
    *,
    has_comparison: bool = True,
    resets: Sequence[str] = ("page", "before"),
    fields: Sequence[str] = FIELDS,
) -> Toolbar:
    """Make the toolbar of the page at `path`. `resets` are the page's own parameters that a change removes."""
    writer, asked = ToolbarWriter(path, view, resets), view.find_range(today)
    other = find_other(view, today) if has_comparison else None
    return Toolbar(
        path=path,
        title=NAMED[view.range].title if view.days is None else "Custom",
        dates=describe_dates(asked, today.zone),
        zone=today.zone.key,
        is_running=is_running(asked, today),
        ranges=tuple(list_ranges(writer, today)),
        earlier="" if locate_moment(asked.begin, today.zone) <= start(today) else shift(writer, today, -1),
        later="" if locate_moment(asked.end, today.zone) > today.now else shift(writer, today, 1),
        days=write_fields(asked, today),
        comparisons=tuple(list_comparisons(writer, today)) if has_comparison else (),
        comparison=name_comparison(view),
        compared_dates="" if other is None else describe_dates(other, today.zone),
        other_days=write_fields(other or shift_range(asked, -1, today.zone), today),
        chips=tuple(make_chip(writer, one) for one in view.filters),
        unfiltered=writer.address(filters=()),
        fields=list_fields(fields),
        operators=WORDS,
        pairs=tuple(parse_qsl(writer.query(), keep_blank_values=True)),
        ignored=tuple(ignored),
        has_comparison=has_comparison,
    )


def start(today: Today) -> datetime:
    return locate_moment(today.first_day, today.zone)


def list_ranges(writer: ToolbarWriter, today: Today) -> list[Choice]:
    current = "" if writer.view.days is not None else writer.view.range
    return [
        Choice(
            one.title,
            writer.address(range=name, days=None),
            one.key,
            describe_dates(one.find(today), today.zone),
            name == current,
        )
        for name, one in NAMED.items()
    ]


def shift(writer: ToolbarWriter, today: Today, steps: int) -> str:
    """Write the address of the range before or after, by its name if it has one."""
    shifted = shift_range(writer.view.find_range(today), steps, today.zone)
    name = next((name for name, one in NAMED.items() if one.find(today) == shifted), None)
    return writer.address(range=name or CUSTOM, days=None if name else shifted)


def find_other(view: View, today: Today) -> Range | None:
    """Return the range that is compared with, as a whole."""
    if view.compare is None:
        return None
    return find_range(Question(range=view.find_range(today), compare=view.compare), today.zone)


def list_comparisons(writer: ToolbarWriter, today: Today) -> list[Choice]:
    choices = []
    for name, title in COMPARISONS.items():
        compare: Any = name or None
        other = find_other(msgspec.structs.replace(writer.view, compare=compare), today)
        detail = "" if other is None else describe_dates(other, today.zone)
        choices.append(
            Choice(title, writer.address(compare=compare), detail=detail, is_current=writer.view.compare == compare)
        )
    return choices


def name_comparison(view: View) -> str:
    if isinstance(view.compare, Range):
        return "Custom"
    return COMPARISONS[view.compare or ""]


def write_fields(asked: Range, today: Today) -> tuple[str, str]:
    """Write the first and the last day for fields of dates, in the reporting zone."""
    first = find_day(asked.begin, today)
    end = asked.end
    last = end.astimezone(today.zone).date() if isinstance(end, datetime) else end - DAY
    return first.isoformat(), last.isoformat()


def find_day(moment: Moment, today: Today) -> date:
    return moment.astimezone(today.zone).date() if isinstance(moment, datetime) else moment


def make_chip(writer: ToolbarWriter, one: Filter) -> Chip:
    without = set_filter(writer.view, one.field, one.operator, ()).filters
    values = tuple(one.values if one.operator == "has" else (name_value(one.field, value) for value in one.values))
    return Chip(one.field, name_field(one.field), WORDS[one.operator], values, writer.address(filters=without))


def list_fields(fields: Sequence[str]) -> dict[str, dict[str, str]]:
    """Group the fields that can be filtered by."""
    groups = {
        title: {name: label for name, label in group.items() if name in fields} for title, group in FIELD_GROUPS.items()
    }
    return {title: group for title, group in groups.items() if group}

"""The toolbar of a view: range, comparison and filters, and the address that each choice leads to. Pure.

A page makes it by `make_toolbar`, gives it to its template as `toolbar`, and includes `view/toolbar.html`.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec

from console.view.filters import FIELDS, WORDS, Filter, Operator
from console.view.ranges import NAMED, Today, is_running, shift_range
from console.view.toolbar_ranges import (
    Choice,
    ToolbarWriter,
    find_other,
    list_comparisons,
    list_ranges,
    name_comparison,
    shift,
    start,
    write_fields,
)
from console.view.view import IgnoredParameter, View, set_filter
from console.view.words import FIELD_GROUPS, describe_dates, name_field, name_value
from storage.read.asking.question import locate_moment


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

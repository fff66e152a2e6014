"""The ranges and comparisons that a toolbar offers, and the address that each leads to. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from console.view.dates import DAY
from console.view.ranges import CUSTOM, NAMED, Today, shift_range
from console.view.view import View, write_view
from console.view.words import describe_dates
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

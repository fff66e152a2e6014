"""A view: what a page shows, read from its address and written back. Nonsense is no filter, and is named. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec
from multidict import MultiMapping

from console.view.dates import read_days, write_days
from console.view.filters import FIELDS, PREFIX, Filter, Operator, read_filter, write_filter
from console.view.ranges import CUSTOM, DEFAULT, NAMED, Today
from storage.read.asking.question import UNITS, Range
from storage.rollups.measures import DERIVED, MEASURES, RATES

MOST_BY: Final = 3
GROUPS: Final = (*UNITS, *FIELDS)
ALL_MEASURES: Final = (*MEASURES, *DERIVED)
Change: TypeAlias = dict[str, Any]
"""Fields of a view, as a parameter changes them."""
DATES: Final = ("from", "to", "compare_from", "compare_to")
"""Parameters that belong to `range` and `compare`: the fields of a form."""


class IgnoredParameter(msgspec.Struct, frozen=True):
    """A parameter that was ignored, as it was given, and why."""

    name: str
    value: str
    why: str


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows. `range` is a name of NAMED, or `custom` with its `days`.

    `compare` is `previous`, `year`, or a range. `sort` is the name of a column, with `-` before it: largest first.
    `rest` are the parameters that belong to one page alone. `usual` is the range of an address that names none.
    """

    range: str = DEFAULT
    days: Range | None = None
    compare: Literal["previous", "year"] | Range | None = None
    filters: tuple[Filter, ...] = ()
    by: tuple[str, ...] = ()
    measure: str = ""
    sort: str = ""
    rest: tuple[tuple[str, str], ...] = ()
    usual: str = DEFAULT

    def get(self, name: str) -> str:
        """Return a parameter of the page's own, or the empty text."""
        return dict(self.rest).get(name, "")

    def find_filter(self, field: str) -> Filter | None:
        return next((one for one in self.filters if one.field == field), None)

    def find_range(self, today: Today) -> Range:
        """Return the days or times that are shown."""
        return self.days if self.days is not None else NAMED[self.range].find(today)


def read_view(
    query: MultiMapping[str], rest: Sequence[str] = (), usual: str = DEFAULT
) -> tuple[View, list[IgnoredParameter]]:
    """Read a view from the query of an address; `rest` names the page's own parameters. Also list what was ignored."""
    ignored: list[IgnoredParameter] = []
    values: dict[str, str] = {}
    filters: list[Filter] = []
    for name in dict.fromkeys(query):
        value, *others = query.getall(name)
        ignored += [IgnoredParameter(name, other, "only the first one counts") for other in others if other != value]
        if name.startswith(PREFIX):
            found = read_filter(name, value)
            if isinstance(found, str):
                ignored.append(IgnoredParameter(name, value, found))
            else:
                filters.append(found)
        elif name not in (*READERS, *DATES, *rest):
            ignored.append(IgnoredParameter(name, value, "no such filter"))
        else:
            values[name] = value
    changes: dict[str, Any] = {"range": usual}
    for name, read in READERS.items():
        # An empty field of a form asks for nothing.
        if not values.get(name):
            continue
        change = read(values)
        if isinstance(change, str):
            ignored.append(IgnoredParameter(name, values[name], change))
        else:
            changes |= change
    kept = tuple((name, values[name]) for name in rest if values.get(name))
    return View(filters=tuple(filters), rest=kept, usual=usual, **changes), ignored


def read_range(values: Mapping[str, str]) -> Change | str:
    name = values["range"]
    if name in NAMED:
        return {"range": name}
    if name != CUSTOM:
        return f"one of {', '.join(NAMED)}, {CUSTOM}"
    days = read_days(values.get("from", ""), values.get("to", ""))
    return days if isinstance(days, str) else {"range": CUSTOM, "days": days}


def read_compare(values: Mapping[str, str]) -> Change | str:
    name = values["compare"]
    if name in ("previous", "year"):
        return {"compare": name}
    if name == CUSTOM:
        days = read_days(values.get("compare_from", ""), values.get("compare_to", ""))
        return days if isinstance(days, str) else {"compare": days}
    begin, dots, last = name.partition("..")
    days = read_days(begin, last) if dots else "previous, year, or two days such as 2026-10-01..2026-10-31"
    return days if isinstance(days, str) else {"compare": days}


def read_by(values: Mapping[str, str]) -> Change | str:
    names = tuple(dict.fromkeys(values["by"].split(",")))
    if unknown := [name for name in names if name not in GROUPS]:
        return f"{unknown[0]} is nothing to group by: {', '.join(GROUPS)}"
    return {"by": names} if len(names) <= MOST_BY else f"at most {MOST_BY} things to group by"


def read_measure(values: Mapping[str, str]) -> Change | str:
    name = values["measure"]
    return {"measure": name} if name in ALL_MEASURES else f"one of {', '.join(ALL_MEASURES)}"


def read_sort(values: Mapping[str, str]) -> Change | str:
    name = values["sort"].removeprefix("-")
    return {"sort": values["sort"]} if name in (*ALL_MEASURES, *RATES, *GROUPS) else "no such column"


READERS: Final = {
    "range": read_range,
    "compare": read_compare,
    "by": read_by,
    "measure": read_measure,
    "sort": read_sort,
}


def write_view(view: View, **rest: str) -> str:
    """Write the query of a view, without what is as usual. `rest` changes the page's own parameters; empty removes."""
    pairs: list[tuple[str, str]] = []
    if view.days is not None:
        pairs += zip(("range", "from", "to"), (CUSTOM, *write_days(view.days)), strict=True)
    elif view.range != view.usual:
        pairs.append(("range", view.range))
    if view.compare is not None:
        asked = view.compare
        pairs.append(("compare", "..".join(write_days(asked)) if isinstance(asked, Range) else asked))
    pairs += map(write_filter, view.filters)
    pairs += [("by", ",".join(view.by)), ("measure", view.measure), ("sort", view.sort)]
    pairs += (dict(view.rest) | rest).items()
    return urlencode([(name, value) for name, value in pairs if value], safe=":,")


def toggle_value(view: View, field: str, value: str, operator: Operator = "is") -> View:
    """Add a value to the filter of a field, or take it out again. A filter of another kind is replaced."""
    known = view.find_filter(field)
    values = known.values if known and known.operator == operator else ()
    values = tuple(one for one in values if one != value) if value in values else (*values, value)
    return set_filter(view, field, operator, values)


def set_filter(view: View, field: str, operator: Operator, values: tuple[str, ...]) -> View:
    """Replace the filter of a field, in its place; no values remove it."""
    new = (Filter(field, operator, values),) if values else ()
    known = view.find_filter(field)
    if known is None:
        return msgspec.structs.replace(view, filters=(*view.filters, *new))
    filters = tuple(one for old in view.filters for one in (new if old is known else (old,)))
    return msgspec.structs.replace(view, filters=filters)

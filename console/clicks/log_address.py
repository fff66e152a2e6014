"""The address of the log of clicks: a view, and parameters of its own. Without a range the log is live. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
from multidict import MultiMapping

from console.clicks.filters import CHOICES, Filters
from console.view.filters import PREFIX, is_storable, write_filter
from console.view.filters import Filter as ViewFilter
from console.view.ranges import Today
from console.view.view import DATES, IgnoredParameter, View, read_view, write_view
from identity.ulid_time import ulid_time
from storage.read.asking.question import locate
from storage.read.click_filters import FieldFilter

OWN: Final = ("outcome", "visitors", "unique", "quality", "reason", "address", "network", "around", "before")
"""The parameters of this page alone."""
NAMING: Final = ("address", "network", "around", "before")
"""Those whose values are a hash or an id of somebody's: what is kept for good, such as the audit log, has none."""
OLD: Final = ("program", "affiliate", "code", "country")
"""Filters as addresses had them before: they are still read."""
LIVE: Final = "all"
"""The range of an address that names none."""
UNUSED: Final = ("compare", "by", "sort", *DATES[2:])
"""Parts of a view that a list has no use for: they may stand in an address that comes from analytics."""
LONGEST: Final = 128
REASON: Final = re.compile(r"R[0-9]{3}")


def read_log(query: MultiMapping[str]) -> tuple[View, list[IgnoredParameter]]:
    """Read the address of the log, and list what of it was ignored."""
    view, ignored = read_view(query, OWN, LIVE)
    faults = {name: why for name, value in view.rest if (why := explain_fault(name, value.strip()))}
    ignored += [IgnoredParameter(name, value, faults[name]) for name, value in view.rest if name in faults]
    rest = tuple((name, value.strip()) for name, value in view.rest if name not in faults and value.strip())
    view = msgspec.structs.replace(view, rest=rest, compare=None, by=(), sort="")
    return view, [one for one in ignored if one.name not in UNUSED]


def explain_fault(name: str, value: str) -> str | None:
    """Say why a parameter of this page cannot have this value; null if it can, or if it is empty."""
    if not value:
        return None
    match name:
        case "visitors" | "outcome" | "unique" | "quality":
            return None if value in CHOICES[name] else f"one of {', '.join(CHOICES[name])}"
        case "before" | "around":
            return None if has_time(value) else "not the id of a click"
        case "reason":
            return None if REASON.fullmatch(value) else "a reason is a number such as R101"
        case _ if len(value) > LONGEST:
            return f"longer than {LONGEST} characters"
    return None if is_storable(value) else "contains a character that cannot be stored"


def has_time(text: str) -> bool:
    """Whether this is a ULID with a time that Python can hold: 48 bits of milliseconds reach beyond the year 9999."""
    try:
        ulid_time(text)
    except ValueError:
        return False
    return True


def rewrite_old(query: MultiMapping[str]) -> str | None:
    """Write the query of an address as it was before in the grammar of today; null if it is of today."""
    if not any(name in query for name in OLD):
        return None
    pairs = []
    for name, value in query.items():
        wanted = value.strip().upper() if name == "country" else value.strip()
        if name not in OLD:
            pairs.append((name, value))
        elif wanted and f"{PREFIX}{name}" not in query and query.getall(name)[0] == value:
            pairs.append(write_filter(ViewFilter(name, "is", (wanted,))))
    return urlencode(list(dict.fromkeys(pairs)), safe=":,", errors="replace")


def make_filters(view: View, today: Today | None, named: Mapping[str, Sequence[str]] | None = None) -> Filters:
    """Make the filters of a view. Without `today` its range is left out; `named` are ids by field, found by name."""
    own: dict[str, Any] = {name: view.get(name) for name in OWN if name != "around"}
    fields = tuple(
        FieldFilter(one.field, one.operator, one.values, tuple((named or {}).get(one.field, ())))
        for one in view.filters
    )
    filters = Filters(fields=fields, measure=view.measure, **own)
    if today is None or is_live(view):
        return filters
    span = locate(view.find_range(today), today.zone)
    return msgspec.structs.replace(filters, since=span.begin, until=span.end)


def is_live(view: View) -> bool:
    """Whether the address names no range."""
    return view.days is None and view.range == view.usual


def is_over(filters: Filters, now: datetime) -> bool:
    """Whether no new click can belong to the list."""
    return bool(filters.before) or (filters.until is not None and filters.until <= now)


def write_log(view: View, **rest: str) -> str:
    """Write the query of the log; without `before`, unless it is given."""
    return write_view(view, **({"before": ""} | rest))


def names_visitor(query: str) -> bool:
    """Tell whether the query of a page has a value that names a visitor."""
    return any(name in NAMING and value.strip() for name, value in parse_qsl(query, keep_blank_values=True))


def hide_visitors(query: str) -> str:
    """Write the query of any page without the values that name a visitor: they may be erased later."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name in NAMING for name, _ in pairs):
        return query
    kept = [(name, "hidden" if name in NAMING and value else value) for name, value in pairs]
    return urlencode(kept, safe=":,", errors="replace")

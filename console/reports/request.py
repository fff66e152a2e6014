"""What a report shows, read from its address: groups, columns, order, page, and which groups are open. Pure."""

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from multidict import MultiMapping

from console.reports.columns import Column, list_measures, read_columns
from console.view.filters import is_storable, split_values
from console.view.view import IgnoredParameter, View, read_view
from storage.read.asking.question import UNITS

OWN: Final = ("columns", "page", "rows", "layout", "open", "q")
BY: Final = ("affiliate",)
SIZES: Final = (25, 50, 100, 500)
SIZE: Final = 50
LAST_PAGE: Final = 2000
MOST_OPEN: Final = 12
Layout = Literal["flat", "nested"]
Path = tuple[str, ...]
"""The values of a group and of the groups above it."""


class ReportRequest(msgspec.Struct, frozen=True):
    """A report: its view (always grouped), columns, page (from 1), rows a page, layout, and open groups."""

    view: View
    columns: tuple[Column, ...]
    page: int = 1
    size: int = SIZE
    layout: Layout = "flat"
    open: tuple[Path, ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        return list_measures(self.columns, self.sort)

    @property
    def sort(self) -> str:
        """The column of the order, with `-` before it if the largest come first. A series is in the order of time."""
        named = self.view.sort.removeprefix("-")
        names = {*(one.name for one in self.columns), *self.view.by}
        if named in names:
            return self.view.sort
        unit = next((name for name in self.view.by if name in UNITS), None)
        return unit or f"-{self.columns[0].name}"

    @property
    def by(self) -> tuple[str, ...]:
        """What the rows of the first level are grouped by."""
        return self.view.by[:1] if self.layout == "nested" else self.view.by


def read_request(query: MultiMapping[str]) -> tuple[ReportRequest, list[IgnoredParameter]]:
    """Read a report from the query of its address. Also list what was ignored."""
    view, ignored = read_view(query, OWN)
    columns, why = read_columns(view.get("columns"))
    ignored += [IgnoredParameter("columns", view.get("columns"), why)] if why else []
    numbers = {name: read_number(view.get(name)) for name in ("page", "rows")}
    is_sane = {
        "page": 1 <= numbers["page"] <= LAST_PAGE,
        "rows": numbers["rows"] in SIZES,
        "layout": view.get("layout") == "nested",
    }
    rest = dict(view.rest)
    wrong = [name for name, is_right in is_sane.items() if rest.get(name) and not is_right]
    ignored += [IgnoredParameter(name, rest[name], "no such page, number of rows or layout") for name in wrong]
    kept = tuple((name, value) for name, value in rest.items() if name not in wrong and is_storable(value))
    view = msgspec.structs.replace(view, by=view.by or BY, rest=kept)
    return (
        ReportRequest(
            view,
            columns,
            page=numbers["page"] if is_sane["page"] else 1,
            size=numbers["rows"] if is_sane["rows"] else SIZE,
            layout="nested" if is_sane["layout"] and len(view.by) > 1 else "flat",
            open=read_paths(view.get("open"), len(view.by)),
        ),
        ignored,
    )


def read_number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) else 0


def read_paths(text: str, depth: int) -> tuple[Path, ...]:
    """Read the open groups: `aff1;aff2,DE`. Semicolons and commas in values follow a backslash.

    After a last value that is empty there is another comma.
    """
    if not text or not is_storable(text):
        return ()
    split = [tuple(split_values(one)) for one in re.findall(r"(?:[^;\\]|\\.)+", text, re.DOTALL)]
    paths = [path[:-1] if len(path) > 1 and path[-1] == "" else path for path in split]
    return tuple(path for path in dict.fromkeys(paths) if len(path) < depth)[:MOST_OPEN]


def write_paths(paths: Sequence[Path]) -> str:
    return ";".join(write_path(path) for path in paths)


def write_path(path: Path) -> str:
    text = ",".join(re.sub(r"([\\,;])", r"\\\1", value) for value in path)
    return text if path[-1] else f"{text},"

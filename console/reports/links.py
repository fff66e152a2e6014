"""The addresses that a report leads to: other groups, columns, orders, pages, CSV, and the clicks behind it. Pure."""

from typing import Any, Final

import msgspec

from console.clicks.log_address import LIVE
from console.reports.columns import LISTED, USUAL
from console.reports.request import Path, ReportRequest, write_paths
from console.view.view import GROUPS, MOST_BY, View, write_view
from console.view.words import name_field
from storage.read.asking.question import UNITS

PATH: Final = "/reports"
CSV: Final = "/reports.csv"
CLICKS: Final = "/clicks"


class GroupLinks(msgspec.Struct, frozen=True):
    """One thing that a report is grouped by: addresses without it, and with it moved; empty where there is none."""

    name: str
    title: str
    without: str
    earlier: str
    later: str


class Option(msgspec.Struct, frozen=True):
    """A choice: what it is, its address, and whether it is chosen."""

    title: str
    address: str
    is_current: bool = False
    how: str = ""


class ReportLinks:
    """Writes the addresses of one report. A change leads to its first page."""

    def __init__(self, request: ReportRequest, path: str = PATH) -> None:
        self.request = request
        self.view = request.view
        self._path = path

    def report(self, view: View | None = None, **rest: str) -> str:
        query = write_view(view or self.view, **({"page": "", "open": ""} | rest))
        return f"{self._path}?{query}" if query else self._path

    def change(self, **changes: Any) -> str:
        return self.report(msgspec.structs.replace(self.view, **changes))

    def csv(self) -> str:
        return f"{CSV}?{write_view(self.view, page='', rows='', open='', layout='')}"

    def clicks(self, view: View, measure: str = "") -> str:
        """Write the address of the list of the clicks of a view, or of those that a measure counts."""
        return add_measure(self.behind(view), measure)

    def behind(self, view: View) -> str:
        plain = msgspec.structs.replace(view, by=(), sort="", measure="", compare=None, rest=(), usual=LIVE)
        return f"{CLICKS}?{write_view(plain)}"

    def page(self, number: int) -> str:
        return self.report(page="" if number == 1 else str(number), open=self.view.get("open"))

    def toggle(self, path: Path) -> str:
        """Write the address with a group opened; or closed, with all groups inside it."""
        is_open = path in self.request.open
        kept = [one for one in self.request.open if not is_open or one[: len(path)] != path]
        paths = kept if is_open else [*kept, path]
        return self.report(page=self.view.get("page"), open=write_paths(paths))

    def sort(self, name: str) -> str:
        """Write the address of the order by a column: largest first, names and times from the first; then reversed."""
        usual = name if name in GROUPS else f"-{name}"
        turned = f"-{name}" if name in GROUPS else name
        return self.change(sort=turned if self.request.sort == usual else usual)

    def find_order(self, name: str) -> str:
        """Return what aria-sort says of a column."""
        if self.request.sort.removeprefix("-") != name:
            return ""
        return "descending" if self.request.sort.startswith("-") else "ascending"

    def list_groups(self) -> list[GroupLinks]:
        by = self.view.by
        return [
            GroupLinks(
                name,
                name_field(name),
                "" if len(by) == 1 else self.change(by=by[:place] + by[place + 1 :]),
                "" if place == 0 else self.change(by=swap(by, place - 1)),
                "" if place == len(by) - 1 else self.change(by=swap(by, place)),
            )
            for place, name in enumerate(by)
        ]

    def list_additions(self) -> list[Option]:
        """List what the report can be grouped by beside what it is grouped by."""
        by = self.view.by
        if len(by) >= MOST_BY:
            return []
        has_unit = any(name in UNITS for name in by)
        names = [name for name in GROUPS if name not in by and not (has_unit and name in UNITS) and name != "minute"]
        return [Option(name_field(name), self.change(by=(*by, name))) for name in names]

    def list_columns(self) -> list[Option]:
        """List all columns, each with the address that adds or removes it."""
        shown = [one.name for one in self.request.columns]
        options = []
        for column in LISTED:
            is_shown = column.name in shown
            names = [name for name in shown if name != column.name] if is_shown else [*shown, column.name]
            options.append(Option(column.title, self.columns(names), is_shown, column.how))
        return options

    def columns(self, names: list[str]) -> str:
        ordered = [one.name for one in LISTED if one.name in names] if set(names) != set(USUAL) else []
        return self.report(columns=",".join(ordered))

    def layout(self, name: str) -> str:
        return self.report(layout=name)


def add_measure(address: str, measure: str) -> str:
    return f"{address}&measure={measure}" if measure else address


def swap(by: tuple[str, ...], place: int) -> tuple[str, ...]:
    return (*by[:place], by[place + 1], by[place], *by[place + 2 :])

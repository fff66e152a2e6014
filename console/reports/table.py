"""The table of a report as its template shows it: rows, cells, links. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from console.reports.columns import Column, find_value
from console.reports.level import Counts, Keys, Level, find_period
from console.reports.links import ReportLinks, add_measure
from console.reports.numbers import find_change, find_tone, write_change, write_number
from console.reports.reading import Report, explain
from console.reports.request import Path
from console.reports.sparkline import Sparkline, draw_sparkline
from console.view.ranges import Today
from console.view.view import View, set_filter
from console.view.words import name_value, write_day
from storage.read.asking.answer import Key
from storage.read.asking.question import UNITS, Span
from storage.rollups.dimensions import OTHER


class KeyCell(msgspec.Struct, frozen=True):
    """A value that a row is grouped by: how it is shown, and the address of the report of it alone."""

    field: str
    shown: str
    address: str = ""


class Cell(msgspec.Struct, frozen=True):
    """A number, its change and what it was before, its tone, and the address of the clicks behind it."""

    title: str
    shown: str
    change: str = ""
    before: str = ""
    tone: str = ""
    address: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A group. `toggle` is the address that opens or closes it; `said` stands for rows that there are not."""

    keys: tuple[KeyCell, ...] = ()
    cells: tuple[Cell, ...] = ()
    sparkline: Sparkline | None = None
    clicks: str = ""
    depth: int = 0
    toggle: str = ""
    is_open: bool = False
    said: str = ""
    anchor: str = ""


def list_rows(report: Report, links: ReportLinks) -> list[Row]:
    """List the rows of a report, and under each open group those inside it."""
    rows = walk(report, links, report.level, ())
    return [msgspec.structs.replace(row, anchor=f"g{number}") for number, row in enumerate(rows)]


def walk(report: Report, links: ReportLinks, level: Level, path: Path) -> list[Row]:
    rows = []
    for group in level.groups:
        row = make_row(report, links, level, group.keys, group.counts, path)
        rows.append(row)
        inner = (*path, str(group.keys[0])) if report.request.layout == "nested" else ()
        found = report.inside.get(inner)
        if isinstance(found, Level):
            rows += walk(report, links, found, inner)
            if found.number > len(found.groups):
                rows.append(Row(depth=len(inner), said=f"and {found.number - len(found.groups):,} more"))
        elif found is not None:
            rows.append(Row(depth=len(inner), said=explain(found)))
    return rows


def make_row(report: Report, links: ReportLinks, level: Level, keys: Keys, counts: Counts, path: Path) -> Row:
    by = report.request.view.by[len(path) : len(path) + 1] if path else level.question.by
    today, span = report.today, level.answer.plan.span
    above = narrow(links.view, report.request.view.by, path, today, span)
    behind = "" if OTHER in keys else links.behind(narrow(above, by, keys, today, span))
    alone = [narrow(above, (name,), (key,), today, span) for name, key in zip(by, keys, strict=True)]
    known = find_before(level, keys)
    inner = (*path, *map(str, keys)) if report.request.layout == "nested" else ()
    can_open = inner and len(inner) < len(report.request.view.by) and by[0] not in UNITS and OTHER not in inner
    series = (level.series or {}).get(keys)
    return Row(
        keys=tuple(make_key(links, *one, today) for one in zip(alone, by, keys, strict=True)),
        cells=tuple(make_cells(report, level, counts, known, behind)),
        sparkline=draw_sparkline(series, "period") if series else None,
        clicks=behind,
        depth=len(path),
        toggle=links.toggle(inner) if can_open else "",
        is_open=inner in report.inside,
    )


def find_before(level: Level, keys: Keys) -> Counts | None:
    """Return the counts of the other range: zeros if it has no such group, null if nobody knows."""
    if level.before is None:
        return None
    return level.before.get(keys, (0,) * len(level.question.measures))


def make_key(links: ReportLinks, alone: View, field: str, key: Key, today: Today) -> KeyCell:
    address = "" if key == OTHER else links.report(alone)
    return KeyCell(field, name_key(field, key, today), address)


def name_key(field: str, key: Key, today: Today) -> str:
    """Write a key for people: days and times in the reporting zone."""
    if isinstance(key, datetime):
        local = key.astimezone(today.zone)
        return f"{local:%a} {write_day(local)}, {local:%H:%M}"
    if isinstance(key, date):
        return f"{key:%B %Y}" if field == "month" else f"{key:%a} {write_day(key)}"
    return name_value(field, key)


def narrow(view: View, by: tuple[str, ...], keys: tuple[Key, ...], today: Today, span: Span) -> View:
    """Return the view of one group alone: of its time, what `span` has of it."""
    for name, key in zip(by, keys, strict=False):
        if name in UNITS:
            days = find_period(name, key, today, span)
            view = msgspec.structs.replace(view, range="custom", days=days, compare=None)
        else:
            view = set_filter(view, name, "is", (str(key),))
    return view


def make_cells(report: Report, level: Level, counts: Counts, before: Counts | None, behind: str) -> list[Cell]:
    now = level.name_counts(counts)
    old = None if before is None else level.name_counts(before)
    return [make_cell(column, now, old, behind) for column in report.request.columns]


def make_cell(column: Column, now: Mapping[str, int], old: Mapping[str, int] | None, behind: str) -> Cell:
    value = find_value(column.name, now)
    was = None if old is None else find_value(column.name, old)
    change = find_change(value, was, is_rate=column.is_rate)
    has_clicks = behind and not column.is_rate and value
    return Cell(
        column.title,
        write_number(value, is_rate=column.is_rate),
        "" if old is None else write_change(value, was, is_rate=column.is_rate),
        "" if old is None else write_number(was, is_rate=column.is_rate),
        find_tone(change, is_good=column.is_good),
        add_measure(behind, column.name) if has_clicks else "",
    )


def make_totals(report: Report, links: ReportLinks) -> tuple[Cell, ...]:
    """Make the cells of all groups together."""
    level = report.level
    return tuple(make_cells(report, level, level.answer.totals, level.totals_before, links.behind(links.view)))

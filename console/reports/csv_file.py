"""A report as CSV: a line for each group, safe to open in a spreadsheet, times in UTC by ISO 8601. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

import msgspec

from console.reports.columns import find_value
from console.reports.level import Counts, Keys, describe_period
from console.reports.numbers import find_change
from console.reports.request import ReportRequest
from console.view.dates import write_days
from console.view.ranges import Today
from storage.read.asking.answer import Group, Key
from storage.read.asking.question import UNITS, Span, show_value

Value = str | int | float | None
LONGEST_NAME: Final = 150
FORMULA: Final = re.compile(r"[-=+@\t\r]")
"""Spreadsheets run a cell that begins with one of these; a quote in front makes it a text, as in `clickrail export`."""
LINES: Final = 500


class CsvReport(msgspec.Struct, frozen=True):
    """All groups of a report, in its order, and those of the range to compare with by the same keys."""

    request: ReportRequest
    today: Today
    span: Span
    measures: tuple[str, ...]
    groups: Sequence[Group]
    before: dict[Keys, Counts] | None = None


def write_csv(report: CsvReport) -> Iterator[bytes]:
    """Write the file, some lines at a time."""
    lines = [list_titles(report)]
    for group in report.groups:
        lines.append(make_line(report, group))
        if len(lines) >= LINES:
            yield write_lines(lines)
            lines = []
    yield write_lines(lines)


def list_titles(report: CsvReport) -> list[Value]:
    """Name the columns. Those of time say their zone; the last two are always there."""
    titles: list[Value] = [
        f"{name} ({report.today.zone.key})" if name in UNITS else name for name in report.request.view.by
    ]
    for column in report.request.columns:
        titles.append(column.name)
        if report.before is not None:
            titles += [f"{column.name}_before", f"{column.name}_change_{'points' if column.is_rate else 'percent'}"]
    return [*titles, "from_utc", "until_utc", "reporting_zone"]


def make_line(report: CsvReport, group: Group) -> list[Value]:
    by, today = report.request.view.by, report.today
    line: list[Value] = [write_key(key, today) for key in group.keys]
    now = dict(zip(report.measures, group.counts, strict=True))
    nothing = (0,) * len(report.measures)
    old = None if report.before is None else report.before.get(group.keys, nothing)
    was_counts = None if old is None else dict(zip(report.measures, old, strict=True))
    for column in report.request.columns:
        value = find_value(column.name, now)
        line.append(shorten(value))
        if was_counts is not None:
            was = find_value(column.name, was_counts)
            line += [shorten(was), shorten(find_change(value, was, is_rate=column.is_rate), 2)]
    times = tuple(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (report.span.begin, report.span.end))
    for name, key in zip(by, group.keys, strict=True):
        times = describe_period(name, key, today, report.span) if name in UNITS else times
    return [*line, *times, today.zone.key]


def write_key(key: Key, today: Today) -> str:
    """Write a key: times with the offset of the reporting zone."""
    if isinstance(key, datetime):
        return key.astimezone(today.zone).isoformat()
    return key.isoformat() if isinstance(key, date) else make_safe(show_value(key))


def make_safe(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def shorten(value: float | None, digits: int = 4) -> Value:
    return round(value, digits) if isinstance(value, float) else value


def write_lines(lines: Iterable[Sequence[Value]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode("utf-8", "replace")


def name_file(request: ReportRequest, today: Today) -> str:
    """Name the file: its groups, first and last day, and filters."""
    asked = request.view.find_range(today)
    parts = ["clickrail", "-".join(request.view.by), "_to_".join(write_days(asked))]
    for one in request.view.filters:
        sign = {"is": "", "not": "not-", "has": "has-"}[one.operator]
        parts.append(f"{one.field}-{sign}{'+'.join(value or 'unknown' for value in one.values)}")
    name = re.sub(r"[^A-Za-z0-9+._-]+", "-", "_".join(parts))
    return f"{name[:LONGEST_NAME]}.csv"

"""What is exported, and the statement of one day. Pure.

Rows are those of the analysts' views, with the other columns of the table: personal ones only on demand. The order is
always the same: by time, then by id.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, get_args

import msgspec

from storage.analysts.table_reference import CLICKS, REJECTED_CLICKS, TableMeaning
from storage.analysts.views import CLICK_VIEW, REJECTION_VIEW, View, ViewColumn
from storage.columns import CLICK_COLUMNS, REJECTION_COLUMNS
from storage.read.click_filters import ClickFilters, select_clicks
from storage.read.queries import RejectionFilters
from storage.read.where import Where

Kind = Literal["clicks", "rejections"]
Format = Literal["csv", "jsonl", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
Filters = ClickFilters | RejectionFilters

TIME: Final = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
"""ISO 8601 in UTC, whatever the session's zone."""
UNTOUCHED: Final = frozenset({"bool", "int2", "int4", "int8", "float4", "float8"})
SAFE_TEXT: Final = "CASE WHEN {0} ~ E'^[-=+@\\t\\r]' THEN '''' || {0} ELSE {0} END"
"""Spreadsheets run a cell that begins with one of these as a formula; a quote in front makes it a text."""


class Source(msgspec.Struct, frozen=True):
    """A kind of rows: the view that has its columns, and its table."""

    view: View
    table: TableMeaning
    columns: tuple[str, ...]


SOURCES: Final[Mapping[Kind, Source]] = {
    "clicks": Source(CLICK_VIEW, CLICKS, CLICK_COLUMNS),
    "rejections": Source(REJECTION_VIEW, REJECTED_CLICKS, REJECTION_COLUMNS),
}


class ExportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows and columns. `is_personal` adds the personal columns."""

    kind: Kind
    filters: Filters
    is_personal: bool = False

    def write_day(self, day: date, *, names: bool) -> tuple[str, list[Any]]:
        """Give the SELECT of a day (UTC), and its values; `names` as for the views."""
        source = SOURCES[self.kind]
        time, key = source.view.order
        where = select_rows(self.filters)
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        where.add(f"{time} >= {where.bind(begin)} AND {time} < {where.bind(begin + timedelta(days=1))}")
        view = msgspec.structs.replace(
            source.view,
            source=f"(SELECT * FROM {source.view.source} {where})",  # noqa: S608 - fixed text
            columns=(*source.view.columns, *self.other_columns()),
        )
        return f"{view.write_select(names=names)} ORDER BY source.{time}, source.{key}", where.values

    def other_columns(self) -> tuple[ViewColumn, ...]:
        """Return the columns of the table that the view does not have."""
        source = SOURCES[self.kind]
        shown = {column.name for column in source.view.columns}
        rest = [(name, source.table.columns[name]) for name in source.columns if name not in shown]
        return tuple(
            ViewColumn(name, f"source.{name}", meaning)
            for name, meaning in rest
            if self.is_personal or not meaning.is_personal
        )


def select_rows(filters: Filters) -> Where:
    if isinstance(filters, ClickFilters):
        return select_clicks(filters)
    return Where(filters, {name: name for name in ("program_id", "affiliate_id", "asked", "reason")})


def write_csv(select: str, types: Mapping[str, str]) -> str:
    """Give a SELECT whose columns are texts for CSV, safe to open in a spreadsheet."""
    cells = ", ".join(f"{write_cell(name, kind)} AS {name}" for name, kind in types.items())
    return f"SELECT {cells} FROM ({select}) AS row"  # noqa: S608 - fixed text


def write_cell(name: str, kind: str) -> str:
    if kind in UNTOUCHED:
        return f"{name}::text"
    if kind == "timestamptz":
        return TIME.format(name)
    if kind == "text":
        return SAFE_TEXT.format(name)
    return f"to_jsonb({name})::text"


def write_json(select: str, types: Mapping[str, str]) -> str:
    """Give a SELECT of one JSON object for each row."""
    cells = ", ".join(
        f"{TIME.format(name) if kind == 'timestamptz' else name} AS {name}" for name, kind in types.items()
    )
    return f"SELECT row_to_json(line)::text FROM (SELECT {cells} FROM ({select}) AS row) AS line"  # noqa: S608 - fixed text


def days_between(first: date, end: date) -> list[date]:
    """Return the days from `first` to the one before `end`."""
    return [first + timedelta(days=number) for number in range((end - first).days)]

"""The log as CSV: a line for each click or rejection, safe to open in a spreadsheet, times in UTC by ISO 8601. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from console.clicks.lines import Line
from console.clicks.log_address import hide_visitors
from storage.rollups.dimensions import DIMENSIONS

FORMULA: Final = re.compile(r"[-=+@\t\r]")
"""Spreadsheets run a cell that begins with one of these; a quote in front makes it a text, as in `clickrail export`."""
IDS: Final = ("code", "affiliate", "program")
FIELDS: Final = (*IDS, *DIMENSIONS)
LINES_MOST: Final = 100_000


def list_titles(zone: ZoneInfo) -> list[str]:
    own = ["id", "at_utc", f"at ({zone.key})", "outcome", "reason", "status", "visitors", "unique", "quality", "score"]
    return [*own, *FIELDS, "city"]


def make_record(line: Line, zone: ZoneInfo) -> list[str]:
    """Make the cells of a line."""
    item = line.filterable
    own = [line.id, write_utc(line.at), f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}", item.outcome, item.reason]
    worth = [str(line.status), item.visitors, item.unique, item.quality, line.marks.score]
    return [*own, *worth, *(item.values.get(name, "") for name in FIELDS), line.place if line.country else ""]


def write_utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_records(records: Iterable[Sequence[str]]) -> bytes:
    """Write lines of cells, none of which a spreadsheet runs."""
    text = io.StringIO()
    csv.writer(text).writerows([guard_formula(cell) for cell in record] for record in records)
    return text.getvalue().encode("utf-8", "replace")


def guard_formula(cell: str) -> str:
    return f"'{cell}" if FORMULA.match(cell) else cell


def say_end(words: str, zone: ZoneInfo) -> bytes:
    """Write a last line that says what is left out."""
    return write_records([[f"({words})", *([""] * (len(list_titles(zone)) - 1))]])


def name_file(query: str, at: datetime) -> str:
    """Name the file after its filters: `clicks-f.country-is-DE-20261129T0930Z.csv`."""
    filters = re.sub(r"[^A-Za-z0-9._]+", "-", hide_visitors(query)).strip("-")[:100]
    return "-".join(filter(None, ("clicks", filters, f"{at.astimezone(UTC):%Y%m%dT%H%MZ}"))) + ".csv"

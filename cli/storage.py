"""`clickrail storage`: what the database holds."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import run
from cli.options import DatabaseUrl
from cli.output import count, show_json, show_table

if TYPE_CHECKING:
    from storage.status import StorageStatus, TableStatus

storage = typer.Typer(help="What the database holds.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]

COLUMNS = ("table", "rows", "size", "bytes_a_row", "oldest_day", "newest_day", "days", "compressed_days")
UNITS = ("bytes", "kB", "MB", "GB", "TB")
STEP = 1000
MANY = 100


@storage.command()
def status(database_url: DatabaseUrl, *, json: Json = False) -> None:
    """Show the engine, and of each table its size and days. Rows are estimates: nothing is counted."""
    from storage.status import read_status

    found = run(database_url, read_status)
    if json:
        show_json(found)
        return
    print(f"{describe_engine(found)}\n")
    show_table(COLUMNS, [make_row(one) for one in found.tables])
    print()
    for line in describe_days(found):
        print(line)


def describe_engine(found: "StorageStatus") -> str:
    is_hypertable = found.tables[0].layout == "hypertable"
    if found.timescaledb is None:
        return f"PostgreSQL {found.postgresql} without TimescaleDB: clicks are in daily partitions."
    kept = "in a hypertable" if is_hypertable else "in daily partitions, as they were before TimescaleDB"
    return f"PostgreSQL {found.postgresql} with TimescaleDB {found.timescaledb}: clicks are {kept}."


def describe_days(found: "StorageStatus") -> list[str]:
    clicks = found.tables[0]
    lines = [f"A click takes {clicks.bytes_per_row:,} bytes, indexes included."] if clicks.bytes_per_row else []
    if clicks.layout == "hypertable":
        size = write_size(clicks.compressed_bytes)
        lines.append(f"{count(clicks.compressed_days, 'day')} of clicks compressed ({size}).")
    else:
        lines.append(f"Partitions are made for {count(clicks.days_ahead or 0, 'day')} after today.")
    dropped = f"{count(found.dropped_days, 'day')} dropped"
    if found.dropped_days:
        dropped += f", the newest {found.newest_dropped_day}: late clicks of them are not stored"
    return [*lines, f"{dropped}."]


def make_row(one: "TableStatus") -> list[str]:
    # Of a few rows the empty pages count most.
    per_row = f"{one.bytes_per_row:,}" if one.bytes_per_row and one.rows >= MANY else ""
    row = [one.name, f"{one.rows:,}", write_size(one.bytes), per_row]
    if one.layout == "table":
        return [*row, "", "", "", ""]
    compressed = f"{one.compressed_days:,}" if one.layout == "hypertable" else ""
    return [*row, str(one.oldest_day or ""), str(one.newest_day or ""), f"{one.days:,}", compressed]


def write_size(size: int) -> str:
    """Write a number of bytes with the unit that keeps it below a thousand."""
    value, unit = float(size), 0
    while value >= STEP and unit < len(UNITS) - 1:
        value, unit = value / STEP, unit + 1
    return f"{size} bytes" if unit == 0 else f"{value:.1f} {UNITS[unit]}"

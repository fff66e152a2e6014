"""Counts clicks in Python, cell by cell: what `click_rollups` must have. Shares no SQL with the roller."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from storage.rollups.dimensions import CUT, DIMENSIONS, OTHER, PAIRS
from storage.rollups.measures import MEASURES

Cell = tuple[Any, ...]
"""grain, period, program, kind, entity, dim, value, dim2, value2"""

READ_CLICKS = f"""
    SELECT clicked_at, program_id, affiliate_id, code, coalesce(batch_id, 0) AS batch_id,
        {", ".join(f"{one.sql} AS {name}" for name, one in DIMENSIONS.items())},
        {", ".join(f"coalesce({condition}, false) AS is_{name}" for name, condition in MEASURES.items())}
    FROM clicks_now ORDER BY clicked_at
"""
READ_CELLS = f"""
    SELECT grain, period, program_id, kind, entity, dim, value, dim2, value2, {", ".join(MEASURES)} FROM click_rollups
"""


class Flags:
    """What the tables say: which batches are pending, which values have a row, what is detailed."""

    def __init__(self, cells: Mapping[Cell, Cell], detailed: set[Cell], zone: ZoneInfo) -> None:
        self.zone = zone
        self.detailed = detailed
        self.known: dict[tuple[datetime, str, int], set[str]] = defaultdict(set)
        for grain, period, program, kind, _, dim, value, dim2, _ in cells:
            if (grain, kind, dim2) == ("d", "p", 0) and dim:
                self.known[period, program, dim].add(value)

    def hour(self, time: datetime) -> datetime:
        local = time.astimezone(self.zone)
        offset = local.utcoffset() or timedelta()
        # Without arithmetic on local times, which would ignore the offset.
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        assert (time + offset - past).minute == 0
        return time - past

    def day(self, time: datetime) -> datetime:
        return self.midnight(time.astimezone(self.zone))

    def midnight(self, local: datetime) -> datetime:
        """Give the midnight by which PostgreSQL names a day: of two the later, and the change of clocks without any."""
        midnights = (local.replace(hour=0, minute=0, second=0, microsecond=0, fold=fold) for fold in (0, 1))
        return max(one.astimezone(UTC) for one in midnights)


def list_cells(click: Mapping[str, Any], flags: Flags) -> Iterator[Cell]:
    """Give the cells in which a click is counted."""
    program, at = click["program_id"], click["clicked_at"]
    hour, day = flags.hour(at), flags.day(at)
    entities = (("p", ""), ("a", click["affiliate_id"]), ("c", click["code"]))
    for kind, entity in entities:
        yield ("h", hour, program, kind, entity, 0, "", 0, "")
        yield ("d", day, program, kind, entity, 0, "", 0, "")
        if kind != "p" and ("d", day, program, kind, entity, 0, "", 0, "") not in flags.detailed:
            continue
        for name, one in DIMENSIONS.items():
            yield ("d", day, program, kind, entity, one.number, mapped(click, name, flags), 0, "")
    for first, second in PAIRS:
        values = [mapped(click, one.name, flags) for one in (first, second)]
        cut = [
            ("d", day, program, "p", "", one.number, value, 0, "") in flags.detailed
            for one, value in zip((first, second), values, strict=True)
            if one.name in CUT
        ]
        if all(cut):
            yield ("d", day, program, "p", "", first.number, values[0], second.number, values[1])


def mapped(click: Mapping[str, Any], name: str, flags: Flags) -> str:
    known = flags.known[flags.day(click["clicked_at"]), click["program_id"], DIMENSIONS[name].number]
    value: str = click[name]
    return OTHER if value not in known and OTHER in known else value


async def read_cells(connection: asyncpg.Connection) -> dict[Cell, Cell]:
    rows = await connection.fetch(READ_CELLS)
    return {tuple(row)[:9]: tuple(row)[9:] for row in rows}


async def differing_cells(connection: asyncpg.Connection) -> dict[Cell, tuple[Any, Any]]:
    """Give each cell whose numbers are not those of the clicks: what is stored, what is right."""
    async with connection.transaction(isolation="repeatable_read"):
        stored = await read_cells(connection)
        clicks = await connection.fetch(READ_CLICKS)
        pending = {
            row[0] for row in await connection.fetch("SELECT batch_id FROM rollup_batches WHERE rolled_at IS NULL")
        }
        marks = await connection.fetch(READ_CELLS + " WHERE detailed")
        zone, since = await connection.fetchrow(
            "SELECT zone, CASE WHEN counted_from = 'infinity' THEN now() + interval '9 years'"
            " WHEN isfinite(counted_from) THEN counted_from END FROM rollup_state"
        )
        months = {row[0] for row in await connection.fetch("SELECT month FROM rollup_months")}
    flags = Flags(stored, {tuple(row)[:9] for row in marks}, ZoneInfo(zone))
    counted: dict[Cell, Counter[str]] = defaultdict(Counter)
    for click in clicks:
        if click["batch_id"] in pending or (since is not None and click["clicked_at"] < since):
            continue
        for cell in list_cells(click, flags):
            for place in (cell, *month_of(cell, months, flags)):
                counted[place].update({name: click[f"is_{name}"] for name in MEASURES})
    right = {cell: tuple(int(numbers[name]) for name in MEASURES) for cell, numbers in counted.items()}
    nothing = tuple(0 for _ in MEASURES)
    return {
        cell: (stored.get(cell), right.get(cell))
        for cell in stored.keys() | right.keys()
        if stored.get(cell, nothing) != right.get(cell, nothing)
    }


def month_of(cell: Cell, months: set[datetime], flags: Flags) -> Iterator[Cell]:
    grain, period, program, kind, entity, dim, value, dim2, value2 = cell
    month = flags.midnight(period.astimezone(flags.zone).replace(day=1))
    if grain == "d" and dim2 == 0 and (dim == 0 or kind == "p") and month in months:
        yield ("m", month, program, kind, entity, dim, value, dim2, value2)

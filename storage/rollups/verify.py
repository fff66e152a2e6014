"""Compares what is counted with its clicks, cell by cell. Changes nothing.

It needs no lock: each comparison is one statement, and every transaction that writes keeps the two equal.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import asyncpg
import msgspec

from runtime.postgres import transaction
from storage.rollups.batches import MINUTES_KEPT, NAMES
from storage.rollups.cells import KEY, write_cells
from storage.rollups.counted_rows import COUNT_CLICKED, write_clicked
from storage.rollups.limits import LIMITS, Limits, fill
from storage.rollups.measures import MEASURES, count_measures
from storage.rollups.planning import counting
from storage.rollups.rebuild import AFTER, FIRST_AT, IS_FROZEN, OF_DAY

VERIFY_S: Final = 3600.0
MOST_SHOWN: Final = 1000
NOTHING: Final = f"ARRAY[{', '.join('0' for _ in MEASURES)}]"
KEYS: Final = ", ".join(KEY)
COMPARE: Final = f"""
    SELECT {{keys}}, coalesce(kept.numbers, {NOTHING}) AS kept, coalesce(counted.numbers, {NOTHING}) AS counted
    FROM kept FULL JOIN counted USING ({{keys}})
    WHERE coalesce(kept.numbers, {NOTHING}) <> coalesce(counted.numbers, {NOTHING})
    ORDER BY {{keys}} LIMIT {MOST_SHOWN}
"""  # noqa: S608 - fixed texts
VERIFY_CELLS: Final = f"""
    WITH {write_clicked(OF_DAY)}, {COUNT_CLICKED}, {write_cells()}, kept AS (
        SELECT {KEYS}, ARRAY[{NAMES}]::bigint[] AS numbers FROM click_rollups
        WHERE grain IN ('h', 'd') AND period >= {FIRST_AT} AND period < {AFTER}
    ), counted AS (SELECT {KEYS}, ARRAY[{NAMES}]::bigint[] AS numbers FROM cells)
    {COMPARE.format(keys=KEYS)}
"""  # noqa: S608 - fixed texts
VERIFY_MINUTES: Final = f"""
    WITH kept AS (
        SELECT minute, program_id, ARRAY[{", ".join(f"sum({name})" for name in MEASURES)}]::bigint[] AS numbers
        FROM click_minutes WHERE minute >= {FIRST_AT} AND minute < {AFTER} GROUP BY 1, 2
    ), counted AS (
        SELECT minute, program_id, ARRAY[{NAMES}]::bigint[] AS numbers FROM (
            SELECT date_trunc('minute', clicked_at, 'UTC') AS minute, program_id, {count_measures()}
            {OF_DAY} AND clicked_at >= date_trunc('minute', now()) - make_interval(secs => $2) GROUP BY 1, 2
        ) AS by_minute
    ), differing AS ({COMPARE.format(keys="minute, program_id")})
    SELECT * FROM differing WHERE minute >= now() - make_interval(secs => $2)
"""  # noqa: S608 - fixed texts
VERIFY_MONTHS: Final = f"""
    WITH kept AS (
        SELECT {KEYS}, ARRAY[{NAMES}]::bigint[] AS numbers FROM click_rollups WHERE grain = 'm'
    ), counted AS (
        SELECT 'm'::text AS grain, month AS period, kind, entity, dim, program_id, dim2, value, value2,
            ARRAY[{", ".join(f"sum({name})" for name in MEASURES)}]::bigint[] AS numbers
        FROM click_rollups
        JOIN rollup_months ON month = date_trunc('month', period, (SELECT zone FROM rollup_state))
        WHERE grain = 'd' AND dim2 = 0 AND (dim = 0 OR kind = 'p')
        GROUP BY month, kind, entity, dim, program_id, dim2, value, value2
    )
    {COMPARE.format(keys=KEYS)}
"""  # noqa: S608 - fixed texts
SAFE: Final = (MINUTES_KEPT.days - 1) * 24 * 3600.0
"""Older minutes are about to be removed."""


class Difference(msgspec.Struct, frozen=True):
    """A cell, the numbers it has, and the numbers of its clicks."""

    cell: dict[str, str]
    stored: dict[str, int]
    counted: dict[str, int]


async def verify_day(connection: asyncpg.Connection, day: date, limits: Limits = LIMITS) -> Sequence[Difference] | None:
    """Return the differences of a day of the reporting zone, MOST_SHOWN of its cells and as many minutes at most.

    None: the day is frozen, and its clicks may be gone.
    """
    if await connection.fetchval(IS_FROZEN, day):
        return None
    async with transaction(connection), counting(connection):
        rows = await connection.fetch(fill(VERIFY_CELLS, limits), day, timeout=VERIFY_S)
    return [*map(read, rows), *map(read, await connection.fetch(VERIFY_MINUTES, day, SAFE, timeout=VERIFY_S))]


async def verify_months(connection: asyncpg.Connection) -> Sequence[Difference]:
    """Return the differences of all months to the sums of their days."""
    return [read(row) for row in await connection.fetch(VERIFY_MONTHS, timeout=VERIFY_S)]


def read(row: asyncpg.Record) -> Difference:
    cell = {key: str(value) for key, value in row.items() if key not in {"kept", "counted"} and value not in {"", 0}}
    return Difference(cell, *(dict(zip(MEASURES, row[side], strict=True)) for side in ("kept", "counted")))

"""Details of busy entities and values: dimensions of an affiliate's or a code's day, pairs of a referrer or a campaign.

They begin when the day's total passes DETAILED_FROM. What came before on that day is then counted from its rows, in the
same transaction, so they are complete from the first moment, or not there at all.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import asyncpg

from storage.rollups.cells import UPSERT, write_cells
from storage.rollups.counted_rows import COUNT_CLICKED, ZONE, write_clicked
from storage.rollups.dimensions import DIMENSIONS, OTHER
from storage.rollups.grouping_sets import CUT_NUMBERS, PAIRED_SETS, VALUES
from storage.rollups.limits import Limits, fill
from storage.rollups.local_days import write_after, write_first_at
from storage.rollups.planning import counting

TOTAL: Final = "people + bots + app_fetches + prefetches + tests"
FROZEN: Final = "EXISTS (SELECT FROM rollup_days WHERE first_at <= period AND period < until)"
FIND_BUSY: Final = f"""
    SELECT kind, entity, program_id, period, dim, value FROM (
        SELECT touched.*, row_number() OVER (
            PARTITION BY kind, program_id, period, dim ORDER BY {TOTAL} DESC, value COLLATE "C"
        ) AS place
        FROM touched
        WHERE grain = 'd' AND dim2 = 0 AND NOT detailed AND {TOTAL} >= :detailed_from
            AND (dim = 0 AND kind IN ('a', 'c') OR kind = 'p' AND dim IN {CUT_NUMBERS} AND value <> '{OTHER}')
            AND NOT {FROZEN}
    ) AS busy
    WHERE dim = 0 OR place <= :most_paired - (
        SELECT count(*) FROM click_rollups paired
        WHERE paired.detailed AND paired.kind = 'p' AND paired.grain = 'd' AND paired.period = busy.period
            AND paired.program_id = busy.program_id AND paired.dim = busy.dim
    )
"""  # noqa: S608 - fixed texts
"""What of `touched`, rows of click_rollups, is to get details. Frozen days get none: their rows may be gone."""
MARK: Final = """
    UPDATE click_rollups SET detailed = true
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::smallint[], $6::text[])
        AS busy (kind, entity, program_id, period, dim, value)
    WHERE click_rollups.kind = busy.kind AND click_rollups.entity = busy.entity AND click_rollups.dim = busy.dim
        AND grain = 'd' AND click_rollups.period = busy.period AND click_rollups.program_id = busy.program_id
        AND dim2 = 0 AND click_rollups.value = busy.value AND value2 = ''
"""
DAY_OF: Final = f"({{}} AT TIME ZONE {ZONE})::date"
IN_DAYS: Final = f"""
    clicks_now.clicked_at >= {write_first_at(DAY_OF.format("$1::timestamptz"))}
    AND clicks_now.clicked_at < {write_after(DAY_OF.format("$2::timestamptz"))}
"""
AS_THEY_ARE: Final = "with_months AS (SELECT * FROM cells)"
PAIRS_OF_CUT: Final = tuple(one for one in PAIRED_SETS if one.dim in CUT_NUMBERS or one.dim2 in CUT_NUMBERS)


def write_entities(kind: str, column: str) -> str:
    """Give the statement that counts the dimensions of some entities' days."""
    day = DAY_OF.format("busy_day")
    source = f"""
        FROM (
            SELECT busy_entity, busy_program, {write_first_at(day)} AS begins, {write_after(day)} AS ends
            FROM unnest($3::text[], $4::text[], $5::timestamptz[]) AS busy (busy_entity, busy_program, busy_day)
            OFFSET 0
        ) AS busy
        CROSS JOIN LATERAL (
            SELECT * FROM clicks_now WHERE clicks_now.{column} = busy_entity AND clicks_now.program_id = busy_program
                AND clicks_now.clicked_at >= begins AND clicks_now.clicked_at < ends
                AND {IN_DAYS}
            OFFSET 0
        ) AS clicks_now
    """  # noqa: S608 - fixed texts
    return f"WITH {write_clicked(source)}, {COUNT_CLICKED}, {write_cells(VALUES[kind])}, {AS_THEY_ARE} {UPSERT}"


def write_pairs() -> str:
    """Give the statement that counts the pairs of some values' days."""
    columns = {one.number: one.sql for one in DIMENSIONS.values()}
    found = " OR ".join(f"{columns[number]} = ANY($6::text[])" for number in CUT_NUMBERS)
    source = f"FROM clicks_now WHERE {IN_DAYS} AND clicks_now.program_id = ANY($3::text[]) AND ({found})"
    new = """
        new_values AS MATERIALIZED (
            SELECT 'p' AS kind, * FROM unnest($3::text[], $4::timestamptz[], $5::smallint[], $6::text[])
                AS new_value (program_id, day, dim, value)
        )
    """
    cells = write_cells(PAIRS_OF_CUT, new="new_values")
    return f"WITH {new}, {write_clicked(source)}, {COUNT_CLICKED}, {cells}, {AS_THEY_ARE} {UPSERT}"


COUNT_ENTITIES: Final = {"a": write_entities("a", "affiliate_id"), "c": write_entities("c", "code")}
COUNT_PAIRS: Final = write_pairs()


async def mark_busy(connection: asyncpg.Connection, busy: Sequence[asyncpg.Record]) -> None:
    """Note that what FIND_BUSY found has details: whoever counts from now on in this transaction counts them too."""
    if busy:
        await connection.execute(MARK, *zip(*busy, strict=True))


async def begin_details(connection: asyncpg.Connection, busy: Sequence[asyncpg.Record], limits: Limits) -> None:
    """Count the details of what FIND_BUSY found, in the transaction that found it."""
    if not busy:
        return
    await mark_busy(connection, busy)
    by_kind = defaultdict(list)
    for row in busy:
        by_kind[row["kind"]].append(row)
    async with counting(connection):
        for kind, rows in by_kind.items():
            days = [row["period"] for row in rows]
            span, programs = (min(days), max(days)), [row["program_id"] for row in rows]
            if kind == "p":
                values = [row["dim"] for row in rows], [row["value"] for row in rows]
                await connection.execute(fill(COUNT_PAIRS, limits), *span, programs, days, *values)
            else:
                entities = [row["entity"] for row in rows]
                await connection.execute(fill(COUNT_ENTITIES[kind], limits), *span, entities, programs, days)

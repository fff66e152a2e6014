"""Moves counts when a later verdict counts: from the cells of the old one to those of the new, in one transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from storage.rollups.cells import ADD_MONTHS, UPSERT, write_cells
from storage.rollups.counted_rows import COUNT_CHANGES, KEEP_VERDICTS, SIGNED_CHANGES, write_clicked
from storage.rollups.limits import LIMITS, Limits, fill
from storage.rollups.lock import lock
from storage.rollups.planning import counting

Key = tuple[str, datetime]
"""A click's id and time."""

MOVE_S: Final = 120.0
ASKED: Final = """
    FROM unnest($1::text[], $2::timestamptz[]) AS asked (asked_id, asked_at)
    CROSS JOIN LATERAL (
        SELECT * FROM {0} WHERE {0}.click_id = asked_id AND {0}.clicked_at = asked_at
            AND {0}.clicked_at >= $3 AND {0}.clicked_at <= $4
        OFFSET 0
    ) AS {0}
"""
FIND_KEPT: Final = f"SELECT click_id, clicked_at {ASKED.format('rollup_verdicts')}"
MOVE: Final = f"""
    WITH {write_clicked(ASKED.format("clicks_now"))}, {SIGNED_CHANGES}, {KEEP_VERDICTS},
        {COUNT_CHANGES}, {write_cells(signed=True)}, {ADD_MONTHS}, moved AS ({UPSERT})
    SELECT count(*) FROM changed
"""  # noqa: S608 - fixed texts


async def move_counts(
    connection: asyncpg.Connection, keys: Sequence[Key], changing: Collection[Key], limits: Limits = LIMITS
) -> int:
    """Count clicks by the verdict that counts now; return how many changed.

    `keys` are the clicks whose verdicts were written in this transaction; `changing` are those of them whose verdict is
    another than the live one. The others count as they did, unless an earlier verdict has moved them. Waits for the
    lock of the rollups: call it last.
    """
    if not keys:
        return 0
    await lock(connection)
    # Only under the lock is it certain that nobody else is moving one of them.
    kept = {tuple(row) for row in await connection.fetch(FIND_KEPT, *list_parameters(keys), timeout=MOVE_S)}
    wanted = sorted(kept.union(changing))
    if not wanted:
        return 0
    async with counting(connection):
        moved: int = await connection.fetchval(fill(MOVE, limits), *list_parameters(wanted), timeout=MOVE_S)
    return moved


def list_parameters(keys: Sequence[Key]) -> tuple[list[str], list[datetime], datetime, datetime]:
    times = [at for _, at in keys]
    return [click_id for click_id, _ in keys], times, min(times), max(times)

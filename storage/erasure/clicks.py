"""Erases clicks in one transaction: rows, scores, verdicts, what the ledger notes of them, tombstones."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from identity.ulid import RANDOM_BYTES, make_ulid
from schemas import CLICKS_ENRICHED, CLICKS_RAW
from storage.erased import add_erased
from storage.erasure.request import ClaimedClick, find_copies_end
from storage.personal import ERASED, SCORE_SIGNALS, assignments
from storage.rollups.lock import lock

WRITE_S: Final = 600.0
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
MINUTE: Final = timedelta(minutes=1)
MINUTE_MS: Final = 60_000

Key = tuple[str, datetime]
"""A click by its id and time."""

RENAMED: Final = (
    "unnest($1::text[], $2::timestamptz[], $3::text[], $4::timestamptz[]) AS n (old_id, old_at, new_id, new_at)"
)
SAME: Final = "click_id = n.old_id AND clicked_at = n.old_at AND clicked_at >= $5 AND clicked_at <= $6"
"""By the first and the last time partitions are pruned, and compressed chunks left closed."""
READ: Final = """
    SELECT click_id, clicked_at, stored_at, published_at, enriched_at, batch_id, program_id, client_hash, net_hash,
        unique_window_s
    FROM clicks WHERE click_id = ANY($1) AND clicked_at >= $2 AND clicked_at <= $3 AND erased_at IS NULL
"""
OWN_FIRST: Final = "first_click_id = CASE WHEN first_click_id = click_id THEN new_id END"
ERASE: Final = f"""
    UPDATE clicks SET {assignments(ERASED)}, {OWN_FIRST}, click_id = new_id, clicked_at = new_at,
        published_at = greatest(date_trunc('minute', published_at, 'UTC'), new_at),
        enriched_at = greatest(date_trunc('minute', enriched_at, 'UTC'), new_at), erased_at = clock_timestamp()
    FROM {RENAMED} WHERE {SAME}
"""  # noqa: S608 - names of ours
ERASE_SCORES: Final = f"""
    UPDATE click_scores SET signals = {SCORE_SIGNALS}, {OWN_FIRST}, click_id = new_id, clicked_at = new_at
    FROM {RENAMED} WHERE {SAME}
"""  # noqa: S608 - names of ours
ERASE_VERDICTS: Final = f"""
    UPDATE click_verdicts SET why = '', click_id = new_id, clicked_at = new_at FROM {RENAMED} WHERE {SAME}
"""  # noqa: S608 - names of ours
MOVE_COUNTED: Final = f"""
    UPDATE rollup_verdicts SET click_id = new_id, clicked_at = new_at FROM {RENAMED} WHERE {SAME}
"""  # noqa: S608 - names of ours
RENAME_UNNUMBERED: Final = """
    UPDATE ledger_unnumbered SET click_id = new_id FROM unnest($1::text[], $2::text[]) AS n (old_id, new_id)
    WHERE click_id = old_id
"""
WIDEN_BATCHES: Final = """
    UPDATE rollup_batches SET first_at = date_trunc('minute', first_at, 'UTC'),
        last_at = date_trunc('minute', last_at, 'UTC') + interval '1 minute'
    WHERE batch_id = ANY($1) AND rolled_at IS NULL
"""
"""Clicks that are not in the rollups yet are looked for between the times of their batch."""


async def erase_clicks(
    connection: asyncpg.Connection, keys: Sequence[Key]
) -> tuple[list[ClaimedClick], int, int, dict[str, datetime]]:
    """Erase clicks that are not erased yet; return them, how many scores and verdicts, and until when Kafka has them.

    Must run in a transaction that holds the lock of storage/erased.py. A click that the table does not have is not
    stored any more when it comes.
    """
    await add_erased(connection, [click_id for click_id, _ in keys])
    times = [at for _, at in keys]
    rows = await connection.fetch(READ, [click_id for click_id, _ in keys], min(times), max(times), timeout=WRITE_S)
    renamed = [(row["click_id"], row["clicked_at"], *make_name(row["clicked_at"], row["stored_at"])) for row in rows]
    values = (*map(list, zip(*renamed, strict=True)), min(times), max(times)) if renamed else ()
    numbers = [0, 0]
    if values:
        await lock(connection)
        await connection.execute(ERASE, *values, timeout=WRITE_S)
        numbers = [
            read_count(await connection.execute(statement, *values, timeout=WRITE_S))
            for statement in (ERASE_SCORES, ERASE_VERDICTS)
        ]
        await connection.execute(MOVE_COUNTED, *values, timeout=WRITE_S)
        await connection.execute(WIDEN_BATCHES, sorted({row["batch_id"] for row in rows if row["batch_id"]}))
    await rename_unnumbered(connection, keys, {old_id: new_id for old_id, _, new_id, _ in renamed})
    return [read_claimed(row) for row in rows], numbers[0], numbers[1], find_copies(rows)


async def rename_unnumbered(connection: asyncpg.Connection, keys: Sequence[Key], names: Mapping[str, str]) -> None:
    """Give the ledger's notes of dead letters the clicks' new ids, or random ones, so that it counts as before."""
    ids = [click_id for click_id, _ in keys]
    new = [names.get(click_id) or make_name(at, at + MINUTE)[0] for click_id, at in keys]
    await connection.execute(RENAME_UNNUMBERED, ids, new, timeout=WRITE_S)


def make_name(clicked_at: datetime, stored_at: datetime) -> tuple[str, datetime]:
    """Make a new id and time: random, in the same minute, and not after the row was stored."""
    minute = (clicked_at - EPOCH) // MILLISECOND // MINUTE_MS * MINUTE_MS
    stored = (stored_at - EPOCH) // MILLISECOND
    last = min(minute + MINUTE_MS - 1, stored) if stored > minute else minute + MINUTE_MS - 1
    milliseconds = minute + secrets.randbelow(last - minute + 1)
    new_id = make_ulid(milliseconds, secrets.token_bytes(RANDOM_BYTES))
    return new_id, EPOCH + timedelta(milliseconds=milliseconds)


def read_claimed(row: asyncpg.Record) -> ClaimedClick:
    return ClaimedClick(
        row["click_id"],
        row["clicked_at"],
        row["program_id"],
        row["client_hash"],
        row["net_hash"],
        row["unique_window_s"],
    )


def find_copies(rows: Sequence[asyncpg.Record]) -> dict[str, datetime]:
    if not rows:
        return {}
    return {
        CLICKS_RAW.name: find_copies_end(CLICKS_RAW.name, max(row["published_at"] for row in rows)),
        CLICKS_ENRICHED.name: find_copies_end(CLICKS_ENRICHED.name, max(row["enriched_at"] for row in rows)),
    }


def read_count(status: str) -> int:
    return int(status.rsplit(" ", 1)[1])

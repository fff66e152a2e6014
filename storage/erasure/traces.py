"""Removes what other rows hold of erased clicks: links of other clicks, dead letters, and rejections of the address."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from schemas import CLICKS_DEAD, CLICKS_REJECTED
from storage.erased import POINTERS, add_erased
from storage.erasure.clicks import Key, make_name, read_count
from storage.erasure.request import find_copies_end
from storage.personal import REJECTION, assignments

SCAN_S: Final = 600.0
AT_ONCE: Final = 500


def forget(columns: Sequence[str]) -> str:
    return ", ".join(f"{name} = CASE WHEN {name} = ANY($1) THEN NULL ELSE {name} END" for name in columns)


def names_one(columns: Sequence[str]) -> str:
    return " OR ".join(f"{name} = ANY($1)" for name in columns)


# The rows are looked for first: an UPDATE by these columns would open every compressed chunk.
FIND_LINKS: Final = """
    SELECT click_id, clicked_at FROM {table} WHERE clicked_at >= $2 AND clicked_at < $3 AND ({names})
"""
FORGET_LINKS: Final = """
    UPDATE {table} SET {forget} WHERE click_id = ANY($2) AND clicked_at >= $3 AND clicked_at <= $4
"""
LINKS: Final = (("clicks", POINTERS), ("click_scores", ("first_click_id",)))

FIND_LETTERS: Final = """
    FROM dead_letters WHERE EXISTS (
        SELECT FROM unnest($1::bytea[]) AS needle WHERE position(needle IN value) > 0 OR position(needle IN key) > 0
    )
"""
COUNT_LETTERS: Final = f"SELECT count(*) {FIND_LETTERS}"
DELETE_LETTERS: Final = f"DELETE {FIND_LETTERS} RETURNING digest, failed_at"
COUNT_REJECTIONS: Final = "SELECT count(*) FROM rejected_clicks WHERE ip_hash = ANY($1)"
FIND_REJECTIONS: Final = """
    SELECT rejection_id, rejected_at, stored_at, published_at FROM rejected_clicks WHERE ip_hash = ANY($1)
    ORDER BY rejected_at LIMIT $2
"""
ERASE_REJECTIONS: Final = f"""
    UPDATE rejected_clicks SET {assignments(REJECTION)}, rejection_id = new_id, rejected_at = new_at,
        published_at = greatest(date_trunc('minute', published_at, 'UTC'), new_at)
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS n (old_id, new_id, new_at) WHERE rejection_id = old_id
"""  # noqa: S608 - names of ours


async def find_links(
    connection: asyncpg.Connection, ids: Sequence[str], since: datetime, table: str = "clicks"
) -> list[Key]:
    """Find the clicks of a day, or the scores, that name one of these clicks."""
    columns = dict(LINKS)[table]
    query = FIND_LINKS.format(table=table, names=names_one(columns))
    rows = await connection.fetch(query, ids, since, since + timedelta(days=1), timeout=SCAN_S)
    return [(row["click_id"], row["clicked_at"]) for row in rows]


async def forget_links(connection: asyncpg.Connection, ids: Sequence[str], since: datetime) -> tuple[int, list[str]]:
    """Make the clicks and scores of a day forget these clicks; return how many rows, and the ids of the clicks."""
    changed, clicks = 0, list[str]()
    for table, columns in LINKS:
        keys = await find_links(connection, ids, since, table)
        if not keys:
            continue
        times, statement = [at for _, at in keys], FORGET_LINKS.format(table=table, forget=forget(columns))
        named = [click_id for click_id, _ in keys]
        changed += read_count(await connection.execute(statement, ids, named, min(times), max(times), timeout=SCAN_S))
        clicks += named if table == "clicks" else []
    return changed, clicks


async def delete_letters(connection: asyncpg.Connection, ids: Sequence[str]) -> tuple[int, dict[str, datetime]]:
    """Delete the dead letters whose bytes hold one of these ids; return how many, and until when Kafka has them."""
    rows = await connection.fetch(DELETE_LETTERS, make_needles(ids), timeout=SCAN_S)
    await add_erased(connection, [], [row["digest"] for row in rows])
    last = max((row["failed_at"] for row in rows), default=None)
    return len(rows), {CLICKS_DEAD.name: find_copies_end(CLICKS_DEAD.name, last)} if last else {}


async def erase_rejections(connection: asyncpg.Connection, ip_hashes: Sequence[str]) -> tuple[int, dict[str, datetime]]:
    """Erase some of the rejections of these addresses; return how many, and until when Kafka has them."""
    rows = await connection.fetch(FIND_REJECTIONS, ip_hashes, AT_ONCE, timeout=SCAN_S)
    if not rows:
        return 0, {}
    old = [row["rejection_id"] for row in rows]
    new = [make_name(row["rejected_at"], row["stored_at"]) for row in rows]
    await add_erased(connection, old)
    await connection.execute(ERASE_REJECTIONS, old, [one for one, _ in new], [at for _, at in new], timeout=SCAN_S)
    last = max(row["published_at"] for row in rows)
    return len(rows), {CLICKS_REJECTED.name: find_copies_end(CLICKS_REJECTED.name, last)}


async def count_traces(connection: asyncpg.Connection, ids: Sequence[str], ip_hashes: Sequence[str]) -> tuple[int, int]:
    """Count the dead letters and the rejections that an erasure would change."""
    letters = await connection.fetchval(COUNT_LETTERS, make_needles(ids), timeout=SCAN_S)
    return letters, await connection.fetchval(COUNT_REJECTIONS, ip_hashes, timeout=SCAN_S)


def make_needles(ids: Sequence[str]) -> list[bytes]:
    """Give the bytes by which a letter holds one of these ids: as text, and in base64 as letters hold other letters."""
    return [needle for one in ids for needle in (one.encode(), *encode_anywhere(one.encode()))]


def encode_anywhere(text: bytes) -> list[bytes]:
    """Give the characters of base64 that only depend on this text, for each of its three places among other bytes."""
    return [
        b64encode(bytes(before) + text + bytes(2))[-(-8 * before // 6) : 8 * (before + len(text)) // 6]
        for before in range(3)
    ]

"""What was erased and is not stored again: clicks, rejections and dead letters, known by a digest alone.

Most ids of a batch need no digest: beside each is the beginning of the erased id, which tells its time to 17 minutes.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Final

import asyncpg
import msgspec

from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, StorableRow

PREFIX_LENGTH: Final = 6
LETTER: Final = "letter"
"""What dead letters have instead of the beginning of an id."""

HAS_ANY: Final = "SELECT EXISTS (SELECT FROM erased_clicks)"
FIND_PREFIXES: Final = "SELECT DISTINCT prefix FROM erased_clicks WHERE prefix = ANY($1)"
FIND: Final = "SELECT digest FROM erased_clicks WHERE digest = ANY($1)"
ADD: Final = """
    INSERT INTO erased_clicks (digest, prefix) SELECT * FROM unnest($1::bytea[], $2::text[])
    ON CONFLICT (digest) DO NOTHING
"""
LOCK: Final = "LOCK TABLE erased_clicks IN ACCESS EXCLUSIVE MODE"
"""Waits for the transactions that have read the table, and keeps others from reading it: whoever stores clicks reads it
first, in the same transaction, so nothing that is being erased can be stored meanwhile."""

ID_PLACE: Final = {
    CLICKS: CLICKS.columns.index("click_id"),
    REJECTED_CLICKS: REJECTED_CLICKS.columns.index("rejection_id"),
}
DIGEST_PLACE: Final = DEAD_LETTERS.columns.index("digest")
POINTERS: Final = ("previous_click_id", "lease_click_id", "first_click_id")
"""Columns of a click that name another click of the same visitor."""
POINTER_PLACES: Final = tuple(map(CLICKS.columns.index, POINTERS))
list_click_ids: Final = itemgetter(ID_PLACE[CLICKS], *POINTER_PLACES)
"""Gives all ids in the row of a click."""


def digest_id(record_id: str) -> bytes:
    return sha256(record_id.encode()).digest()


async def add_erased(connection: asyncpg.Connection, ids: Sequence[str], letters: Sequence[str] = ()) -> None:
    """Note that these clicks and rejections are not stored any more, and letters whose bytes have these SHA-256."""
    digests = [*map(digest_id, ids), *map(bytes.fromhex, letters)]
    await connection.execute(ADD, digests, [*(one[:PREFIX_LENGTH] for one in ids), *[LETTER] * len(letters)])


async def find_erased(connection: asyncpg.Connection, ids: Iterable[str | None]) -> frozenset[str]:
    """Return those of these ids that were erased. Who stores what has these ids calls it in the same transaction."""
    if not await connection.fetchval(HAS_ANY):
        return frozenset()
    return await compare_ids(connection, {one for one in ids if one})


async def compare_ids(connection: asyncpg.Connection, ids: set[str]) -> frozenset[str]:
    found = await find_prefixes(connection, {one[:PREFIX_LENGTH] for one in ids})
    if not found:
        return frozenset()
    digests = {digest_id(one): one for one in ids if one[:PREFIX_LENGTH] in found}
    return frozenset(digests[row[0]] for row in await connection.fetch(FIND, list(digests)))


async def find_prefixes(connection: asyncpg.Connection, prefixes: set[str]) -> set[str]:
    return {row[0] for row in await connection.fetch(FIND_PREFIXES, list(prefixes))} if prefixes else set()


async def remove_erased(
    connection: asyncpg.Connection, rows: Sequence[StorableRow]
) -> tuple[Sequence[StorableRow], list[StorableRow]]:
    """Split rows into those to store and those that were erased. A click forgets erased clicks that it names.

    Call it in the transaction that stores them.
    """
    clicks = [row.row for row in rows if row.table is CLICKS]
    others = {find_id(row) for row in rows if row.table is not CLICKS}
    prefixes = {one[:PREFIX_LENGTH] for row in clicks for one in list_click_ids(row) if one}
    # Nearly all batches end here: nothing was erased of the time of their clicks.
    if not others and not await find_prefixes(connection, prefixes):
        return rows, []
    ids = {one for row in clicks for one in list_click_ids(row)} - {None}
    gone = await compare_ids(connection, ids | others)
    letters = [row.row[DIGEST_PLACE] for row in rows if row.table is DEAD_LETTERS]
    gone |= {row[0].hex() for row in await connection.fetch(FIND, [*map(bytes.fromhex, letters)])}
    if not gone:
        return rows, []
    kept = [forget(row, gone) for row in rows if find_id(row) not in gone]
    return kept, [row for row in rows if find_id(row) in gone]


def find_id(row: StorableRow) -> str:
    """Return what tells whether a row was erased: its id, or the SHA-256 of a letter's bytes."""
    found: str = row.row[ID_PLACE.get(row.table, DIGEST_PLACE)]
    return found


def forget(row: StorableRow, gone: frozenset[str]) -> StorableRow:
    """Empty the pointers of a click to erased clicks."""
    if row.table is not CLICKS or gone.isdisjoint(list_click_ids(row.row)):
        return row
    values = list(row.row)
    for place in POINTER_PLACES:
        if values[place] in gone:
            values[place] = None
    return msgspec.structs.replace(row, row=tuple(values))

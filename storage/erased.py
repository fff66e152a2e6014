"""What was erased and is not stored again: clicks, rejections and dead letters, known by a digest alone."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

import asyncpg
import msgspec

from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, StorableRow

HAS_ANY: Final = "SELECT EXISTS (SELECT FROM erased_clicks)"
FIND: Final = "SELECT digest FROM erased_clicks WHERE digest = ANY($1)"
ADD: Final = "INSERT INTO erased_clicks (digest) SELECT unnest($1::bytea[]) ON CONFLICT (digest) DO NOTHING"
LOCK: Final = "LOCK TABLE erased_clicks IN ACCESS EXCLUSIVE MODE"
"""Waits for the transactions that have read the table, and keeps others from reading it: whoever stores clicks reads it
first, in the same transaction, so nothing that is being erased can be stored meanwhile."""

ID_COLUMN: Final = {CLICKS: "click_id", REJECTED_CLICKS: "rejection_id", DEAD_LETTERS: "digest"}
ID_PLACE: Final = {table: table.columns.index(column) for table, column in ID_COLUMN.items()}
POINTERS: Final = ("previous_click_id", "lease_click_id", "first_click_id")
"""Columns of a click that name another click of the same visitor."""
POINTER_PLACES: Final = tuple(map(CLICKS.columns.index, POINTERS))


def digest_id(record_id: str) -> bytes:
    return sha256(record_id.encode()).digest()


async def find_erased(connection: asyncpg.Connection, ids: Iterable[str | None]) -> frozenset[str]:
    """Return those of these ids that were erased. Call it in the transaction that stores what has these ids."""
    if not await connection.fetchval(HAS_ANY):
        return frozenset()
    names = {digest_id(one): one for one in ids if one is not None}
    return frozenset(names[row[0]] for row in await connection.fetch(FIND, list(names)))


async def remove_erased(
    connection: asyncpg.Connection, rows: Sequence[StorableRow]
) -> tuple[Sequence[StorableRow], list[StorableRow]]:
    """Split rows into those to store and those that were erased. A click forgets erased clicks that it names.

    Call it in the transaction that stores them.
    """
    digests = [digest_row(row) for row in rows]
    named = {value: digest_id(value) for row in rows if row.table is CLICKS for value in list_pointers(row) if value}
    found = {row[0] for row in await connection.fetch(FIND, [*digests, *named.values()])}
    if not found:
        return rows, []
    gone = frozenset(value for value, digest in named.items() if digest in found)
    kept = [forget(row, gone) for row, digest in zip(rows, digests, strict=True) if digest not in found]
    return kept, [row for row, digest in zip(rows, digests, strict=True) if digest in found]


def digest_row(row: StorableRow) -> bytes:
    value: str = row.row[ID_PLACE[row.table]]
    # The digest of a letter is that of its bytes.
    return bytes.fromhex(value) if row.table is DEAD_LETTERS else digest_id(value)


def list_pointers(row: StorableRow) -> Iterable[str | None]:
    return (row.row[place] for place in POINTER_PLACES)


def forget(row: StorableRow, gone: frozenset[str]) -> StorableRow:
    """Empty the pointers of a click to erased clicks."""
    if row.table is not CLICKS or gone.isdisjoint(list_pointers(row)):
        return row
    values = list(row.row)
    for place in POINTER_PLACES:
        if values[place] in gone:
            values[place] = None
    return msgspec.structs.replace(row, row=tuple(values))

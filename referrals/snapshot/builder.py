"""A new file: from Postgres, row by row of one moment, or from an older file and what has changed since."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from referrals.model import TYPES, Key, Kind
from referrals.snapshot.blocks import change_lines, text_of
from referrals.snapshot.reader import UNTOLD, SnapshotFile
from referrals.snapshot.referral_set import Changed
from referrals.snapshot.writer import SnapshotWriter
from referrals.tables import KEYS, READ_ORIGIN, TABLES

STALL_S: Final = 30.0
"""How long Postgres may take to the next rows; the first ones may have to be sorted."""
LONGEST_S: Final = 3600.0


class DamagedSnapshot(Exception):  # noqa: N818 - it says what is the case
    """A block that is needed is not intact."""


class Origin(msgspec.Struct, frozen=True):
    """What a set was read from."""

    installation: str
    version: int


def select_lines(kind: Kind) -> str:
    # The collation decides the order of the file, whatever the table's is.
    return f"""
        SELECT '{kind} ' || r.{KEYS[kind]} || ' ' || to_json(r)::text
        FROM (SELECT {", ".join(TYPES[kind].__struct_fields__)} FROM {TABLES[kind]}) r
        ORDER BY r.{KEYS[kind]} COLLATE "C"
    """  # noqa: S608 - names of ours


async def copy_set(connection: asyncpg.Connection, add: Callable[[bytes], Awaitable[None]]) -> Origin:
    """Pass all lines of the set on to `add`, in their order. Raises one of `AWAY`, and what `add` raises.

    The connection is of no use afterwards: its transaction is left as it is, because ending it may wait without end.
    """
    loop = asyncio.get_running_loop()
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    origin = Origin(*await connection.fetchrow(READ_ORIGIN))
    async with asyncio.timeout(STALL_S) as stall:

        async def take(lines: bytes) -> None:
            await add(lines)
            stall.reschedule(loop.time() + STALL_S)

        for kind in sorted(TYPES):
            # As CSV with a quote and a delimiter that no row contains: nothing is escaped, so the lines are the rows.
            await connection.copy_from_query(
                select_lines(kind), output=take, format="csv", delimiter="\x02", quote="\x01", timeout=LONGEST_S
            )
    return origin


def merge(writer: SnapshotWriter, base: SnapshotFile, changed: Mapping[Key, Changed]) -> None:
    """Write what is in `base`, changed. Raises DamagedSnapshot, OSError. For a thread."""
    firsts = base.blocks.firsts
    lines = sorted((text_of(key), encode(change)) for key, change in changed.items())
    copied = 0
    for number, changes in groupby(lines, lambda line: max(bisect_right(firsts, line[0]) - 1, 0)):
        block = base.read_block(number) if firsts else b""
        if block is None:
            raise DamagedSnapshot
        writer.copy(base, copied, number)
        writer.replace(block, change_lines(block, [(text.encode(), value) for text, value in changes]))
        copied = number + 1
    writer.copy(base, copied, len(firsts))


def encode(change: Changed) -> bytes | None:
    return None if change.value is None else msgspec.json.encode(change.value)


def can_merge(changed: Mapping[Key, Changed]) -> bool:
    """Whether all that changed was understood: what was not, only Postgres can write down."""
    return all(change.value != UNTOLD for change in changed.values())

"""Builds a new snapshot: from one consistent read of Postgres, or by merging changes into an older file."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from referrals.model import TYPES, Key, Kind
from referrals.origin import Origin, read_origin
from referrals.snapshot.blocks import format_key, replace_lines
from referrals.snapshot.reader import UNREADABLE, SnapshotFile
from referrals.snapshot.referral_set import ChangedValue
from referrals.snapshot.writer import SnapshotWriter
from referrals.tables import KEYS, TABLES

STALL_S: Final = 30.0
"""The longest wait for the next rows. The first ones take longest, as Postgres may have to sort."""
LONGEST_S: Final = 3600.0


class DamagedSnapshot(Exception):  # noqa: N818 - the name states the condition
    """A block that has to be changed is damaged."""


def select_lines(kind: Kind) -> str:
    # COLLATE "C" sorts by bytes, as the file does, whatever collation the table has.
    return f"""
        SELECT '{kind} ' || r.{KEYS[kind]} || ' ' || to_json(r)::text
        FROM (SELECT {", ".join(TYPES[kind].__struct_fields__)} FROM {TABLES[kind]}) r
        ORDER BY r.{KEYS[kind]} COLLATE "C"
    """  # noqa: S608 - only names from our constants


async def copy_referrals(connection: asyncpg.Connection, add: Callable[[bytes], Awaitable[None]]) -> Origin:
    """Pass all lines to `add`, sorted. Raises one of `AWAY`, and what `add` raises.

    Do not use the connection afterwards: its transaction is left open, because ending it may block for ever.
    """
    loop = asyncio.get_running_loop()
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    origin = await read_origin(connection)
    async with asyncio.timeout(STALL_S) as stall:

        async def write_lines(lines: bytes) -> None:
            await add(lines)
            stall.reschedule(loop.time() + STALL_S)

        for kind in sorted(TYPES):
            # CSV with a quote and a delimiter that no row contains: nothing is escaped, so each line is a row as it is.
            await connection.copy_from_query(
                select_lines(kind), output=write_lines, format="csv", delimiter="\x02", quote="\x01", timeout=LONGEST_S
            )
    return origin


def merge(writer: SnapshotWriter, base: SnapshotFile, changed: Mapping[Key, ChangedValue]) -> None:
    """Write the contents of `base` with these changes. Blocks. Raises DamagedSnapshot, OSError."""
    first_keys = base.blocks.first_keys
    lines = sorted((format_key(key), encode(change)) for key, change in changed.items())
    copied = 0
    for number, changes in groupby(lines, lambda line: max(bisect_right(first_keys, line[0]) - 1, 0)):
        block = base.read_block(number) if first_keys else b""
        if block is None:
            raise DamagedSnapshot
        writer.copy(base, copied, number)
        writer.replace(block, replace_lines(block, [(text.encode(), value) for text, value in changes]))
        copied = number + 1
    writer.copy(base, copied, len(first_keys))


def encode(change: ChangedValue) -> bytes | None:
    return None if change.value is None else msgspec.json.encode(change.value)


def can_merge(changed: Mapping[Key, ChangedValue]) -> bool:
    """Tell whether all changed rows could be decoded. If not, the file must be built from Postgres."""
    return all(change.value != UNREADABLE for change in changed.values())

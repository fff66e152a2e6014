"""How far each partition of Kafka is stored: written with the rows, so that the tables and this never disagree.

Kafka keeps the offsets of the sink, too, but not together with the tables. A database that fails over to a copy which
lagged behind, or that is restored from a backup, lacks rows whose offsets are committed. The sink sees that here and
reads them again, as far back as Kafka keeps them.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg

from runtime.errors import ReadAgain
from schemas.letters import SourceRecord

Partition = tuple[str, int]
"""A topic, with the prefix of the installation, and the number of its partition."""

NOTE: Final = """
    WITH noted AS (
        INSERT INTO stored_positions (topic, "partition", next_offset)
        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) ORDER BY 1, 2
        ON CONFLICT (topic, "partition") DO UPDATE SET next_offset = excluded.next_offset, noted_at = clock_timestamp()
    )
    SELECT topic, "partition", next_offset FROM stored_positions
"""
"""Gives all positions as they were before."""
MOVE: Final = """
    UPDATE stored_positions SET next_offset = $3, noted_at = clock_timestamp() WHERE (topic, "partition") = ($1, $2)
"""


class StoredPositions:
    """Notes batches, and notices what the database lacks: a gap before a batch, or what was noted here before.

    A gap is asked for once: offsets may be missing in the topic itself, as after transactions that were aborted.
    """

    def __init__(self) -> None:
        self._noted: dict[Partition, int] = {}
        self._asked: dict[Partition, int] = {}

    async def note(self, connection: asyncpg.Connection, records: Iterable[SourceRecord]) -> dict[Partition, int]:
        """Note in the transaction of a batch that its records are stored; give what to `confirm` after the commit.

        Raises ReadAgain if earlier ones are not.
        """
        firsts, nexts = find_ends(records)
        if not nexts:
            return {}
        topics, numbers = zip(*nexts, strict=True)
        found = await connection.fetch(NOTE, topics, numbers, [*nexts.values()])
        stored = {(row["topic"], row["partition"]): row["next_offset"] for row in found}
        expected = self._noted | firsts
        gaps = {
            partition: position
            for partition, position in stored.items()
            if position < expected.get(partition, 0) and self._asked.get(partition) != position
        }
        if gaps:
            self._asked.update(gaps)
            # Another sink may have the partition by now, and be on its way through it again: say so once only.
            for partition in gaps:
                self._noted.pop(partition, None)
            raise ReadAgain(gaps)
        return nexts

    def confirm(self, nexts: Mapping[Partition, int]) -> None:
        """Remember what was noted: its transaction is committed."""
        self._noted.update(nexts)


def find_ends(records: Iterable[SourceRecord]) -> tuple[dict[Partition, int], dict[Partition, int]]:
    """Give the first offset of each partition, and the one after its last."""
    firsts: dict[Partition, int] = {}
    nexts: dict[Partition, int] = {}
    for record in records:
        partition = record.topic, record.partition
        firsts[partition] = min(record.offset, firsts.get(partition, record.offset))
        nexts[partition] = max(record.offset + 1, nexts.get(partition, 0))
    return firsts, nexts


async def move_positions(connection: asyncpg.Connection, positions: Mapping[Partition, int]) -> None:
    """Set where partitions are read next, as an operator decided: what lies between is not asked for."""
    await connection.executemany(MOVE, [(*partition, position) for partition, position in positions.items()])

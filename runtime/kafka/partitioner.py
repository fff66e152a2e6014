"""Chooses the partition of each record of a delivery: by its key, or in turns. Pure, but for the turn.

A record batch has a price whatever is in it: a compression, a part of a produce request, a part of a fetch response.
"""

import random
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from runtime.kafka.murmur2 import hash_keys

BATCH_BYTES: Final = 128 * 1024
"""Compressing this takes about 0.2 ms, and larger batches cost no less for each record."""


class KeyedRecord(Protocol):
    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes: ...


class TopicPartitions(msgspec.Struct, frozen=True):
    """How many partitions a topic has, and the numbers of those that have a leader, ascending."""

    count: int
    available: Sequence[int]


class Partitioner(Protocol):
    """Chooses partitions for the records of one delivery to one topic."""

    def assign(self, records: Sequence[KeyedRecord], partitions: TopicPartitions) -> list[int]:
        """Give the partition of each record."""


class KeyPartitioner:
    """Kafka's default: murmur2 of the key, so that any client finds or joins a record by key; 0 without a key."""

    def assign(self, records: Sequence[KeyedRecord], partitions: TopicPartitions) -> list[int]:
        """Give the partition of each record, whether it has a leader or not."""
        return [hashed % partitions.count for hashed in hash_keys([record.key for record in records])]


class StickyPartitioner:
    """One partition for a delivery, the next one for the next delivery: few large batches, and an even spread.

    For topics that nobody joins by key. A delivery larger than `batch_bytes` is divided evenly over as many partitions
    as it needs. Partitions without a leader are skipped, and a delivery that is retried goes to other partitions.
    `first` is the first turn; at random, so that processes that start together use different partitions.
    """

    def __init__(self, batch_bytes: int = BATCH_BYTES, first: int | None = None) -> None:
        self._batch_bytes = batch_bytes
        self._turn = random.randrange(1 << 16) if first is None else first  # noqa: S311 - spreads load, hides nothing

    def assign(self, records: Sequence[KeyedRecord], partitions: TopicPartitions) -> list[int]:
        """Give the partition of each record. If no partition has a leader, one without is chosen and waited for."""
        choices = partitions.available or range(partitions.count)
        size, count = sum(len(record.value) for record in records), len(records)
        parts = min(max(-(-size // self._batch_bytes), 1), len(choices))
        first, self._turn = self._turn, self._turn + parts
        return [choices[(first + index * parts // count) % len(choices)] for index in range(count)]

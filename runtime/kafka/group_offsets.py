"""The offsets of a consumer group in every partition of its topics, as Kafka reports them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

import msgspec
from aiokafka import TopicPartition

from runtime.kafka.groups import First, Group

NAMED: Final = 3
"""Partitions that a problem names; more are counted."""


class OffsetClient(Protocol):
    """What is asked of Kafka; see GroupClient."""

    async def partitions(self, topics: Sequence[str], /) -> frozenset[TopicPartition]: ...
    async def group(self) -> Group: ...
    async def committed(self) -> Mapping[TopicPartition, int]: ...
    async def starts(self, partitions: Collection[TopicPartition], /) -> Mapping[TopicPartition, int]: ...
    async def ends(self, partitions: Collection[TopicPartition], /) -> Mapping[TopicPartition, int]: ...
    async def firsts(self, partitions: Collection[TopicPartition], /) -> Mapping[TopicPartition, First]: ...
    async def times_at(self, offsets: Mapping[TopicPartition, int], /) -> Mapping[TopicPartition, int]: ...


class GroupOffsets(msgspec.Struct, frozen=True, kw_only=True):
    """The next offset the group has to read, the end and the oldest record, by partition.

    `assigned` are the partitions that its members have; null while they are being divided. `missing` are topics.
    `committed` are the offsets that the group has committed, of these partitions; `members` is how many it has.
    """

    next_offsets: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    firsts: Mapping[TopicPartition, First]
    assigned: frozenset[TopicPartition] | None
    missing: tuple[str, ...] = ()
    committed: Mapping[TopicPartition, int] = MappingProxyType({})
    members: int = 0

    @property
    def unassigned(self) -> frozenset[TopicPartition]:
        return frozenset() if self.assigned is None else frozenset(self.ends) - self.assigned

    def find_problem(self, *, joined: bool) -> str | None:
        """Say what is wrong with the topics, or with how the group has divided them; null where nothing is.

        While we are about to join, what nobody holds is about to be ours.
        """
        if self.missing:
            return f"Kafka has no topic {', '.join(self.missing)}: `clickrail topics apply` makes it"
        if not self.unassigned or not joined:
            return None
        named = [f"{partition.topic}/{partition.partition}" for partition in sorted(self.unassigned)]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return f"nobody reads {', '.join(named[:NAMED])}{more} of {len(self.ends)} partitions"

    def lag(self, partition: TopicPartition) -> int:
        return max(0, self.ends.get(partition, 0) - self.next_offsets.get(partition, 0))


async def measure(kafka: OffsetClient, topics: Sequence[str]) -> GroupOffsets:
    """Ask for the group's offsets. Without an answer from Kafka it raises KafkaError or never returns."""
    partitions = await kafka.partitions(topics)
    missing = tuple(topic for topic in topics if not any(partition.topic == topic for partition in partitions))
    group, committed = await kafka.group(), await kafka.committed()
    starts, ends, firsts = await asyncio.gather(
        kafka.starts(partitions), kafka.ends(partitions), kafka.firsts(partitions)
    )
    return GroupOffsets(
        # What retention took, or what was there before the group, is not ahead of us any more.
        next_offsets={partition: max(starts[partition], committed.get(partition, 0)) for partition in partitions},
        ends=ends,
        firsts=firsts,
        assigned=group.assigned,
        missing=missing,
        committed={partition: offset for partition, offset in committed.items() if partition in partitions},
        members=group.members,
    )


def was_remade(before: First, now: First | None, end: int) -> bool:
    """Tell whether a partition is another than it was when `before` was its oldest record.

    Its oldest record only ever gets younger, and none is ever replaced: unless the topic is deleted and made again.
    """
    if now is None:
        return end <= before.offset
    return now.offset < before.offset or (now.offset == before.offset and now.timestamp != before.timestamp)

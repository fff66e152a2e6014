"""Where a consumer group stands in its topics, every partition of them, as Kafka itself tells it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
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
    async def starts(self, places: Collection[TopicPartition], /) -> Mapping[TopicPartition, int]: ...
    async def ends(self, places: Collection[TopicPartition], /) -> Mapping[TopicPartition, int]: ...
    async def firsts(self, places: Collection[TopicPartition], /) -> Mapping[TopicPartition, First]: ...


class GroupOffsets(msgspec.Struct, frozen=True, kw_only=True):
    """The next offset the group has to read, the end and the oldest record, by partition.

    `held` are the partitions that its members have; null while they are being divided. `missing` are topics.
    """

    nexts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    firsts: Mapping[TopicPartition, First]
    held: frozenset[TopicPartition] | None
    missing: tuple[str, ...] = ()

    @property
    def unheld(self) -> frozenset[TopicPartition]:
        return frozenset() if self.held is None else frozenset(self.ends) - self.held

    def find_problem(self, *, joined: bool) -> str | None:
        """Say what is wrong with the topics, or with how the group has divided them; null where nothing is.

        While we are about to join, what nobody holds is about to be ours.
        """
        if self.missing:
            return f"Kafka has no topic {', '.join(self.missing)}: `clickrail topics apply` makes it"
        if not self.unheld or not joined:
            return None
        named = [f"{place.topic}/{place.partition}" for place in sorted(self.unheld)]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return f"nobody reads {', '.join(named[:NAMED])}{more} of {len(self.ends)} partitions"

    def lag(self, place: TopicPartition) -> int:
        return max(0, self.ends.get(place, 0) - self.nexts.get(place, 0))


async def measure(kafka: OffsetClient, topics: Sequence[str]) -> GroupOffsets:
    """Ask where the group stands. Raises KafkaError, or takes for ever, when Kafka does not answer."""
    places = await kafka.partitions(topics)
    missing = tuple(topic for topic in topics if not any(place.topic == topic for place in places))
    group, committed = await kafka.group(), await kafka.committed()
    starts, ends, firsts = await asyncio.gather(kafka.starts(places), kafka.ends(places), kafka.firsts(places))
    return GroupOffsets(
        # What retention took, or what was there before the group, is not ahead of us any more.
        nexts={place: max(starts[place], committed.get(place, 0)) for place in places},
        ends=ends,
        firsts=firsts,
        held=group.held,
        missing=missing,
    )


def was_remade(before: First, now: First | None, end: int) -> bool:
    """Tell whether a partition is another than it was when `before` was its oldest record.

    Its oldest record only ever gets younger, and none is ever replaced: unless the topic is deleted and made again.
    """
    if now is None:
        return end <= before.offset
    return now.offset < before.offset or (now.offset == before.offset and now.timestamp != before.timestamp)

"""A consumer group and its topics, asked of Kafka itself by a client that is no member."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
from aiokafka import AIOKafkaConsumer as Consumer
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code

from runtime.kafka.clients import METADATA_MS, AIOKafkaConsumer, stop_soon
from runtime.kafka.security import PLAINTEXT, KafkaSecurity

STABLE = "Stable"
UNKNOWN_TOPIC = 3
"""Kafka's code for a topic that is not there."""


READ_MS = 500
ONE_RECORD_BYTES = 64 * 1024
"""Of a partition only one record is read at a time, often while there are millions. A larger batch comes whole."""


class First(msgspec.Struct, frozen=True):
    """The oldest record of a partition. While the partition lives, no later look finds an older one there."""

    offset: int
    timestamp: int


class Group(msgspec.Struct, frozen=True):
    """Who is in a group: how many members, and the partitions they have; null while these are being divided."""

    members: int
    assigned: frozenset[TopicPartition] | None


class GroupClient:
    """Asks about one group and any topics. Every method raises KafkaError, or takes for ever, without an answer."""

    def __init__(self, admin: AIOKafkaAdminClient, consumer: Consumer, group: str) -> None:
        self._admin = admin
        self._consumer = consumer
        self._group = group

    async def partitions(self, topics: Sequence[str]) -> frozenset[TopicPartition]:
        """Give all partitions of the topics, as they are now; none of a topic that is not there."""
        described = await self._admin.describe_topics(list(topics))
        for topic in described:
            if topic["error_code"] not in (0, UNKNOWN_TOPIC):
                raise for_code(topic["error_code"])(topic["topic"])
        return frozenset(
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        )

    async def brokers(self) -> int:
        """Give how many brokers Kafka has."""
        described = await self._admin.describe_cluster()
        return len(described["brokers"])

    async def group(self) -> Group:
        (response,) = await self._admin.describe_consumer_groups([self._group])
        code, _, state, _, _, members = response.groups[0][:6]
        if code:
            raise for_code(code)(self._group)
        if members and state != STABLE:
            return Group(len(members), None)
        assigned = (ConsumerProtocolMemberAssignment.decode(member[4]).partitions() for member in members)
        return Group(len(members), frozenset(partition for part in assigned for partition in part))

    async def committed(self) -> Mapping[TopicPartition, int]:
        """Give every offset that the group has committed, of any topic."""
        offsets = await self._admin.list_consumer_group_offsets(self._group)
        return {partition: committed.offset for partition, committed in offsets.items() if committed.offset >= 0}

    async def starts(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        starts: Mapping[TopicPartition, int] = await self._consumer.beginning_offsets(partitions)
        return starts

    async def ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        ends: Mapping[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        return ends

    async def firsts(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, First]:
        """Give the oldest record of each partition that has one."""
        return await self.since(partitions, 0)

    async def since(self, partitions: Collection[TopicPartition], time_ms: int) -> Mapping[TopicPartition, First]:
        """Give the first record of each partition, that has one, which Kafka took then (ms since 1970) or later."""
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, time_ms))
        return {
            partition: First(first.offset, first.timestamp) for partition, first in found.items() if first is not None
        }

    async def times_at(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Read one record of each partition: when Kafka took it (ms since 1970). Waits until all have given theirs."""
        self._consumer.assign(list(offsets))
        for partition, offset in offsets.items():
            self._consumer.seek(partition, offset)
        found: dict[TopicPartition, int] = {}
        while waiting := [partition for partition in offsets if partition not in found]:
            # One record at a time: the others of a fetch, thousands when there is much lag, are not decoded.
            for partition, records in (
                await self._consumer.getmany(*waiting, timeout_ms=READ_MS, max_records=1)
            ).items():
                if records:
                    found[partition] = records[0].timestamp
        return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the offsets of the group, which Kafka refuses (a KafkaError) while the group has members."""
        self._consumer.assign(list(offsets))
        await self._consumer.commit(dict(offsets))


@asynccontextmanager
async def asking(
    bootstrap_servers: Sequence[str], group: str, client_id: str, security: KafkaSecurity = PLAINTEXT
) -> AsyncIterator[GroupClient]:
    """Connect. Raises KafkaError when no broker answers."""
    shared = {
        "bootstrap_servers": list(bootstrap_servers),
        "client_id": client_id,
        "request_timeout_ms": 5_000,
        "metadata_max_age_ms": METADATA_MS,
    }
    admin = AIOKafkaAdminClient(**shared, **security.options())
    consumer = AIOKafkaConsumer(
        group_id=group,
        enable_auto_commit=False,
        max_partition_fetch_bytes=ONE_RECORD_BYTES,
        **shared,
        **security.options(),
    )
    try:
        await admin.start()
        await consumer.start()
        yield GroupClient(admin, consumer, group)
    finally:
        await stop_soon(consumer.stop(), admin.close())

"""The oldest record that waits for a consumer group."""

from collections.abc import Collection
from datetime import UTC, datetime

from aiokafka import TopicPartition

from runtime.kafka.group_offsets import GroupOffsets, OffsetClient


async def find_oldest_record(
    kafka: OffsetClient, offsets: GroupOffsets, partitions: Collection[TopicPartition]
) -> datetime | None:
    """Give the time of the oldest record of the partitions that the group has not committed; null without lag.

    It is the timestamp that Kafka has stored with the record. One record is read of each partition that has lag.
    """
    waiting = {partition: offsets.next_offsets[partition] for partition in partitions if offsets.lag(partition)}
    if not waiting:
        return None
    times = await kafka.times_at(waiting)
    return datetime.fromtimestamp(min(times.values()) / 1000, UTC)

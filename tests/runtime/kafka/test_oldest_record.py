"""The age of what waits, against a real broker: of the records that the group has not committed, in each partition."""

from datetime import UTC, datetime, timedelta

import aiokafka
import pytest
from aiokafka import TopicPartition

from runtime.kafka.group_offsets import measure
from runtime.kafka.groups import ONE_RECORD_BYTES, asking
from runtime.kafka.oldest_record import find_oldest_record
from runtime.kafka.topics import apply_topics
from tests.runtime.kafka.test_topics import Spec

pytestmark = pytest.mark.servers

# Kafka keeps milliseconds.
NOW = datetime.now(UTC).replace(microsecond=0)


async def write(kafka: str, topic: str, partition: int, *ages_s: int, value: bytes = b"click") -> None:
    producer = aiokafka.AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for age_s in ages_s:
        taken = NOW - timedelta(seconds=age_s)
        await producer.send(topic, value, partition=partition, timestamp_ms=int(taken.timestamp() * 1000))
    await producer.stop()


async def test_the_oldest_is_the_first_uncommitted_record_of_the_partition_where_it_is_oldest(
    kafka: str, topic_prefix: str
) -> None:
    name = f"{topic_prefix}in"
    first, second = (TopicPartition(name, number) for number in range(2))
    await apply_topics([kafka], [Spec(name, 2, {})])
    async with asking([kafka], name, "test") as client:
        # Waits until the new broker has a coordinator for the group.
        await client.commit({first: 0})
        empty = await find_oldest_record(client, await measure(client, [name]), (first, second))
        await write(kafka, name, 0, 900, 60, 50)
        await write(kafka, name, 1, 300, 200)
        found = []
        for committed in ({first: 0}, {first: 1}, {second: 1}, {second: 2}, {first: 3}):
            await client.commit(committed)
            offsets = await measure(client, [name])
            found.append(
                (
                    await find_oldest_record(client, offsets, (first, second)),
                    await find_oldest_record(client, offsets, (second,)),
                )
            )

    ages = [tuple(None if at is None else (NOW - at).seconds for at in both) for both in found]
    assert empty is None
    assert ages == [(900, 300), (300, 300), (200, 200), (60, None), (None, None)]


async def test_records_larger_than_what_is_asked_for_at_a_time_are_read_in_each_partition(
    kafka: str, topic_prefix: str
) -> None:
    name = f"{topic_prefix}in"
    partitions = [TopicPartition(name, number) for number in range(3)]
    await apply_topics([kafka], [Spec(name, 3, {})])
    for partition in partitions:
        await write(kafka, name, partition.partition, 60, value=bytes(3 * ONE_RECORD_BYTES))
    async with asking([kafka], name, "test") as client:
        times = await client.times_at(dict.fromkeys(partitions, 0))

    assert times == dict.fromkeys(partitions, int((NOW - timedelta(seconds=60)).timestamp() * 1000))

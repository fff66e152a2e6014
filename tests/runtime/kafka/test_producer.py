"""Lists of records, acknowledged or not."""

import asyncio
import random
from itertools import groupby

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.kafka import plan_kafka
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from runtime.errors import DeliveryFailed, RecordRefused
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from tests.runtime.kafka.test_murmur2 import VECTORS
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers


async def read_all(kafka: str, topic: str) -> list[tuple[int, bytes | None, bytes]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        found: list[tuple[int, bytes | None, bytes]] = []
        while len(found) < sum(ends.values()):
            for place, part in (await consumer.getmany(timeout_ms=500)).items():
                found += [(place.partition, record.key, record.value) for record in part]
        return found
    finally:
        await consumer.stop()


async def test_every_record_is_there_once_in_the_partition_of_its_key(kafka: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}a"
    await apply_topics([kafka], [Spec(topic, 12, {})])
    producer = RecordProducer([kafka], client_id="test")
    keys = list(VECTORS)
    records = [OutRecord(topic, keys[number % 6], b"v%d" % number, [("h", b"x")]) for number in range(5000)]

    await producer.deliver(records)
    await producer.close()

    assert sorted(await read_all(kafka, topic)) == sorted(
        ((VECTORS[record.key] & 0x7FFFFFFF) % 12, record.key, record.value) for record in records
    )


async def test_more_than_one_batch_for_a_partition_keeps_its_order(kafka: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}a"
    await apply_topics([kafka], [Spec(topic, 1, {})])
    producer = RecordProducer([kafka], client_id="test")
    values = [b"%05d" % number + bytes(4000) for number in range(500)]

    await producer.deliver([OutRecord(topic, b"k", value) for value in values])
    await producer.close()

    assert [value for _, _, value in await read_all(kafka, topic)] == values


async def test_what_is_larger_than_its_topic_takes_is_named_and_all_others_are_there(
    kafka: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}a"
    await apply_topics([kafka], [Spec(topic, 1, {"max.message.bytes": "20000"})])
    producer = RecordProducer([kafka], client_id="test", deadline_s=30)
    # What cannot be compressed, so that the batch of all is too large, though each is small enough but for two.
    values = [random.Random(number).randbytes(2000) for number in range(40)]
    values[7], values[30] = random.Random(7).randbytes(30_000), random.Random(30).randbytes(30_000)

    with pytest.raises(RecordRefused) as refused:
        await producer.deliver([OutRecord(topic, b"k", value) for value in values])
    await producer.close()

    assert refused.value.reasons == {7: "too_large", 30: "too_large"}
    there = {value for _, _, value in await read_all(kafka, topic)}
    assert there == {value for place, value in enumerate(values) if place not in (7, 30)}


async def test_a_record_refused_for_its_content_is_named_and_all_others_are_there(
    kafka: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}a"
    await apply_topics([kafka], [Spec(topic, 2, {"cleanup.policy": "compact", "max.message.bytes": "20000"})])
    producer = RecordProducer([kafka], client_id="test", deadline_s=30)
    # A compacted topic refuses a record without a key, and the whole batch with it.
    keys = [b"%d" % number if number not in (3, 17) else None for number in range(30)]
    values = [b"%d" % number if number != 5 else random.Random(5).randbytes(30_000) for number in range(30)]

    with pytest.raises(RecordRefused) as refused:
        await producer.deliver([OutRecord(topic, key, value) for key, value in zip(keys, values, strict=True)])
    await producer.deliver([OutRecord(topic, b"after", b"after")])
    await producer.close()

    assert refused.value.reasons == {3: "invalid", 5: "too_large", 17: "invalid"}
    assert str(refused.value) == (
        f"1 records are larger than {topic} allows: raise its max.message.bytes; 2 records are invalid for {topic}"
        " (INVALID_RECORD): see the broker's log, and set its cleanup.policy to delete"
    )
    there = {value for _, _, value in await read_all(kafka, topic)}
    assert there == {b"after", *(value for place, value in enumerate(values) if place not in (3, 5, 17))}


async def test_no_broker_at_all_fails_within_the_deadline() -> None:
    producer = RecordProducer(["127.0.0.1:1"], client_id="test", deadline_s=1)

    with pytest.raises(DeliveryFailed, match="1 records not acknowledged"):
        await producer.deliver([OutRecord("a", b"k", b"v")])
    await producer.close()


async def test_a_frozen_broker_fails_the_delivery_and_a_thawed_one_takes_the_next(own_settings: LocalSettings) -> None:
    async with running(await plan_kafka(own_settings)) as kafka:
        await apply_topics([kafka.address], [Spec("a", 3, {})])
        producer = RecordProducer([kafka.address], client_id="test", deadline_s=2)
        async with asyncio.timeout(PATIENCE_S):
            await deliver_at_last(producer, OutRecord("a", b"k", b"before"))

        kafka.freeze()
        with pytest.raises(DeliveryFailed):
            await producer.deliver([OutRecord("a", b"k", b"during")])
        kafka.thaw()
        async with asyncio.timeout(PATIENCE_S):
            await deliver_at_last(producer, OutRecord("a", b"k", b"during"))
        await producer.close()

        values = [value for _, _, value in await read_all(kafka.address, "a")]
        assert [value for value, _ in groupby(values)] == [b"before", b"during"]


async def deliver_at_last(producer: RecordProducer, *records: OutRecord) -> None:
    while True:
        try:
            return await producer.deliver(records)
        except DeliveryFailed:
            await asyncio.sleep(0.2)

"""What delivers records: one behaviour, of Kafka's producer and of the lists that stand for it in tests."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest

from runtime.errors import DeliveryFailed, RecordRefused
from runtime.kafka.out_record import DeliversRecords, OutRecord
from runtime.kafka.partitioner import KeyPartitioner, StickyPartitioner
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from tests.ingest.builders import Topics
from tests.runtime.kafka import test_cutting
from tests.runtime.kafka.test_producer import read_all
from tests.runtime.kafka.test_topics import Spec

pytestmark = pytest.mark.servers

MOST_BYTES = 20_000
LARGE = [random.Random(number).randbytes(30_000) for number in range(2)]
"""Not to be compressed below what the topic takes."""


class Delivery(NamedTuple):
    topic: str
    to: DeliversRecords
    read: Callable[[], Awaitable[list[bytes]]]


@pytest.fixture(params=["kafka by key", "kafka in turns", "topics of ingest", "topic of cutting"])
async def delivery(request: pytest.FixtureRequest, kafka: str, topic_prefix: str) -> AsyncIterator[Delivery]:
    topic = f"{topic_prefix}a"
    if request.param == "topics of ingest":
        topics = Topics()
        topics.most_bytes = MOST_BYTES
        yield Delivery(topic, topics, lambda: given([record.value for record in topics.records]))
    elif request.param == "topic of cutting":
        fake = test_cutting.Kafka(MOST_BYTES)
        yield Delivery(topic, fake, lambda: given(fake.taken))
    else:
        await apply_topics([kafka], [Spec(topic, 1, {"max.message.bytes": str(MOST_BYTES)})])
        partitioner = StickyPartitioner() if request.param == "kafka in turns" else KeyPartitioner()
        producer = RecordProducer([kafka], client_id="test", partitioner=partitioner)
        yield Delivery(topic, producer, lambda: read_values(kafka, topic))
        await producer.close()


async def given(values: list[bytes]) -> list[bytes]:
    return values


async def read_values(kafka: str, topic: str) -> list[bytes]:
    return [value for _, _, value in await read_all(kafka, topic)]


def records(delivery: Delivery, *values: bytes) -> list[OutRecord]:
    return [OutRecord(delivery.topic, b"k", value) for value in values]


async def test_every_record_is_there_in_its_order_when_deliver_returns(delivery: Delivery) -> None:
    await delivery.to.deliver(records(delivery, b"1", b"2"))
    await delivery.to.deliver(records(delivery, b"3"))

    assert await delivery.read() == [b"1", b"2", b"3"]


async def test_of_no_records_nothing_is_written(delivery: Delivery) -> None:
    await delivery.to.deliver([])
    await delivery.to.deliver(records(delivery, b"1"))

    assert await delivery.read() == [b"1"]


async def test_records_too_large_are_named_and_all_others_are_there(delivery: Delivery) -> None:
    with pytest.raises(RecordRefused) as refused:
        await delivery.to.deliver(records(delivery, b"1", *LARGE, b"2"))

    assert refused.value.reasons == {1: "too_large", 2: "too_large"}
    assert sorted(await delivery.read()) == [b"1", b"2"]


@pytest.mark.parametrize("fake", [True, False], ids=["topics of ingest", "kafka"])
async def test_where_nothing_acknowledges_delivery_fails(*, fake: bool) -> None:
    producer = RecordProducer(["127.0.0.1:1"], client_id="test", deadline_s=1)
    with pytest.raises(DeliveryFailed):
        await (Topics(failures=1) if fake else producer).deliver([OutRecord("a", b"k", b"1")])
    await producer.close()

"""Topics are read again from a time on to where they end, without a group, and what Kafka has deleted is said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from runtime.kafka.topics import apply_topics
from storage.backfill.topic_records import open_records
from storage.topic_consumer import TopicUnreadable
from tests.runtime.kafka.test_producer import Spec

pytestmark = pytest.mark.servers

BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
KEPT = {"retention.ms": "-1"}
"""The broker would delete records of so long ago."""


@pytest.fixture
async def topics(kafka: str, topic_prefix: str) -> list[str]:
    """Two topics; record n of a partition was taken n minutes after BEGAN."""
    names = [f"{topic_prefix}one", f"{topic_prefix}two"]
    await apply_topics([kafka], [Spec(name, 3, KEPT) for name in names])
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for name in names:
            # The last partition stays empty.
            for partition in range(2):
                for number in range(10):
                    taken = BEGAN + timedelta(minutes=number)
                    await producer.send_and_wait(
                        name, b"%d" % number, partition=partition, timestamp_ms=int(taken.timestamp() * 1000)
                    )
    return names


async def read(
    kafka: str, topics: Sequence[str], since: datetime
) -> tuple[list[tuple[str, int, int]], dict[str, datetime]]:
    async with open_records([kafka], topics) as reader:
        cut = await reader.seek(since)
        expected = reader.remaining
        found = [(one.topic, one.partition, one.offset) async for batch in reader.read() for one in batch]
        assert (len(found), reader.remaining) == (expected, 0)
        return found, cut


async def test_all_records_from_a_time_on_are_read_in_order_within_a_partition(kafka: str, topics: list[str]) -> None:
    found, cut = await read(kafka, topics, BEGAN + timedelta(minutes=6))

    assert sorted(found) == [(name, part, offset) for name in topics for part in range(2) for offset in range(6, 10)]
    for name in topics:
        for part in range(2):
            assert [one[2] for one in found if one[:2] == (name, part)] == [6, 7, 8, 9]
    assert cut == {}


async def test_a_time_after_the_last_record_gives_nothing(kafka: str, topics: list[str]) -> None:
    assert await read(kafka, topics, BEGAN + timedelta(days=1)) == ([], {})


async def test_records_that_kafka_has_deleted_are_said_with_the_time_of_the_first_that_is_left(
    kafka: str, topics: list[str]
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(topics[0], 1): RecordsToDelete(before_offset=3)})
    await admin.close()

    found, cut = await read(kafka, topics, BEGAN)

    assert (len(found), cut) == (37, {topics[0]: BEGAN + timedelta(minutes=3)})


async def test_a_topic_that_is_not_there_and_a_kafka_that_is_away_say_what_to_do(kafka: str, topics: list[str]) -> None:
    with pytest.raises(TopicUnreadable, match=r"there is no topic|does not answer"):
        await read(kafka, [*topics, f"{topics[0]}other"], BEGAN)
    with pytest.raises(TopicUnreadable, match="CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS says where"):
        await read("127.0.0.1:9", topics, BEGAN)

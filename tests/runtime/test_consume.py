"""The consume loop against a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from prometheus_client import CollectorRegistry

from runtime.consume import ConsumeLoop, Records, Subscription
from runtime.errors import DependencyAway
from runtime.producer import OutRecord, RecordProducer
from runtime.stream_metrics import StreamMetrics
from runtime.topics import apply_topics
from tests.runtime.test_topics import Spec

pytestmark = pytest.mark.servers


class Topic:
    """A topic of one partition with its producer, and a consumer group of its own."""

    def __init__(self, kafka: str, name: str) -> None:
        self.kafka = kafka
        self.name = name
        self.registry = CollectorRegistry()
        self.metrics = StreamMetrics(self.registry, "test")
        self.seen: list[bytes] = []

    async def write(self, *values: bytes) -> None:
        await apply_topics([self.kafka], [Spec(self.name, 1, {})])
        producer = RecordProducer([self.kafka], client_id="test")
        await producer.deliver([OutRecord(self.name, b"k", value) for value in values])
        await producer.close()

    async def see(self, records: Records) -> None:
        self.seen += [record.value for record in records]

    @asynccontextmanager
    async def consuming(self, handle: Callable[[Records], Awaitable[None]]) -> AsyncIterator[ConsumeLoop]:
        stop = asyncio.Event()
        subscription = Subscription(
            bootstrap_servers=(self.kafka,), group=self.name, topics=(self.name,), client_id="test", poll_ms=50
        )
        loop = ConsumeLoop(subscription, handle, self.metrics)
        task = asyncio.create_task(loop.run(stop))
        yield loop
        stop.set()
        await asyncio.wait_for(task, 30)

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def topic(kafka: str, topic_prefix: str) -> Topic:
    return Topic(kafka, f"{topic_prefix}in")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_new_group_starts_at_the_oldest_record_and_a_later_one_goes_on(topic: Topic) -> None:
    await topic.write(b"1", b"2")
    async with topic.consuming(topic.see):
        await until(lambda: len(topic.seen) == 2)

    await topic.write(b"3")
    async with topic.consuming(topic.see):
        await until(lambda: len(topic.seen) == 3)

    assert topic.seen == [b"1", b"2", b"3"]
    assert topic.sample("clickrail_test_records_total") == 3


async def test_a_batch_whose_dependency_is_away_is_tried_again_and_nothing_after_it_first(topic: Topic) -> None:
    tried: list[list[bytes]] = []

    async def fail_twice(records: Records) -> None:
        tried.append([record.value for record in records])
        if len(tried) <= 2:
            raise DependencyAway("the database is away")

    await topic.write(b"1")
    async with topic.consuming(fail_twice) as loop:
        await until(lambda: loop.problem == "the database is away")
        await topic.write(b"2")
        await until(lambda: len(tried) == 4)
        assert loop.problem is None

    assert tried == [[b"1"], [b"1"], [b"1"], [b"2"]]


async def test_a_batch_that_was_not_done_is_read_again_by_whoever_comes_next(topic: Topic) -> None:
    async def never(_: Records) -> None:
        raise DependencyAway("away")

    await topic.write(b"1")
    async with topic.consuming(never) as loop:
        await until(lambda: loop.problem == "away")
    async with topic.consuming(topic.see):
        await until(lambda: bool(topic.seen))

    assert topic.seen == [b"1"]


async def test_records_that_retention_took_are_counted_as_lost(topic: Topic) -> None:
    await topic.write(b"1")
    async with topic.consuming(topic.see):
        await until(lambda: topic.seen == [b"1"])
    await topic.write(b"2", b"3", b"4")
    admin = AIOKafkaAdminClient(bootstrap_servers=topic.kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(topic.name, 0): RecordsToDelete(before_offset=3)})
    await admin.close()

    async with topic.consuming(topic.see):
        await until(lambda: topic.seen == [b"1", b"4"])

    assert topic.sample("clickrail_clicks_lost_total", reason="offset_out_of_range") == 2


async def test_two_members_share_the_work_and_no_record_is_left_out(topic: Topic) -> None:
    await topic.write(*(b"%d" % number for number in range(100)))
    async with topic.consuming(topic.see), topic.consuming(topic.see):
        await until(lambda: len(set(topic.seen)) == 100)
        await topic.write(b"last")
        await until(lambda: b"last" in topic.seen)

"""The consume loop against a real broker."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.consumer.fetcher import Fetcher
from prometheus_client import CollectorRegistry

from deploy.local.kafka import plan_kafka
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from runtime.errors import DependencyAway, TooManyDeadLetters
from runtime.kafka.consume import ConsumeLoop, Records
from runtime.kafka.groups import asking
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.subscription import Subscription
from runtime.kafka.topics import apply_topics
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers


class Topic:
    """A topic of one partition with its producer, and a consumer group of its own."""

    def __init__(self, kafka: str, name: str) -> None:
        self.kafka = kafka
        self.name = self.group = name
        self.registry = CollectorRegistry()
        self.metrics = StreamMetrics(self.registry, "test")
        self.seen: list[bytes] = []

    async def create(self) -> None:
        await apply_topics([self.kafka], [Spec(self.name, 1, {})])

    async def write(self, *values: bytes) -> None:
        producer = RecordProducer([self.kafka], client_id="test", deadline_s=30)
        await producer.deliver([OutRecord(self.name, b"k", value) for value in values])
        await producer.close()

    async def write_keyed(self, *values: bytes) -> None:
        """Write each under itself as its key."""
        producer = RecordProducer([self.kafka], client_id="test", deadline_s=30)
        await producer.deliver([OutRecord(self.name, value, value) for value in values])
        await producer.close()

    async def delete_before(self, offset: int) -> None:
        """Do what retention does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.delete_records({TopicPartition(self.name, 0): RecordsToDelete(before_offset=offset)})
        await admin.close()

    async def make_again(self) -> None:
        """Delete the topic and make it, as `clickrail topics apply` does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.delete_topics([self.name])
        await eventually(partial(self.is_gone, admin))
        await admin.close()
        await self.create()

    async def is_gone(self, admin: AIOKafkaAdminClient) -> bool:
        return self.name not in await admin.list_topics()

    async def add_partitions(self, total: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.create_partitions({self.name: NewPartitions(total)})
        await admin.close()

    async def see(self, records: Records) -> None:
        self.seen += [record.value for record in records]

    @asynccontextmanager
    async def consuming(self, handle: Callable[[Records], Awaitable[None]]) -> AsyncIterator[ConsumeLoop]:
        stop = asyncio.Event()
        subscription = Subscription(
            bootstrap_servers=(self.kafka,), group=self.group, topics=(self.name,), client_id="test", poll_ms=50
        )
        loop = ConsumeLoop(subscription, handle, self.metrics)
        task = asyncio.create_task(loop.run(stop))
        yield loop
        stop.set()
        await asyncio.wait_for(task, PATIENCE_S)

    async def until_lag(self, records: int, partition: int = 0) -> None:
        labels = {"consumergroup": self.name, "topic": self.name, "partition": str(partition)}
        await until(lambda: self.sample("kafka_consumergroup_lag", **labels) == records)

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
async def topic(kafka: str, topic_prefix: str) -> Topic:
    topic = Topic(kafka, f"{topic_prefix}in")
    await topic.create()
    return topic


async def until(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(patience_s):
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


async def test_a_batch_with_too_many_dead_letters_stops_the_loop_and_nothing_is_committed(topic: Topic) -> None:
    tried: list[int] = []

    async def refuse(records: Records) -> None:
        tried.append(len(records))
        raise TooManyDeadLetters("stopped: so many of them")

    await topic.write(b"1", b"2")
    async with topic.consuming(refuse) as loop:
        await until(lambda: loop.problem == "stopped: so many of them")
        assert topic.sample("clickrail_test_stopped_by_dead_letters") == 1
        # It keeps its partitions: others would only stop as well.
        await topic.until_lag(2)
        assert tried == [2]
    async with topic.consuming(topic.see) as loop:
        await until(lambda: topic.seen == [b"1", b"2"])

    assert topic.sample("clickrail_test_stopped_by_dead_letters") == 0
    assert topic.sample("clickrail_test_records_total") == 2


async def test_records_that_retention_took_are_counted_as_lost_and_counted_once(topic: Topic) -> None:
    await topic.write(b"1")
    async with topic.consuming(topic.see):
        await until(lambda: topic.seen == [b"1"])
    await topic.write(b"2", b"3")
    await topic.delete_before(3)

    async with topic.consuming(topic.see):
        await until(lambda: topic.sample("clickrail_clicks_lost_total", reason="offset_out_of_range") == 2)
        await topic.until_lag(0)
    await topic.write(b"4")
    async with topic.consuming(topic.see):
        await until(lambda: topic.seen == [b"1", b"4"])

    assert topic.sample("clickrail_clicks_lost_total", reason="offset_out_of_range") == 2


async def test_a_topic_that_is_deleted_and_made_again_is_read_from_its_start_within_seconds(topic: Topic) -> None:
    await topic.write(b"1", b"2", b"3")
    async with topic.consuming(topic.see) as loop:
        await until(lambda: topic.seen == [b"1", b"2", b"3"])
        await topic.make_again()
        # As many as were read of the old one, and more: the old place lies in the middle of the new one.
        new = [b"new %d" % number for number in range(10)]
        await topic.write(*new)
        await until(lambda: set(new) <= set(topic.seen), 60)
        await until(lambda: loop.problem is None, 60)
        await topic.until_lag(0)

    assert topic.sample("clickrail_clicks_lost_total", reason="offset_out_of_range") == 0


@pytest.mark.slow
async def test_a_partition_that_is_added_is_a_problem_until_it_is_read_which_takes_seconds(topic: Topic) -> None:
    problems: set[str | None] = set()
    await topic.write(b"1")
    async with topic.consuming(topic.see) as loop:
        await until(lambda: topic.seen == [b"1"])
        await until(lambda: loop.problem is None)
        await topic.add_partitions(2)
        await eventually(lambda: problems.add(loop.problem) or loop.problem is not None)
        # Of these keys some belong to the new partition.
        keyed = [b"%d" % number for number in range(20)]
        await topic.write_keyed(*keyed)
        await until(lambda: set(keyed) <= set(topic.seen), 60)
        await until(lambda: loop.problem is None, 60)
        await topic.until_lag(0, partition=1)

    assert problems - {None} == {f"nobody reads {topic.name}/1 of 2 partitions"}


async def test_a_topic_that_is_missing_is_named(kafka: str, topic_prefix: str) -> None:
    topic = Topic(kafka, f"{topic_prefix}missing")
    async with topic.consuming(topic.see) as loop:
        await until(lambda: f"Kafka has no topic {topic.name}" in (loop.problem or ""), 60)
        await topic.create()
        await topic.write(b"1")
        await until(lambda: topic.seen == [b"1"] and loop.problem is None, 60)


async def test_partitions_without_an_offset_are_new_or_the_group_has_lost_it(kafka: str, topic_prefix: str) -> None:
    topic = Topic(kafka, f"{topic_prefix}in")
    await apply_topics([kafka], [Spec(topic.name, 2, {})])
    keyed = [b"%d" % number for number in range(20)]
    await topic.write_keyed(*keyed)
    async with topic.consuming(topic.see):
        await until(lambda: set(topic.seen) == set(keyed))
    assert topic.sample("clickrail_test_partitions_without_offset_total", offset="new") == 2

    # Another group, that knows one of the partitions; of the other, retention has taken three records.
    topic.group, topic.seen = f"{topic.name}.other", []
    await topic.delete_before(3)
    async with asking([kafka], topic.group, "test") as client:
        await client.commit({TopicPartition(topic.name, 1): 0})
    for _ in range(2):
        async with topic.consuming(topic.see):
            await until(lambda: len(set(topic.seen)) == 17)
        assert topic.sample("clickrail_test_partitions_without_offset_total", offset="lost") == 1
    assert topic.sample("clickrail_clicks_lost_total", reason="offset_out_of_range") == 0


async def test_two_members_share_the_work_and_no_record_is_left_out(topic: Topic) -> None:
    await topic.write(*(b"%d" % number for number in range(100)))
    async with topic.consuming(topic.see), topic.consuming(topic.see):
        await until(lambda: len(set(topic.seen)) == 100)
        await topic.write(b"last")
        await until(lambda: b"last" in topic.seen)


async def test_a_batch_that_does_not_end_is_left_to_others_soon_after_the_stop(topic: Topic) -> None:
    begun = asyncio.Event()

    async def hang(_: Records) -> None:
        begun.set()
        await asyncio.sleep(600)

    await topic.write(b"1")
    async with topic.consuming(hang):
        await begun.wait()
    async with topic.consuming(topic.see):
        await until(lambda: topic.seen == [b"1"])


@pytest.mark.slow
async def test_a_consumer_whose_fetching_has_ended_unexpectedly_is_replaced(topic: Topic) -> None:
    async def fail() -> None:
        raise KeyError("none of Kafka's errors")

    await topic.write(b"1")
    async with topic.consuming(topic.see):
        await until(lambda: topic.seen == [b"1"])
        fetchers = [each for each in gc.get_objects() if isinstance(each, Fetcher) and not each._fetch_task.done()]
        for fetcher in fetchers:
            fetcher._pending_tasks.add(asyncio.create_task(fail()))
        await until(lambda: any(fetcher._fetch_task.done() for fetcher in fetchers))
        # What was under way is still delivered.
        await topic.write(b"2")
        await until(lambda: topic.seen == [b"1", b"2"])
        await topic.write(b"3")
        await until(lambda: topic.seen == [b"1", b"2", b"3"], patience_s=120)


@pytest.mark.slow
async def test_a_kafka_that_is_frozen_is_a_problem_and_when_it_goes_on_so_do_we(own_settings: LocalSettings) -> None:
    async with running(await plan_kafka(own_settings)) as server:
        topic = Topic(server.address, "in")
        await topic.create()
        await topic.write(b"1")
        async with topic.consuming(topic.see) as loop:
            await until(lambda: loop.problem is None and topic.seen == [b"1"])
            server.freeze()
            await until(lambda: loop.problem == "Kafka does not answer")
            server.thaw()
            await topic.write(b"2")
            await until(lambda: loop.problem is None and topic.seen == [b"1", b"2"])

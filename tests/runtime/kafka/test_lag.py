"""The lag gauge, and a consumer that has stopped moving."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from prometheus_client import CollectorRegistry

from runtime.errors import DependencyAway
from runtime.kafka.assignment import Assignment
from runtime.kafka.groups import First, Group
from runtime.kafka.lag import DIVIDED, LagWatch
from runtime.kafka.metrics import StreamMetrics
from runtime.task_scope import cancel
from tests.waiting import PATIENCE_S

HERE = TopicPartition("clicks.raw", 3)
THERE = TopicPartition("clicks.raw", 4)
ROUND_S = 0.002

Offsets = dict[TopicPartition, int]


class Kafka:
    """Answers about partitions of `start` to `end`, of which the group reads `step` a round, or does not answer."""

    def __init__(self, *, start: int = 0, end: int, step: int, begun: bool = True) -> None:
        self.start, self.end, self.step, self.begun = start, end, step, begun
        self.position = 0
        self.away = False
        self.connections = self.asked = 0
        self.existing = frozenset((HERE,))
        self.assigned: frozenset[TopicPartition] | None = self.existing
        self.first = First(start, 1000)
        self.taken_ms = dict.fromkeys((HERE, THERE), time.time_ns() // 1_000_000)
        self.unreadable = False
        self.read: Offsets = {}

    @asynccontextmanager
    async def ask(self) -> AsyncIterator["Kafka"]:
        self.connections += 1
        self.answer()
        yield self

    def answer(self) -> None:
        self.asked += 1
        if self.away:
            raise KafkaConnectionError

    async def partitions(self, topics: Sequence[str]) -> frozenset[TopicPartition]:
        self.answer()
        return frozenset(partition for partition in self.existing if partition.topic in topics)

    async def group(self) -> Group:
        return Group(1, self.assigned)

    async def starts(self, partitions: Collection[TopicPartition]) -> Offsets:
        return dict.fromkeys(partitions, self.start)

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        return dict.fromkeys(partitions, self.end)

    async def firsts(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, First]:
        return dict.fromkeys(partitions, self.first)

    async def times_at(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        if self.unreadable:
            await asyncio.Event().wait()
        self.read.update(offsets)
        return {partition: self.taken_ms[partition] for partition in offsets}

    async def committed(self) -> Offsets:
        self.position = min(self.end, self.position + self.step)
        return dict.fromkeys(self.existing, self.position) if self.begun else {}


class Watched:
    """A watch on one group, and what it tells."""

    def __init__(self, kafka: Kafka, *, timeout_s: float = PATIENCE_S) -> None:
        self.registry = CollectorRegistry()
        self.kafka = kafka
        metrics = StreamMetrics(self.registry, "enricher")
        self.watch = LagWatch(kafka.ask, "group", (HERE.topic,), metrics, every_s=ROUND_S, timeout_s=timeout_s)

    async def rounds(self, assignment: Assignment, count: int = 30) -> None:
        """Watch for so many rounds at least. Raises what the watch raises."""
        # A round asks at most twice, so this many are certain to be over.
        enough = self.kafka.asked + 2 * (count + 1)
        watching = asyncio.create_task(self.watch.watch(assignment))
        async with asyncio.timeout(PATIENCE_S):
            while self.kafka.asked < enough and not watching.done():
                await asyncio.sleep(ROUND_S)
        await cancel([watching])
        if not watching.cancelled():
            watching.result()

    def lag(self, partition: TopicPartition = HERE) -> float | None:
        labels = {"consumergroup": "group", "topic": partition.topic, "partition": str(partition.partition)}
        return self.registry.get_sample_value("kafka_consumergroup_lag", labels)

    def oldest(self) -> float | None:
        return self.registry.get_sample_value("clickrail_enricher_oldest_waiting_seconds")

    def measured(self) -> float | None:
        return self.registry.get_sample_value("clickrail_enricher_lag_measured_timestamp_seconds")


async def share(*partitions: TopicPartition) -> Assignment:
    assignment = Assignment()
    await assignment.on_partitions_assigned(partitions)
    return assignment


async def test_a_consumer_that_is_behind_and_does_not_move_has_stopped() -> None:
    with pytest.raises(DependencyAway, match="group group: is behind"):
        await Watched(Kafka(end=10, step=0)).rounds(await share(HERE), 3000)


async def test_one_that_never_gets_a_share_has_stopped() -> None:
    with pytest.raises(DependencyAway, match="not joined"):
        await Watched(Kafka(end=10, step=0)).rounds(Assignment(), 3000)


async def test_one_that_moves_has_not_and_its_lag_is_told() -> None:
    watched = Watched(Kafka(end=1_000_000, step=1))
    await watched.rounds(await share(HERE))

    lag = watched.lag()
    assert lag is not None
    assert 900_000 < lag < 1_000_000
    assert watched.watch.problem is None


async def test_one_that_has_read_everything_may_rest() -> None:
    watched = Watched(Kafka(end=1, step=1))
    await watched.rounds(await share(HERE))

    assert watched.lag() == 0


async def test_one_for_which_there_is_no_partition_may_rest() -> None:
    await Watched(Kafka(end=10, step=0)).rounds(await share())


async def test_one_whose_batch_is_in_work_may_take_its_time() -> None:
    watched = Watched(Kafka(end=10, step=0))
    assignment = await share(HERE)
    async with assignment.working():
        await watched.rounds(assignment)

    assert watched.lag() == 10


async def test_records_that_retention_took_before_the_group_read_any_are_not_ahead_of_it() -> None:
    watched = Watched(Kafka(start=10, end=12, step=2, begun=False))
    with pytest.raises(DependencyAway):
        await watched.rounds(await share(HERE), 3000)
    assert watched.lag() == 2

    gone = Watched(Kafka(start=12, end=12, step=0, begun=False))
    await gone.rounds(await share(HERE))
    assert gone.lag() == 0


async def test_the_age_is_that_of_the_oldest_record_of_ours_that_waits_and_0_without_lag() -> None:
    kafka = Kafka(end=1_000_000, step=1)
    kafka.existing = kafka.assigned = frozenset((HERE, THERE))
    kafka.taken_ms = {HERE: kafka.taken_ms[HERE] - 90_000, THERE: kafka.taken_ms[THERE] - 900_000}
    watched = Watched(kafka)
    await watched.rounds(await share(HERE))

    assert watched.oldest() == pytest.approx(90, abs=PATIENCE_S)
    assert set(kafka.read) == {HERE}
    # A round may have been cut short between the two questions.
    assert kafka.position - kafka.read[HERE] in (0, 1)

    await watched.rounds(await share(HERE, THERE))
    assert watched.oldest() == pytest.approx(900, abs=PATIENCE_S)

    kafka.step = kafka.end
    await watched.rounds(await share(HERE, THERE))
    assert watched.oldest() == 0


async def test_a_clock_of_kafka_that_is_ahead_makes_no_negative_age() -> None:
    kafka = Kafka(end=1_000_000, step=1)
    kafka.taken_ms = {HERE: kafka.taken_ms[HERE] + 3_600_000}
    watched = Watched(kafka)
    await watched.rounds(await share(HERE))

    assert watched.oldest() == 0


async def test_a_record_that_never_comes_leaves_the_lag_measured_and_the_age_as_it_was() -> None:
    kafka = Kafka(end=1_000_000, step=1)
    kafka.taken_ms = {HERE: kafka.taken_ms[HERE] - 900_000}
    watched = Watched(kafka, timeout_s=5 * ROUND_S)
    await watched.rounds(await share(HERE))
    before, kafka.unreadable, kafka.end = watched.oldest(), True, 2_000_000
    await watched.rounds(await share(HERE), 5)

    assert watched.watch.problem is None
    assert watched.oldest() == before
    assert (watched.lag() or 0) > 1_900_000


async def test_while_kafka_does_not_answer_the_lag_stays_grows_old_and_is_a_problem() -> None:
    kafka = Kafka(end=10, step=10)
    watched = Watched(kafka)
    await watched.rounds(await share(HERE))
    kafka.end, before = 20, watched.measured()

    kafka.away = True
    await watched.rounds(await share(HERE))
    assert watched.watch.problem == "Kafka does not answer"
    assert watched.lag() == 0
    assert watched.measured() == before

    kafka.away, connections = False, kafka.connections
    await watched.rounds(await share(HERE))
    assert watched.watch.problem is None
    assert watched.measured() != before
    assert kafka.connections == connections + 1


async def test_a_consumer_is_not_blamed_for_a_kafka_that_does_not_answer() -> None:
    kafka = Kafka(end=10, step=0)
    kafka.away = True
    await Watched(kafka).rounds(await share(HERE), 30)


async def test_a_partition_that_another_consumer_has_is_not_told_for_ever() -> None:
    kafka = Kafka(end=10, step=1)
    kafka.existing = kafka.assigned = frozenset((HERE, THERE))
    watched = Watched(kafka)
    await watched.rounds(await share(HERE), 5)
    await watched.rounds(await share(THERE), 5)

    assert watched.lag(HERE) is None
    assert watched.lag(THERE) is not None


async def test_the_lag_of_a_partition_that_nobody_holds_is_told_and_is_a_problem() -> None:
    kafka = Kafka(end=10, step=10)
    watched = Watched(kafka)
    await watched.rounds(await share(HERE), 5)
    assert watched.watch.problem is None

    kafka.existing, kafka.begun = frozenset((HERE, THERE)), False
    with pytest.raises(DependencyAway):
        await watched.rounds(await share(HERE), 3000)

    assert watched.watch.problem == "nobody reads clicks.raw/4 of 2 partitions"
    assert watched.lag(THERE) == 10


async def test_a_member_that_reads_its_own_joins_again_when_nobody_reads_another_partition() -> None:
    kafka = Kafka(end=1_000_000, step=1)
    kafka.existing = frozenset((HERE, THERE))

    with pytest.raises(DependencyAway, match=r"nobody reads clicks\.raw/4"):
        await Watched(kafka).rounds(await share(HERE), 3000)


async def test_a_topic_that_is_gone_is_a_problem() -> None:
    kafka = Kafka(end=10, step=10)
    kafka.existing = frozenset()
    watched = Watched(kafka)
    await watched.rounds(await share(), 5)

    assert watched.watch.problem == "Kafka has no topic clicks.raw: `clickrail topics apply` makes it"


async def test_a_group_that_is_being_divided_is_a_problem_only_when_that_does_not_end() -> None:
    kafka = Kafka(end=10, step=10)
    kafka.assigned = None
    watched = Watched(kafka)
    problems: set[str | None] = set()

    async def look() -> None:
        while True:
            problems.add(watched.watch.problem)
            await asyncio.sleep(ROUND_S / 2)

    looking = asyncio.create_task(look())
    await watched.rounds(await share(HERE), 50)
    looking.cancel()

    assert problems == {None, DIVIDED}


async def test_partitions_of_ours_that_were_made_again_are_to_be_begun_again() -> None:
    kafka = Kafka(end=10, step=10)
    kafka.existing = kafka.assigned = frozenset((HERE, THERE))
    assignment = await share(HERE)
    watched = Watched(kafka)
    await watched.rounds(assignment, 5)
    assert assignment.remade == set()

    kafka.first = First(0, 2000)
    await watched.rounds(assignment, 5)
    assert assignment.remade == {HERE}

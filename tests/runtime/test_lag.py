"""The lag gauge, and a consumer that has stopped moving."""

import asyncio

import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry

from runtime.assignment import Assignment
from runtime.errors import Stuck
from runtime.lag import watch_lag
from runtime.stream_metrics import StreamMetrics

PLACE = TopicPartition("clicks.raw", 3)


class Consumer:
    """Has one partition; reads `step` records a round."""

    def __init__(self, end: int, step: int) -> None:
        self.end, self.step, self.position = end, step, 0

    def assignment(self) -> list[TopicPartition]:
        return [PLACE]

    async def end_offsets(self, _: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {PLACE: self.end}

    async def committed(self, _: TopicPartition) -> int:
        self.position = min(self.end, self.position + self.step)
        return self.position


async def watch(consumer: Consumer, assignment: Assignment, seconds: float = 0.5) -> float | None:
    registry = CollectorRegistry()
    metrics = StreamMetrics(registry, "enricher")
    try:
        async with asyncio.timeout(seconds):
            await watch_lag(consumer, assignment, "group", metrics, every_s=0.01)
    except TimeoutError:
        labels = {"consumergroup": "group", "topic": "clicks.raw", "partition": "3"}
        return registry.get_sample_value("kafka_consumergroup_lag", labels)
    return None


async def test_a_consumer_that_is_behind_and_does_not_move_is_stuck() -> None:
    with pytest.raises(Stuck, match="group group is behind"):
        await watch(Consumer(end=10, step=0), Assignment(), seconds=30)


async def test_one_that_moves_is_not_and_its_lag_is_told() -> None:
    lag = await watch(Consumer(end=1_000_000, step=1), Assignment())

    assert lag is not None
    assert 900_000 < lag < 1_000_000


async def test_one_that_has_read_everything_may_rest() -> None:
    assert await watch(Consumer(end=1, step=1), Assignment()) == 0


async def test_one_whose_batch_is_in_work_may_take_its_time() -> None:
    assignment = Assignment()
    async with assignment.working():
        assert await watch(Consumer(end=10, step=0), assignment) == 10

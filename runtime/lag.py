"""How far behind a group is, asked of Kafka itself; and whether its consumer has stopped moving although it is behind.

Kafka is asked by a client of our own, made anew whenever it got no answer. So the answers are true whatever has become
of the consumer, whose tasks can end, or hang, without telling anybody (aio-libs/aiokafka#625).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from runtime.assignment import Assignment
from runtime.errors import DependencyAway
from runtime.stream_metrics import StreamMetrics

log = structlog.get_logger()

EVERY_S: Final = 5.0
PATIENCE: Final = 5
"""Rounds without any movement after which a consumer has stopped: longer than a rebalance with a dead member takes."""


class Asks(Protocol):
    """What is asked of Kafka."""

    async def topics(self) -> object: ...
    async def beginning_offsets(self, places: Collection[TopicPartition], /) -> Mapping[TopicPartition, int]: ...
    async def end_offsets(self, places: Collection[TopicPartition], /) -> Mapping[TopicPartition, int]: ...
    async def committed(self, place: TopicPartition, /) -> int | None: ...


class Standing(msgspec.Struct, frozen=True):
    """Where a group stands in some partitions: the next offset it has to read, and the end."""

    nexts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]

    def lag(self, place: TopicPartition) -> int:
        return max(0, self.ends[place] - self.nexts[place])


class LagWatch:
    """Measures the lag every few seconds. `problem` says so when Kafka does not answer; the gauges then stay."""

    def __init__(
        self,
        ask: Callable[[], AbstractAsyncContextManager[Asks]],
        group: str,
        metrics: StreamMetrics,
        every_s: float = EVERY_S,
    ) -> None:
        self.problem: str | None = None
        self._ask = ask
        self._group = group
        self._metrics = metrics
        self._every_s = every_s
        self._told: set[TopicPartition] = set()

    async def watch(self, assignment: Assignment) -> None:
        """Measure for ever.

        Raises DependencyAway when Kafka has answered for five rounds, there was lag, or no share of the group for us,
        and nothing has moved, nor was a batch in work: then only another consumer helps.
        """
        while True:
            try:
                async with self._ask() as kafka:
                    await self._follow(kafka, assignment)
            except (KafkaError, TimeoutError, OSError) as error:
                self.problem = "Kafka does not answer"
                log.warning("lag is unknown", error=repr(error))
            await asyncio.sleep(self._every_s)

    async def _follow(self, kafka: Asks, assignment: Assignment) -> None:
        idle = 0
        before: Mapping[TopicPartition, int] | None = None
        while True:
            async with asyncio.timeout(self._every_s):
                standing = await measure(kafka, assignment.places or ())
            self.problem = None
            self._tell(standing)
            waits = assignment.places is None or any(map(standing.lag, standing.ends))
            idle = idle + 1 if waits and standing.nexts == before and not assignment.busy else 0
            if idle == PATIENCE:
                raise DependencyAway(f"group {self._group} is behind, or not joined, and nothing moves")
            before = standing.nexts
            await asyncio.sleep(self._every_s)

    def _tell(self, standing: Standing) -> None:
        for place in self._told - standing.ends.keys():
            self._metrics.lag.remove(self._group, place.topic, place.partition)
        for place in standing.ends:
            self._metrics.lag.labels(self._group, place.topic, place.partition).set(standing.lag(place))
        self._told = set(standing.ends)
        self._metrics.lag_measured.set_to_current_time()


async def measure(kafka: Asks, places: Collection[TopicPartition]) -> Standing:
    """Ask where the group stands. Raises KafkaError, or takes for ever, when Kafka does not answer."""
    if not places:
        await kafka.topics()
        return Standing({}, {})
    ends = await kafka.end_offsets(places)
    # What retention took, or what was there before the group, is not ahead of us any more.
    starts = await kafka.beginning_offsets(places)
    committed = await asyncio.gather(*map(kafka.committed, places))
    nexts = {place: max(starts[place], offset or 0) for place, offset in zip(places, committed, strict=True)}
    return Standing(nexts, ends)

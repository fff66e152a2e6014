"""How far behind a group is, over every partition there is, and whether its consumer has stopped moving.

A partition that nobody holds is a problem, and so is a topic that is missing. Kafka is asked by a client of our own,
made again whenever it got no answer. So the answers are true whatever has become of the consumer, whose tasks can end,
or hang, without telling anybody (aio-libs/aiokafka#625).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from runtime.errors import DependencyAway
from runtime.kafka.assignment import Assignment
from runtime.kafka.group_offsets import GroupOffsets, OffsetClient, measure, was_remade
from runtime.kafka.groups import First
from runtime.kafka.metrics import StreamMetrics
from runtime.outage_log import OutageLog

log = structlog.get_logger()

EVERY_S: Final = 5.0
PATIENCE: Final = 5
"""Rounds without any movement after which a consumer has stopped: longer than a rebalance with a dead member takes."""
DIVIDED: Final = "the group has been dividing its partitions for too long"


class LagWatch:
    """Measures the lag every few seconds. `problem` says what is wrong with the group or its topics, if anything.

    When Kafka does not answer, the gauges stay.
    """

    def __init__(
        self,
        ask: Callable[[], AbstractAsyncContextManager[OffsetClient]],
        group: str,
        topics: Sequence[str],
        metrics: StreamMetrics,
        every_s: float = EVERY_S,
    ) -> None:
        self.problem: str | None = None
        self._ask = ask
        self._group = group
        self._topics = topics
        self._metrics = metrics
        self._every_s = every_s
        self._outage = OutageLog(log, "lag is unknown", "lag is known again")
        self._told: set[TopicPartition] = set()
        self._firsts: dict[TopicPartition, First] = {}

    async def watch(self, assignment: Assignment) -> None:
        """Measure for ever, and tell the assignment which partitions were made again.

        Raises DependencyAway when Kafka has answered for five rounds, there was lag, or no share of the group for us,
        and nothing has moved, nor was a batch in work: then only another consumer helps.
        """
        while True:
            try:
                async with self._ask() as kafka:
                    await self._follow(kafka, assignment)
            except (KafkaError, TimeoutError, OSError) as error:
                self.problem = "Kafka does not answer"
                self._outage.fail(repr(error))
            await asyncio.sleep(self._every_s)

    async def _follow(self, kafka: OffsetClient, assignment: Assignment) -> None:
        idle = divided = 0
        before: Mapping[TopicPartition, int] | None = None
        while True:
            # Before Kafka is asked: what it says then of the group is of a time when these were ours already.
            mine = assignment.places
            async with asyncio.timeout(self._every_s):
                standing = await measure(kafka, self._topics)
            self._outage.end()
            divided = divided + 1 if standing.held is None else 0
            self.problem = standing.find_problem(joined=mine is not None) or (DIVIDED if divided >= PATIENCE else None)
            # What nobody holds is everybody's: it is told by all, and the next who gets it begins where it must.
            ours = (mine or frozenset()) | standing.unheld
            assignment.remade |= self._find_remade(standing) & ours
            self._tell(standing, ours & standing.ends.keys())
            nexts = {place: standing.nexts.get(place, 0) for place in ours}
            waits = mine is None or any(map(standing.lag, ours))
            idle = idle + 1 if waits and nexts == before and not assignment.busy else 0
            if idle == PATIENCE:
                raise DependencyAway(f"group {self._group} is behind, or not joined, and nothing moves")
            before = nexts
            await asyncio.sleep(self._every_s)

    def _find_remade(self, standing: GroupOffsets) -> set[TopicPartition]:
        remade = {
            place
            for place, first in self._firsts.items()
            if place in standing.ends and was_remade(first, standing.firsts.get(place), standing.ends[place])
        }
        for place in remade:
            log.error("partition was made again", topic=place.topic, partition=place.partition)
        self._firsts = {place: first for place, first in self._firsts.items() if place not in remade}
        self._firsts.update(standing.firsts)
        return remade

    def _tell(self, standing: GroupOffsets, places: Collection[TopicPartition]) -> None:
        for place in self._told.difference(places):
            self._metrics.lag.remove(self._group, place.topic, place.partition)
        for place in places:
            self._metrics.lag.labels(self._group, place.topic, place.partition).set(standing.lag(place))
        self._told = set(places)
        self._metrics.lag_measured.set_to_current_time()

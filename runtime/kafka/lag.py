"""How far behind a group is, over every partition there is, and whether its consumer has stopped moving.

A partition that no member has is a problem, and so is a topic that is missing. A separate client asks Kafka, and is
replaced whenever it gets no answer. So the answers do not depend on the consumer, whose tasks can end or hang without
an error (aio-libs/aiokafka#625).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from runtime.errors import DependencyAway
from runtime.kafka.assignment import Assignment
from runtime.kafka.group_offsets import GroupOffsets, OffsetClient, measure, was_remade
from runtime.kafka.groups import First
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.oldest_record import find_oldest_record
from runtime.outage_log import OutageLog

log = structlog.get_logger()

EVERY_S: Final = 5.0
PATIENCE: Final = 5
"""Rounds without any movement after which a consumer has stopped: longer than a rebalance with a dead member takes."""
DIVIDED: Final = "the group has been dividing its partitions for too long"


class LagWatch:
    """Measures the lag every few seconds. `problem` says what is wrong with the group or its topics, if anything.

    Beside the lag it exports the age of the oldest waiting record. When Kafka does not answer, the gauges stay.
    """

    def __init__(
        self,
        ask: Callable[[], AbstractAsyncContextManager[OffsetClient]],
        group: str,
        topics: Sequence[str],
        metrics: StreamMetrics,
        *,
        every_s: float = EVERY_S,
        timeout_s: float = EVERY_S,
    ) -> None:
        self.problem: str | None = None
        self._ask = ask
        self._group = group
        self._topics = topics
        self._metrics = metrics
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._outage = OutageLog(log, "lag is unknown", "lag is known again")
        self._reported: set[TopicPartition] = set()
        self._firsts: dict[TopicPartition, First] = {}

    async def watch(self, assignment: Assignment) -> None:
        """Measure for ever, and tell the assignment which partitions were made again.

        Raises DependencyAway when Kafka has answered for five rounds, there was lag, or no share of the group for us,
        and nothing has moved, nor was a batch in work: then only another consumer helps. So it does when nobody reads
        a partition for five rounds, although we have a share: only aiokafka's leader of a group looks for new
        partitions, and one that came back as a static member does not know that it is the leader.
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
        idle = divided = unread = 0
        before: Mapping[TopicPartition, int] | None = None
        while True:
            # Before Kafka is asked: what it says then of the group is of a time when these were ours already.
            mine = assignment.partitions
            async with asyncio.timeout(self._timeout_s):
                offsets = await measure(kafka, self._topics)
            self._outage.end()
            divided = divided + 1 if offsets.assigned is None else 0
            self.problem = offsets.find_problem(joined=mine is not None) or (DIVIDED if divided >= PATIENCE else None)
            # What nobody holds is everybody's: it is told by all, and the next who gets it begins where it must.
            ours = (mine or frozenset()) | offsets.unassigned
            unread = unread + 1 if offsets.unassigned and mine is not None else 0
            assignment.remade |= self._find_remade(offsets) & ours
            self._report(offsets, ours & offsets.ends.keys())
            await self._report_oldest(kafka, offsets, ours & offsets.ends.keys())
            next_offsets = {partition: offsets.next_offsets.get(partition, 0) for partition in ours}
            waits = mine is None or any(map(offsets.lag, ours))
            idle = idle + 1 if waits and next_offsets == before and not assignment.busy else 0
            if PATIENCE in (idle, unread):
                reason = "is behind, or not joined, and nothing moves" if idle == PATIENCE else self.problem
                raise DependencyAway(f"group {self._group}: {reason}")
            before = next_offsets
            await asyncio.sleep(self._every_s)

    async def _report_oldest(
        self, kafka: OffsetClient, offsets: GroupOffsets, partitions: Collection[TopicPartition]
    ) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                oldest_at = await find_oldest_record(kafka, offsets, partitions)
        except TimeoutError:
            # A record that retention removes between the two questions never comes. The lag itself was measured.
            log.warning("age of the oldest waiting record is unknown", group=self._group)
            return
        age = datetime.now(UTC) - oldest_at if oldest_at else timedelta()
        self._metrics.oldest_waiting.set(max(0.0, age.total_seconds()))

    def _find_remade(self, offsets: GroupOffsets) -> set[TopicPartition]:
        remade = {
            partition
            for partition, first in self._firsts.items()
            if partition in offsets.ends and was_remade(first, offsets.firsts.get(partition), offsets.ends[partition])
        }
        for partition in remade:
            log.error("partition was made again", topic=partition.topic, partition=partition.partition)
        self._firsts = {partition: first for partition, first in self._firsts.items() if partition not in remade}
        self._firsts.update(offsets.firsts)
        return remade

    def _report(self, offsets: GroupOffsets, partitions: Collection[TopicPartition]) -> None:
        for partition in self._reported.difference(partitions):
            self._metrics.lag.remove(self._group, partition.topic, partition.partition)
        for partition in partitions:
            self._metrics.lag.labels(self._group, partition.topic, partition.partition).set(offsets.lag(partition))
        self._reported = set(partitions)
        self._metrics.lag_measured.set_to_current_time()

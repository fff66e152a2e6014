"""Where a consumer begins to read a partition, when Kafka does not know or no longer has the record it would be."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from runtime.errors import ReadAgain
from runtime.kafka.assignment import Assignment
from runtime.kafka.clients import AIOKafkaConsumer
from runtime.kafka.group_offsets import OffsetClient
from runtime.kafka.metrics import StreamMetrics

log = structlog.get_logger()

COMMIT_S: Final = 10.0


class Positions:
    """Begins partitions at the oldest record there is, and tells what is missed by that, as far as Kafka knows.

    What is chosen is committed at once: the next process would otherwise find the same, and tell it again.
    """

    def __init__(
        self,
        ask: Callable[[], AbstractAsyncContextManager[OffsetClient]],
        topics: Sequence[str],
        metrics: StreamMetrics,
    ) -> None:
        self._ask = ask
        self._topics = topics
        self._metrics = metrics

    async def begin(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> None:
        """Begin every partition of ours for which Kafka has no offset of the group.

        A group that has others has lost these, or the partitions are new; one that has none is new, or has lost all.
        """
        async with self._ask() as kafka:
            committed = await kafka.committed()
        known = any(partition.topic in self._topics for partition in committed)
        missing = consumer.assignment() - committed.keys()
        starts = await self._begin_at_start(consumer, assignment, missing)
        for partition, start in starts.items():
            lost = known and start > 0
            self._metrics.without_offset.labels("lost" if lost else "new").inc()
            tell = log.error if lost else log.info
            tell(
                "no offset of the group",
                topic=partition.topic,
                partition=partition.partition,
                reads_from=start,
                perhaps_never_read=start if lost else 0,
            )

    async def begin_again(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> None:
        """Begin partitions of ours that were made again: another log has replaced the one we read."""
        again = assignment.remade & consumer.assignment()
        await self._begin_at_start(consumer, assignment, again)
        assignment.remade -= again

    async def reset(
        self, consumer: AIOKafkaConsumer, assignment: Assignment, asked: Mapping[TopicPartition, int]
    ) -> None:
        """Go on at the oldest record that is left, and count what is gone: retention was faster than we were."""
        starts = await self._begin_at_start(consumer, assignment, asked.keys())
        for partition, start in starts.items():
            lost = max(0, start - asked[partition])
            self._metrics.lost.inc(lost)
            log.error(
                "offset out of range",
                topic=partition.topic,
                partition=partition.partition,
                offset=asked[partition],
                lost=lost,
            )

    async def read_again(
        self,
        consumer: AIOKafkaConsumer,
        fetched: Mapping[TopicPartition, Sequence[ConsumerRecord[bytes | None, bytes]]],
        asked: ReadAgain,
    ) -> None:
        """Go back to the positions asked for, as far as the partitions are ours, and to the start of the batch."""
        targets = {partition: records[0].offset for partition, records in fetched.items()}
        for place, position in asked.positions.items():
            partition = TopicPartition(*place)
            if partition in consumer.assignment():
                reached = targets[partition] if partition in targets else await consumer.position(partition)
                self._metrics.read_again.inc(max(0, reached - position))
                targets[partition] = position
        for partition, position in targets.items():
            consumer.seek(partition, position)
        log.warning("reading again", reason=str(asked))

    async def _begin_at_start(
        self, consumer: AIOKafkaConsumer, assignment: Assignment, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        if not partitions:
            return {}
        taken = assignment.taken_since()
        async with assignment.working():
            starts: Mapping[TopicPartition, int] = await consumer.beginning_offsets(list(partitions))
            if taken():
                # Others have them now, and are further than this.
                return {}
            for partition, start in starts.items():
                consumer.seek(partition, start)
            await commit(consumer, starts)
        return starts


async def commit(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> bool:
    """Commit what is done; tells whether Kafka took it. A refusal is no loss: the batch is read again, to no effect."""
    try:
        async with asyncio.timeout(COMMIT_S):
            await consumer.commit(dict(offsets))
    except (KafkaError, TimeoutError) as error:
        log.warning("offsets not committed", error=repr(error))
        return False
    return True

"""How far behind a consumer is, asked of Kafka itself; and whether it has stopped moving although it is behind."""

import asyncio
from collections.abc import Collection
from typing import Final, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from runtime.assignment import Assignment
from runtime.errors import Stuck
from runtime.stream_metrics import StreamMetrics

log = structlog.get_logger()

EVERY_S: Final = 5.0
PATIENCE: Final = 12
"""Rounds without any movement, although there is lag and no batch in work, after which a consumer is stuck."""


class Reads(Protocol):
    """What is asked of a consumer."""

    def assignment(self) -> Collection[TopicPartition]: ...
    async def end_offsets(self, partitions: list[TopicPartition], /) -> dict[TopicPartition, int]: ...
    async def committed(self, partition: TopicPartition, /) -> int | None: ...


async def watch_lag(
    consumer: Reads, assignment: Assignment, group: str, metrics: StreamMetrics, every_s: float = EVERY_S
) -> None:
    """Keep the lag gauge true every few seconds, for ever.

    Raises Stuck when there is lag and nothing has moved for twelve rounds: aiokafka's consumer can sit in its group
    and fetch nothing (aio-libs/aiokafka#625), and only a fresh start helps.
    """
    labelled: set[TopicPartition] = set()
    before: dict[TopicPartition, int] = {}
    idle = 0
    while True:
        await asyncio.sleep(every_s)
        try:
            async with asyncio.timeout(every_s):
                positions, ends = await measure(consumer)
        except (KafkaError, TimeoutError, OSError) as error:
            log.debug("lag is unknown", error=repr(error))
            continue
        for place in labelled - ends.keys():
            metrics.lag.remove(group, place.topic, place.partition)
        for place, end in ends.items():
            metrics.lag.labels(group, place.topic, place.partition).set(max(0, end - positions[place]))
        labelled = set(ends)
        behind = any(end > positions[place] for place, end in ends.items())
        idle = idle + 1 if behind and positions == before and not assignment.busy else 0
        before = positions
        if idle >= PATIENCE:
            raise Stuck(f"group {group} is behind and has fetched nothing for {PATIENCE * every_s:.0f} s")


async def measure(consumer: Reads) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Give committed offsets and ends of the partitions assigned to us."""
    places = consumer.assignment()
    ends = await consumer.end_offsets(list(places)) if places else {}
    committed = {place: await consumer.committed(place) or 0 for place in ends}
    return committed, ends

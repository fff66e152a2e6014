"""Reads clicks of the topic `clicks.enriched` in the order of their ids, to score them again.

Records of all partitions are merged by the time at which Kafka took them, so that it does not matter how fast each
partition is read. Then a buffer of 15 minutes puts the clicks into the order of their ids. A click that reached the
topic later than that is left out and counted: only the table has it in its place.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Final

from aiokafka import TopicPartition

from quality.reorder import REORDER_MS, ReorderBuffer
from quality.rules import Rules
from quality.settling import Settling
from quality.settling_click import SettledClick, SettlingClick
from runtime.kafka.clients import AIOKafkaConsumer
from runtime.kafka.security import PLAINTEXT, KafkaSecurity
from schemas import EnrichedClick, Undecodable, decode
from storage.read.settling import read_record
from storage.settling import LOOK_AHEAD, LOOK_BACK, PAGE, Step
from storage.topic_consumer import ANSWER_S, FETCHED, SKEW, Record, TopicUnreadable, explain_errors, open_consumer

REORDER: Final = timedelta(milliseconds=REORDER_MS)


class TopicReader:
    """Reads one topic, once. `too_late` and `undecodable` count what was left out."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, servers: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._servers = servers
        self._queues: dict[TopicPartition, deque[Record]] = {}
        self._buffer = ReorderBuffer()
        self.undecodable = 0

    @property
    def too_late(self) -> int:
        return self._buffer.too_late

    async def read(self, since: datetime, until: datetime) -> AsyncIterator[SettlingClick]:
        """Give the clicks of this time in order. Raises TopicUnreadable, also where Kafka has deleted some of it."""
        ends = await self._seek(since - SKEW, until + REORDER)
        async for record in self._merge(ends):
            click = decode(EnrichedClick, record.value or b"")
            if isinstance(click, Undecodable):
                # The sink made a dead letter of it, so the table does not have it either.
                self.undecodable += 1
            elif since <= click.clicked_at < until:
                for ordered in self._buffer.add(read_record(click)):
                    yield ordered
        for ordered in self._buffer.end():
            yield ordered

    async def _seek(self, since: datetime, until: datetime) -> dict[TopicPartition, int]:
        """Go to the first record of the time in each partition; give the offsets after the last ones."""
        with explain_errors(self._servers, self._topic):
            async with asyncio.timeout(ANSWER_S):
                partitions = sorted(self._consumer.assignment())
                await self._check_retention(partitions, since)
                ends = await self._consumer.end_offsets(partitions)
                firsts = await self._find_offsets(partitions, since)
                lasts = await self._find_offsets(partitions, until)
        for partition in partitions:
            self._consumer.seek(partition, firsts.get(partition, ends[partition]))
            self._queues[partition] = deque()
        return {partition: lasts.get(partition, ends[partition]) for partition in partitions}

    async def _check_retention(self, partitions: Collection[TopicPartition], since: datetime) -> None:
        """Raise TopicUnreadable if Kafka has deleted records that may be of the time after `since`."""
        starts = await self._consumer.beginning_offsets(partitions)
        oldest = await self._consumer.offsets_for_times(dict.fromkeys(partitions, 0))
        # In a partition that begins with its first record nothing was deleted.
        cut = [partition for partition in partitions if starts[partition] > 0]
        if any(oldest[partition] is None for partition in cut):
            raise TopicUnreadable(f"Kafka has deleted all records of a partition of {self._topic}: use --source table")
        begins = max((datetime.fromtimestamp(oldest[one].timestamp / 1000, UTC) for one in cut), default=since)
        if begins > since:
            earliest = begins + LOOK_BACK + SKEW + timedelta(minutes=1)
            raise TopicUnreadable(
                f"{self._topic} begins at {begins:%Y-%m-%dT%H:%MZ}: Kafka has deleted what is older (retention.ms)."
                f" Scoring reads a day before --from: begin at {earliest:%Y-%m-%dT%H:%MZ} or later,"
                " or use --source table"
            )

    async def _find_offsets(self, partitions: Sequence[TopicPartition], time: datetime) -> Mapping[TopicPartition, int]:
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, round(time.timestamp() * 1000)))
        return {partition: first.offset for partition, first in found.items() if first is not None}

    async def _merge(self, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Record]:
        """Give the records of all partitions by the time at which Kafka took them."""
        heads: list[tuple[int, int, int, Record]] = []
        ready = list(ends)
        while ready or heads:
            for partition in ready:
                if (record := await self._next(partition, ends[partition])) is not None:
                    heappush(heads, (record.timestamp, record.partition, record.offset, record))
            if not heads:
                return
            record = heappop(heads)[3]
            ready = [TopicPartition(self._topic, record.partition)]
            yield record

    async def _next(self, partition: TopicPartition, end: int) -> Record | None:
        """Give the next record of a partition before the offset `end`; null if there is none."""
        queue = self._queues[partition]
        if not queue:
            queue.extend(await self._fetch(partition, end))
        return queue.popleft() if queue and queue[0].offset < end else None

    async def _fetch(self, partition: TopicPartition, end: int) -> Sequence[Record]:
        with explain_errors(self._servers, self._topic):
            async with asyncio.timeout(ANSWER_S):
                # The position also passes what is no record, such as markers of transactions.
                while await self._consumer.position(partition) < end:
                    fetched = await self._consumer.getmany(partition, timeout_ms=500, max_records=FETCHED)
                    if records := fetched.get(partition):
                        return records  # type: ignore[no-any-return] # published without types
        return ()


class TopicPass:
    """Settles the clicks of the topic from `since` to `until`, in steps as `storage.settling.TablePass` does."""

    def __init__(self, reader: TopicReader, rules: Rules, since: datetime, until: datetime, page: int = PAGE) -> None:
        self._settling = Settling(rules)
        self._since = since
        self._page = page
        self._clicks = reader.read(since - LOOK_BACK, until + LOOK_AHEAD)

    async def step(self, until: datetime) -> Step:
        """Read the next clicks before `until`, of which those are final that are 120 s older."""
        final: list[SettledClick] = []
        reached, number = self._since, 0
        async for click in self._clicks:
            final += self._settling.add(click)
            reached, number = click.clicked_at, number + 1
            if number == self._page:
                break
        is_last = number < self._page
        if is_last:
            reached = until
            final += self._settling.advance(round(until.timestamp() * 1000))
        settled = [one for one in final if one.click.clicked_at >= self._since]
        return Step(settled, max(self._since, reached - LOOK_AHEAD), is_last)


@asynccontextmanager
async def open_topic(
    servers: Sequence[str], topic: str, security: KafkaSecurity = PLAINTEXT
) -> AsyncIterator[TopicReader]:
    """Connect, without a group. Raises TopicUnreadable."""
    async with open_consumer(servers, [topic], security, "clickrail-rescore") as consumer:
        yield TopicReader(consumer, topic, ",".join(servers))

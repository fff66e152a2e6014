"""Reads the records of topics from a time on up to where they end now, in batches. Within a partition in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from aiokafka import TopicPartition

from runtime.kafka.clients import AIOKafkaConsumer
from runtime.kafka.security import PLAINTEXT, KafkaSecurity
from storage.topic_consumer import ANSWER_S, FETCHED, Record, explain_errors, open_consumer

AGAIN: Final = "run it again"


class RecordReader:
    """Reads topics, once. `remaining` is how many records are still to be read, at most."""

    def __init__(self, consumer: AIOKafkaConsumer, servers: str) -> None:
        self._consumer = consumer
        self._servers = servers
        self._ends: dict[TopicPartition, int] = {}
        self._nexts: dict[TopicPartition, int] = {}

    @property
    def remaining(self) -> int:
        return sum(end - self._nexts[partition] for partition, end in self._ends.items())

    async def seek(self, since: datetime) -> dict[str, datetime]:
        """Go to the first records that Kafka took at this time or later; the topics end where they end now.

        Returns the topics of which Kafka has deleted such records, with the time from which it has all. Raises
        TopicUnreadable.
        """
        with explain_errors(self._servers, "the topics", AGAIN):
            async with asyncio.timeout(ANSWER_S):
                partitions = sorted(self._consumer.assignment())
                starts = await self._consumer.beginning_offsets(partitions)
                ends = await self._consumer.end_offsets(partitions)
                since_ms = dict.fromkeys(partitions, round(since.timestamp() * 1000))
                firsts = await self._consumer.offsets_for_times(since_ms)
                oldest = await self._consumer.offsets_for_times(dict.fromkeys(partitions, 0))
        for partition in partitions:
            first = ends[partition] if firsts[partition] is None else firsts[partition].offset
            if first < ends[partition]:
                self._ends[partition], self._nexts[partition] = ends[partition], first
            self._consumer.seek(partition, first)
        self._consumer.pause(*(partition for partition in partitions if partition not in self._ends))
        return find_cut(starts, {partition: one and one.timestamp for partition, one in oldest.items()}, since)

    async def read(self) -> AsyncIterator[Sequence[Record]]:
        """Give the records in batches of FETCHED at most. Raises TopicUnreadable."""
        while self._ends:
            yield await self._fetch()

    async def _fetch(self) -> list[Record]:
        """Give the next records before the ends, and leave partitions that have no more."""
        found: list[Record] = []
        with explain_errors(self._servers, "the topics", AGAIN):
            async with asyncio.timeout(ANSWER_S):
                while self._ends and not found:
                    fetched = await self._consumer.getmany(timeout_ms=500, max_records=FETCHED)
                    found = [
                        record
                        for partition, records in fetched.items()
                        for record in records
                        if record.offset < self._ends.get(partition, 0)
                    ]
                    await self._advance()
        return found

    async def _advance(self) -> None:
        # The position also passes what is no record, such as markers of transactions.
        for partition, end in [*self._ends.items()]:
            self._nexts[partition] = min(await self._consumer.position(partition), end)
            if self._nexts[partition] >= end:
                del self._ends[partition]
                self._consumer.pause(partition)


def find_cut(
    starts: Mapping[TopicPartition, int], oldest_ms: Mapping[TopicPartition, int | None], since: datetime
) -> dict[str, datetime]:
    """Return the topics that lack records from `since` on, and the time from which they are complete."""
    cut: dict[str, datetime] = {}
    for partition, start in starts.items():
        # In a partition that begins with its first record nothing was deleted.
        if start == 0:
            continue
        oldest = oldest_ms[partition]
        begins = datetime.now(UTC) if oldest is None else datetime.fromtimestamp(oldest / 1000, UTC)
        if begins > since:
            cut[partition.topic] = max(begins, cut.get(partition.topic, begins))
    return cut


@asynccontextmanager
async def open_records(
    servers: Sequence[str], topics: Sequence[str], security: KafkaSecurity = PLAINTEXT
) -> AsyncIterator[RecordReader]:
    """Connect, without a group. Raises TopicUnreadable."""
    async with open_consumer(servers, topics, security, "clickrail-backfill") as consumer:
        yield RecordReader(consumer, ",".join(servers))

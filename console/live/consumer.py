"""Reads new clicks from Kafka for the live view: one consumer per process, without a group, from the end of the topics.

Events it misses are in the tables. While Kafka is away it reports this in `problem` and retries; it then continues
where it was, but shows at most CATCH_UP older records of each partition.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, TypeAlias

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from console.clicks.events import ClickOrRejection
from console.live.broadcast import Broadcast
from console.metrics import ConsoleMetrics
from console.settings import Settings
from runtime.backoff import backoff_delays
from runtime.containment import Crash, contain
from runtime.kafka.clients import METADATA_MS, AIOKafkaConsumer
from runtime.kafka.security import KafkaSecurity, read_security
from runtime.outage_log import OutageLog
from schemas import CLICKS_ENRICHED, CLICKS_REJECTED, EnrichedClick, RejectedClick, Undecodable, decode
from schemas.letters import taken_at
from storage.read.records import StoredClick, StoredRejection

log = structlog.get_logger()

Record: TypeAlias = ConsumerRecord[bytes | None, bytes]

CATCH_UP: Final = 200
"""The most records of a partition to show after an outage."""
PROBE_S: Final = 2.0
ANSWER_S: Final = 3.0
STOP_S: Final = 3.0


class KafkaAway(Exception):  # noqa: N818 - it reads as what it is
    """Kafka does not answer, or not correctly. The message is for people."""


class LiveStream:
    """Reads enriched and rejected clicks and publishes them to the broadcast. `problem` is null while it works.

    Raises SettingsError if a TLS file cannot be used.
    """

    def __init__(self, settings: Settings, broadcast: Broadcast, metrics: ConsoleMetrics) -> None:
        self.problem: str | None = "Connecting to Kafka"
        self._servers = list(settings.kafka_bootstrap_servers)
        self._security = read_security(settings)
        self._enriched = f"{settings.kafka_topic_prefix}{CLICKS_ENRICHED.name}"
        self._rejected = f"{settings.kafka_topic_prefix}{CLICKS_REJECTED.name}"
        self._broadcast = broadcast
        self._metrics = metrics
        self._next: dict[TopicPartition, int] = {}
        self._outage = OutageLog(log, "live stream interrupted", "live stream works again")

    async def run(self) -> None:
        """Read the topics until cancelled."""
        delays = backoff_delays(most_s=5.0)
        while True:
            try:
                async with open_consumer(self._servers, self._security, self._enriched, self._rejected) as consumer:
                    partitions = await self._seek(consumer)
                    self.problem, delays = None, backoff_delays(most_s=5.0)
                    self._outage.end()
                    await self._read_and_probe(consumer, partitions)
            except (KafkaAway, KafkaError, OSError, TimeoutError) as error:
                self.problem = describe(error)
                self._outage.fail(repr(error))
            await asyncio.sleep(next(delays))

    async def _seek(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        """Start each partition at our last position, or else at its end."""
        partitions = sorted(consumer.assignment())
        ends = await fetch_end_offsets(consumer, partitions)
        for partition, end in ends.items():
            start = min(end, max(self._next.get(partition, end), end - CATCH_UP))
            consumer.seek(partition, start)
            self._next[partition] = start
        return partitions

    async def _read_and_probe(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        reading = asyncio.ensure_future(self._read(consumer))
        watching = asyncio.ensure_future(self._probe(consumer, partitions))
        try:
            done, _ = await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            reading.cancel()
            watching.cancel()
            await asyncio.wait({reading, watching})

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=250, max_records=1000)
            records = [record for part in fetched.values() for record in part]
            for record in sorted(records, key=lambda record: record.timestamp):
                self._broadcast.defer(partial(self.handle_record, record))
            self._next.update({partition: part[-1].offset + 1 for partition, part in fetched.items() if part})

    def handle_record(self, record: Record) -> None:
        """Publish a record. A record that our code fails at is logged and skipped."""
        shown = contain(self._publish, record)
        if isinstance(shown, Crash):
            self._metrics.events.labels("undecodable").inc()
            log.error("record not shown", error=shown.description, topic=record.topic, offset=record.offset)

    def _publish(self, record: Record) -> None:
        event = decode_event(record, rejected=record.topic == self._rejected)
        if event is None:
            # Skip it here: the sink makes the dead letter, with the reason.
            self._metrics.events.labels("undecodable").inc()
            return
        self._metrics.events.labels("click" if isinstance(event, StoredClick) else "rejection").inc()
        self._broadcast.publish(event)

    async def _probe(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        # getmany() waits silently while Kafka is away, so ask for the end offsets. Raises KafkaAway if reading stalls.
        idle, before = 0, dict(self._next)
        while True:
            await asyncio.sleep(PROBE_S)
            ends = await fetch_end_offsets(consumer, partitions)
            behind = any(end > self._next[partition] for partition, end in ends.items())
            idle = idle + 1 if behind and before == self._next else 0
            before = dict(self._next)
            if idle > 2:  # noqa: PLR2004 - two rounds may be a slow fetch
                raise KafkaAway("Kafka has new records but does not deliver them")
            if consumer.assignment() != set(partitions):
                raise KafkaAway("Kafka's partitions have changed")


def describe(error: Exception) -> str:
    match error:
        case KafkaAway():
            return str(error)
        case UnknownTopicOrPartitionError():
            return "Kafka lacks some of Clickrail's topics: run `clickrail topics apply`"
        case _:
            return "Kafka does not answer"


def decode_event(record: Record, *, rejected: bool) -> ClickOrRejection | None:
    """Decode a record; null if it does not fit its topic."""
    published_at = taken_at(record)
    if rejected:
        rejection = decode(RejectedClick, record.value or b"")
        return None if isinstance(rejection, Undecodable) else StoredRejection(rejection, published_at)
    click = decode(EnrichedClick, record.value or b"")
    return None if isinstance(click, Undecodable) else StoredClick(click, published_at)


async def fetch_end_offsets(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    async with asyncio.timeout(ANSWER_S):
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
        return ends


@asynccontextmanager
async def open_consumer(servers: list[str], security: KafkaSecurity, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=servers,
        **security.options(),
        # Without a group this consumer reads every partition, including those added later.
        group_id=None,
        client_id="clickrail-console",
        enable_auto_commit=False,
        auto_offset_reset="latest",
        # Each fetch costs the broker: let it answer after fetch_max_wait_ms with all records, not at the first byte.
        fetch_min_bytes=1024 * 1024,
        # Also the time for which the client waits silently for a missing topic.
        request_timeout_ms=5_000,
        metadata_max_age_ms=METADATA_MS,
        fetch_max_wait_ms=250,
        max_partition_fetch_bytes=256 * 1024,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        stopping = asyncio.ensure_future(consumer.stop())
        _, late = await asyncio.wait({stopping}, timeout=STOP_S)
        for task in late:
            task.cancel()
        with suppress(KafkaError, asyncio.CancelledError):
            await stopping

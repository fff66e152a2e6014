"""The consume loop: batches in, work done, offsets committed. At least once; nothing is skipped in silence.

A batch is everything one fetch returned. Its offsets are committed when `handle` has returned, never before. While a
dependency is away the same batch is tried again, for ever and in order. A batch whose partitions were taken away
meanwhile is dropped without a commit: whoever has them now reads it again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from runtime.assignment import Assignment
from runtime.errors import DependencyAway
from runtime.kafka_clients import AIOKafkaConsumer
from runtime.lag import watch_lag
from runtime.pauses import pauses, sleep_unless
from runtime.stream_metrics import StreamMetrics

log = structlog.get_logger()

Records = Sequence[ConsumerRecord[bytes | None, bytes]]
Handle = Callable[[Records], Awaitable[None]]
"""Does the work of one batch and returns when it is safe. Raises DependencyAway to be called again with the same."""

Fetched = dict[TopicPartition, list[Any]]

DAY_MS: Final = 24 * 3600 * 1000
STOP_S: Final = 5.0


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What to read, in which portions. `poll_ms` is how long a fetch may wait for records."""

    bootstrap_servers: tuple[str, ...]
    group: str
    topics: tuple[str, ...]
    client_id: str
    max_records: int = 5000
    poll_ms: int = 200


class ConsumeLoop:
    """Reads a subscription and has each batch handled. `problem` says in a few words what it waits for, if anything."""

    def __init__(self, subscription: Subscription, handle: Handle, metrics: StreamMetrics) -> None:
        self.problem: str | None = "not connected to Kafka yet"
        self._subscription = subscription
        self._handle = handle
        self._metrics = metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; the batch in work is finished first. Reconnects by itself.

        Raises Stuck when Kafka has records for us and none has come for a minute.
        """
        waits = pauses()
        while not stop.is_set():
            try:
                async with joined(self._subscription) as (consumer, assignment):
                    waits = pauses()
                    self.problem = "waiting for partitions"
                    await self._consume(consumer, assignment, stop)
            except (KafkaError, OSError) as error:
                self.problem = f"Kafka: {type(error).__name__}"
                log.warning("consumer lost Kafka", error=repr(error))
                await sleep_unless(stop.is_set, next(waits))

    async def _consume(self, consumer: AIOKafkaConsumer, assignment: Assignment, stop: asyncio.Event) -> None:
        polling = asyncio.ensure_future(self._poll(consumer, assignment, stop))
        watching = asyncio.ensure_future(watch_lag(consumer, assignment, self._subscription.group, self._metrics))
        done, late = await asyncio.wait({polling, watching}, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        await asyncio.wait(late)
        for task in done:
            task.result()

    async def _poll(self, consumer: AIOKafkaConsumer, assignment: Assignment, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                fetched = await consumer.getmany(
                    timeout_ms=self._subscription.poll_ms, max_records=self._subscription.max_records
                )
                if assignment.settled:
                    self.problem = None
            except NoOffsetForPartitionError as error:
                # A new group starts at the oldest record there is.
                await consumer.seek_to_beginning(error.args[0])
                continue
            except OffsetOutOfRangeError as error:
                await self._reset(consumer, error.args[0])
                continue
            if fetched:
                # Asked before anything else can run: the epoch these records were fetched in.
                await self._work(consumer, fetched, assignment, assignment.taken_since(), stop)

    async def _work(
        self,
        consumer: AIOKafkaConsumer,
        fetched: Fetched,
        assignment: Assignment,
        taken: Callable[[], bool],
        stop: asyncio.Event,
    ) -> None:
        records = [record for part in fetched.values() for record in part]
        async with assignment.working():
            with self._metrics.batch_seconds.time():
                done = await self._until_done(records, lambda: stop.is_set() or taken())
            if done and not taken():
                await commit(consumer, {place: part[-1].offset + 1 for place, part in fetched.items() if part})
                self._metrics.records.inc(len(records))

    async def _until_done(self, records: Records, given_up: Callable[[], bool]) -> bool:
        if given_up():
            return False
        for wait in pauses():
            try:
                await self._handle(records)
            except DependencyAway as error:
                self.problem = str(error)
                log.warning("batch waits", error=str(error), records=len(records), again_in_s=round(wait, 1))
            else:
                self.problem = None
                return True
            if await sleep_unless(given_up, wait):
                log.warning("batch left for whoever reads on", records=len(records))
                break
        return False

    async def _reset(self, consumer: AIOKafkaConsumer, asked: dict[TopicPartition, int]) -> None:
        """Go on at the oldest record that is left, and count what is gone: retention was faster than we were."""
        oldest = await consumer.beginning_offsets(list(asked))
        for place, offset in asked.items():
            lost = max(0, oldest[place] - offset)
            self._metrics.lost.inc(lost)
            log.error("offset out of range", topic=place.topic, partition=place.partition, offset=offset, lost=lost)
            consumer.seek(place, oldest[place])


@asynccontextmanager
async def joined(subscription: Subscription) -> AsyncIterator[tuple[AIOKafkaConsumer, Assignment]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=list(subscription.bootstrap_servers),
        group_id=subscription.group,
        client_id=subscription.client_id,
        enable_auto_commit=False,
        # Neither the start of a group nor the loss of an offset is aiokafka's to decide: see `_poll`.
        auto_offset_reset="none",
        # A batch that waits for a database keeps its partitions; a loop that hangs is found by its own watch.
        max_poll_interval_ms=DAY_MS,
        session_timeout_ms=10_000,
        rebalance_timeout_ms=15_000,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        # Longer than a rebalance may take: the answer to a join comes when the group is complete.
        request_timeout_ms=20_000,
    )
    assignment = Assignment()
    consumer.subscribe(topics=list(subscription.topics), listener=assignment)
    try:
        await consumer.start()
        yield consumer, assignment
    finally:
        await leave(consumer)


async def leave(consumer: AIOKafkaConsumer) -> None:
    # stop() talks to the coordinator, and a broker that does not answer must not keep the process.
    stopping = asyncio.ensure_future(consumer.stop())
    _, late = await asyncio.wait({stopping}, timeout=STOP_S)
    for task in late:
        task.cancel()
    with suppress(KafkaError, asyncio.CancelledError):
        await stopping


async def commit(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    """Commit what is done. A refusal is no loss: the batch is read again, and doing it twice changes nothing."""
    try:
        await consumer.commit(offsets)
    except KafkaError as error:
        log.warning("offsets not committed", error=repr(error))

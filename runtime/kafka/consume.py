"""The consume loop: batches in, work done, offsets committed. At least once; nothing is skipped in silence.

A batch is everything one fetch returned. Its offsets are committed when `handle` has returned, never before. While a
dependency is away the same batch is tried again, for ever and in order. If a rebalance takes its partitions away, the
batch is dropped without a commit, and their new owner reads it again.

A batch with so many dead letters that they are over the limit stops the loop: nothing of it is committed, the consumer
keeps its partitions and reads no further, and `problem` says why. It is tried again every minute, because the cause may
be fixed elsewhere, for example in the database. A bug of ours is fixed by a new version, which is another process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from runtime.backoff import backoff_delays, grace_period, sleep_unless
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.errors import DependencyAway, ReadAgain, TooManyDeadLetters
from runtime.kafka.assignment import Assignment
from runtime.kafka.clients import AIOKafkaConsumer
from runtime.kafka.lag import LagWatch
from runtime.kafka.metrics import StreamMetrics
from runtime.kafka.positions import Positions, commit
from runtime.kafka.subscription import Subscription, asking_about, reading
from runtime.outage_log import OutageLog

log = structlog.get_logger()

Records = Sequence[ConsumerRecord[bytes | None, bytes]]
Handle = Callable[[Records], Awaitable[None]]
"""Does the work of one batch and returns when it is safe.

Raises DependencyAway to be called again with the same, ReadAgain to be called with what was read before, and
TooManyDeadLetters, from the check of the limit that was given to the loop as well, before it has delivered any dead
letter.
"""

Fetched = dict[TopicPartition, list[Any]]

FINISH_S: Final = 6.0
"""How long the batch in work, or a connection being made, is waited for after `stop`."""
STOPPED_S: Final = 60.0
"""How long a batch with too many dead letters rests before it is tried again."""


class ConsumeLoop:
    """Reads a subscription and has each batch handled. `problem` says in a few words what it waits for, if anything."""

    def __init__(
        self, subscription: Subscription, handle: Handle, metrics: StreamMetrics, limit: DeadLetterLimit | None = None
    ) -> None:
        self._problem: str | None = "not connected to Kafka yet"
        self._subscription = subscription
        self._handle = handle
        self._metrics = metrics
        self._limit = limit or DeadLetterLimit(0, setting="")
        ask = lambda: asking_about(subscription)  # noqa: E731 - a connection, each time
        self._lag = LagWatch(ask, subscription.group, subscription.topics, metrics)
        self._positions = Positions(ask, subscription.topics, metrics)
        self._waits = backoff_delays()
        self._replacing = OutageLog(log, "consumer is replaced", "consumer is connected again")
        self._waiting = OutageLog(log, "batch waits", "batch is done")

    @property
    def problem(self) -> str | None:
        """What is wrong, in a few words, if anything: with our own consumer, and with the group and its topics."""
        return "; ".join(filter(None, (self._problem, self._lag.problem))) or None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; the batch in work is finished first, if that takes no more than six seconds.

        Reconnects when Kafka is back. A consumer that gets no records although there are some is replaced.
        """
        while not stop.is_set():
            try:
                await self._consume(stop)
            except (KafkaError, OSError, DependencyAway) as error:
                self._problem = str(error) if isinstance(error, DependencyAway) else f"Kafka: {type(error).__name__}"
                self._replacing.fail(repr(error))
                await sleep_unless(stop.is_set, next(self._waits))

    async def _consume(self, stop: asyncio.Event) -> None:
        assignment = Assignment(self._metrics.rebalance_seconds.observe)
        watching = asyncio.ensure_future(self._lag.watch(assignment))
        try:
            async with reading(self._subscription, assignment) as consumer:
                polling = asyncio.ensure_future(self._poll(consumer, assignment, stop))
                try:
                    async with grace_period(stop, FINISH_S):
                        await asyncio.wait({polling, watching}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    polling.cancel()
                    await asyncio.gather(polling, return_exceptions=True)
        finally:
            # After we have left the group: until then our partitions wait, and its clients may take seconds to close.
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        for task in (polling, watching):
            if not task.cancelled():
                task.result()

    async def _poll(self, consumer: AIOKafkaConsumer, assignment: Assignment, stop: asyncio.Event) -> None:
        await consumer.start()
        self._problem, self._waits = None, backoff_delays()
        self._replacing.end()
        while not stop.is_set():
            try:
                fetched = await consumer.getmany(
                    timeout_ms=self._subscription.poll_ms, max_records=self._subscription.max_records
                )
            except NoOffsetForPartitionError:
                await self._positions.begin(consumer, assignment)
                continue
            except OffsetOutOfRangeError as error:
                await self._positions.reset(consumer, assignment, error.args[0])
                continue
            if fetched:
                # Asked before anything else can run: the epoch these records were fetched in.
                await self._work(consumer, fetched, assignment, assignment.taken_since(), stop)
            if assignment.remade:
                await self._positions.begin_again(consumer, assignment)

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
            try:
                with self._metrics.batch_seconds.time():
                    done = await self._until_done(records, lambda: stop.is_set() or taken())
            except ReadAgain as error:
                self._limit.discard()
                if not taken():
                    await self._positions.read_again(consumer, fetched, error)
                return
            offsets = {partition: part[-1].offset + 1 for partition, part in fetched.items() if part}
            if done and not taken() and await commit(consumer, offsets):
                self._metrics.records.inc(len(records))
                self._limit.count_committed(len(records))
            else:
                self._limit.discard()

    async def _until_done(self, records: Records, given_up: Callable[[], bool]) -> bool:
        if given_up():
            return False
        for pause in backoff_delays():
            wait = pause
            self._limit.discard()
            try:
                await self._handle(records)
            except DependencyAway as error:
                self._stand(str(error))
                self._waiting.fail(str(error), records=len(records))
            except TooManyDeadLetters as error:
                wait = STOPPED_S
                self._stand(str(error), stopped=True)
                # No trace says more than the sentence.
                log.error("too many dead letters", error=str(error), records=len(records))  # noqa: TRY400 - see above
            else:
                self._stand(None)
                self._waiting.end(records=len(records))
                return True
            if await sleep_unless(given_up, wait):
                log.warning("batch left for whoever reads on", records=len(records))
                self._stand(None)
                break
        return False

    def _stand(self, problem: str | None, *, stopped: bool = False) -> None:
        self._problem = problem
        self._metrics.stopped.set(stopped)

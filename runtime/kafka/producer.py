"""Records to Kafka: a list goes in, and when `deliver` returns, every one of them is acknowledged.

aiokafka's `send()` is not for many concurrent callers (aio-libs/aiokafka#528): here one caller packs whole batches
with `create_batch` and waits for their acknowledgements under a deadline of its own, because aiokafka's `send` and
`stop` can hang for ever while a broker is away (#1101). After any failure the client is thrown away and a new one made:
its sequence numbers may be out of step (#1017), and a record sent twice is harmless where readers deduplicate.
Records that Kafka refuses are searched for by a client without sequence numbers, which goes on after each refusal.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from runtime.errors import DeliveryFailed, RecordRefused, RefusedFor
from runtime.kafka.clients import METADATA_MS, AIOKafkaProducer, InvalidRecordError
from runtime.kafka.partitioner import KeyPartitioner, Partitioner, TopicPartitions
from runtime.kafka.security import PLAINTEXT, KafkaSecurity

Headers = list[tuple[str, bytes]]
NO_HEADERS: Final[Headers] = []

REFUSALS: Final[Mapping[type[KafkaError], RefusedFor]] = {
    MessageSizeTooLargeError: "too_large",
    RecordListTooLargeError: "too_large",
    InvalidRecordError: "invalid",
}
"""How Kafka refuses a batch that it would refuse again. Every other error counts as an outage."""
REFUSED: Final = tuple(REFUSALS)
STOP_S: Final = 0.5
"""How long a client may take to close before it is left behind."""


class OutRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to be written. The producer's partitioner chooses its partition."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers = NO_HEADERS


class DeliversRecords(Protocol):
    """Delivers records to Kafka, as RecordProducer does: see its `deliver` for what it raises."""

    async def deliver(self, records: Sequence[OutRecord], /) -> None: ...


Batches = dict[tuple[str, int], list[BatchBuilder]]


class RecordProducer:
    """Delivers lists of records, idempotent, acks=all, zstd. For one caller at a time; others wait their turn.

    `deadline_s` bounds connecting, and then the wait for each next acknowledgement: a line that is slow and goes on
    delivers, one that has stopped does not. `partitioner` chooses the partitions, by default by key.
    """

    def __init__(
        self,
        bootstrap_servers: Sequence[str],
        *,
        client_id: str,
        security: KafkaSecurity = PLAINTEXT,
        deadline_s: float = 10.0,
        partitioner: Partitioner | None = None,
    ) -> None:
        self._partitioner = partitioner or KeyPartitioner()
        self._bootstrap_servers = list(bootstrap_servers)
        self._security = security
        self._client_id = client_id
        self._deadline_s = deadline_s
        self._producer: AIOKafkaProducer | None = None
        self._turn = asyncio.Lock()
        self._is_idempotent = True

    @property
    def connected(self) -> bool:
        """Whether the last delivery, if any, went well."""
        return self._producer is not None

    async def deliver(self, records: Sequence[OutRecord]) -> None:
        """Write the records and wait until Kafka has acknowledged all of them.

        Order is kept within a partition. Raises DeliveryFailed when Kafka has not acknowledged anything for too long:
        some may be written.
        Raises RecordRefused when Kafka refuses some, and all others are written, some of them twice.
        """
        async with self._turn:
            refused = await self._deliver(records)
        if refused:
            raise RecordRefused(refused, {records[index].topic for index in refused})

    async def _deliver(self, records: Sequence[OutRecord]) -> dict[int, RefusedFor]:
        """Deliver records in one go, or in ever smaller parts; return the indexes of those that Kafka refuses."""
        try:
            await self._attempt(records)
        except REFUSED as error:
            # A refused batch has used sequence numbers that the broker never saw: it would refuse all that follow.
            await self._abandon()
            self._is_idempotent = False
            try:
                return await self._deliver_halves(records, REFUSALS[type(error)])
            finally:
                self._is_idempotent = True
                await self._abandon()
        return {}

    async def _deliver_halves(self, records: Sequence[OutRecord], reason: RefusedFor) -> dict[int, RefusedFor]:
        """Deliver what was refused as a whole for this reason; return the indexes of the records at fault."""
        if len(records) == 1:
            return {0: reason}
        half = len(records) // 2
        refused: dict[int, RefusedFor] = {}
        for start, part in ((0, records[:half]), (half, records[half:])):
            try:
                await self._attempt(part)
            except REFUSED as error:
                found = await self._deliver_halves(part, REFUSALS[type(error)])
                refused |= {start + index: why for index, why in found.items()}
        return refused

    async def _attempt(self, records: Sequence[OutRecord]) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                producer = await self._connect()
                batches = await pack(producer, records, self._partitioner)
            # Let visitors be answered between the two halves of the work.
            await asyncio.sleep(0)
            await send(producer, batches, self._deadline_s)
        except REFUSED:
            raise
        except (KafkaError, OSError, TimeoutError) as error:
            await self._abandon()
            raise DeliveryFailed(f"{len(records)} records not acknowledged: {error!r}") from error
        except asyncio.CancelledError:
            await self._abandon()
            raise

    async def close(self) -> None:
        await self._abandon()

    async def _connect(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap_servers,
                **self._security.options(),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=self._is_idempotent,
                compression_type="zstd",
                max_batch_size=512 * 1024,
                request_timeout_ms=int(self._deadline_s * 1000),
                metadata_max_age_ms=METADATA_MS,
            )
            self._producer = producer
            await producer.start()
        return self._producer

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await leave(producer)


async def pack(producer: AIOKafkaProducer, records: Sequence[OutRecord], partitioner: Partitioner) -> Batches:
    """Fill batches by topic and partition, in order."""
    by_topic: dict[str, list[OutRecord]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    batches: Batches = {}
    for topic, some in by_topic.items():
        numbers = partitioner.assign(some, await read_partitions(producer, topic))
        for number, builders in pack_topic(producer, some, numbers).items():
            batches[topic, number] = builders
    return batches


def pack_topic(
    producer: AIOKafkaProducer, records: Sequence[OutRecord], numbers: Sequence[int]
) -> dict[int, list[BatchBuilder]]:
    """Fill the batches of partitions, in order; a partition whose batch is full gets another behind it."""
    batches: dict[int, list[BatchBuilder]] = {}
    appends: dict[int, Callable[..., object]] = {}
    for record, number in zip(records, numbers, strict=True):
        append = appends.get(number)
        if append is None or append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is None:
            builder = producer.create_batch()
            batches.setdefault(number, []).append(builder)
            appends[number] = builder.append
            builder.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
    return batches


async def read_partitions(producer: AIOKafkaProducer, topic: str) -> TopicPartitions:
    """Give a topic's partitions as the client knows them; it asks only for a topic that it does not know."""
    count = len(await producer.partitions_for(topic))
    return TopicPartitions(count, sorted(producer.client.cluster.available_partitions_for_topic(topic) or ()))


async def send(producer: AIOKafkaProducer, batches: Batches, deadline_s: float) -> None:
    """Send the batches and wait for their acknowledgements. Raises TimeoutError after `deadline_s` without one."""
    acknowledgements = []
    for (topic, partition), builder in take_turns(batches):
        builder.close()
        async with asyncio.timeout(deadline_s):
            # Waits until the batch before it, of the same partition, is on its way.
            acknowledgements.append(await producer.send_batch(builder, topic, partition=partition))
    await wait_for_all(acknowledgements, deadline_s)


def take_turns(batches: Batches) -> Iterator[tuple[tuple[str, int], BatchBuilder]]:
    """Give the first batch of each partition, then the second ...: those of one turn travel together."""
    for turn in range(max(map(len, batches.values()), default=0)):
        for place, builders in batches.items():
            if turn < len(builders):
                yield place, builders[turn]


async def wait_for_all(acknowledgements: Iterable[asyncio.Future[Any]], deadline_s: float) -> None:
    """Wait for all. Raises what the first that fails says, or TimeoutError after `deadline_s` without one.

    A refusal is raised when all have come: the records of the other batches are sent again, and may not overtake these.
    """
    waiting, refusal = set(acknowledgements), None
    while waiting:
        done, waiting = await asyncio.wait(waiting, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise TimeoutError(f"no acknowledgement for {deadline_s:g} s")
        for error in filter(None, (one.exception() for one in done)):
            if not isinstance(error, REFUSED):
                raise error
            refusal = refusal or error
    if refusal is not None:
        raise refusal


async def leave(producer: AIOKafkaProducer) -> None:
    """Close a client without waiting for what it cannot deliver.

    aiokafka has no public way to give up: `stop()` flushes first, for ever if need be. This is `stop()` without that:
    its sender ends, so that nothing it still holds is written after we have gone on, and its connections close.
    """
    producer._closed = True  # noqa: SLF001 - see above
    sender = producer._sender  # noqa: SLF001 - see above
    tasks = {asyncio.ensure_future(producer.client.close())}
    if sender is not None and sender.sender_task is not None:
        sender.sender_task.cancel()
        tasks.add(sender.sender_task)
    _, late = await asyncio.wait(tasks, timeout=STOP_S)
    for task in late:
        task.cancel()

"""Records to Kafka: a list goes in, and when `deliver` returns, every one of them is acknowledged.

aiokafka's `send()` is not for many concurrent callers (aio-libs/aiokafka#528): here one caller packs whole batches
with `create_batch` and waits for their acknowledgements under a deadline of its own, because aiokafka's `send` and
`stop` can hang for ever while a broker is away (#1101). After any failure the client is thrown away and a new one made:
its sequence numbers may be out of step (#1017), and a record sent twice is harmless where readers deduplicate.
Records that Kafka refuses are searched for by a client without sequence numbers, which goes on after each refusal.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka.errors import KafkaError

from runtime.errors import DeliveryFailed, RecordRefused, RefusedFor
from runtime.kafka.batches import REFUSALS, REFUSED, pack, send
from runtime.kafka.clients import METADATA_MS, AIOKafkaProducer
from runtime.kafka.out_record import OutRecord
from runtime.kafka.partitioner import KeyPartitioner, Partitioner
from runtime.kafka.security import PLAINTEXT, KafkaSecurity

STOP_S: Final = 0.5
"""How long a client may take to close before it is left behind."""


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

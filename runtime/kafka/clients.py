"""aiokafka's clients with fixes. All of our code uses these.

uvloop raises RuntimeError where asyncio only warns: when a connection is written to that was reset a moment ago.
aiokafka expects OSError there (aio-libs/aiokafka#1038, open). So its task that fetches, sends heartbeats or refreshes
metadata ends without an error for its caller, and the client waits for its group or its leaders for ever.

A client that starts asks for metadata on a connection which only that call knows. When the start is cancelled, by a
time limit or because the service ends, nobody closes that connection.

Its records of a fetch and the generator that reads them refer to each other. Those that are not read to their end,
such as the rest of a batch of which one record was wanted, stay in memory until Python's collector looks, minutes
later; by then the space between them is of little use, and a process grew by 4 MiB a minute.

Its producer compresses all batches of a request in one step on the event loop. With a dozen partitions everything else
in the process, such as answers to visitors, waits a millisecond or more for it, dozens of times a second.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Iterator, Mapping
from math import inf
from time import monotonic, perf_counter
from typing import Any, Final, Protocol

import aiokafka
import aiokafka.conn
import aiokafka.consumer.consumer
import aiokafka.consumer.fetcher
import aiokafka.errors
import aiokafka.producer.producer
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import BrokerResponseError, KafkaConnectionError
from aiokafka.producer.sender import Sender
from aiokafka.structs import TopicPartition

__all__ = ["METADATA_MS", "AIOKafkaConsumer", "AIOKafkaProducer", "InvalidRecordError", "stop_soon"]

log = structlog.get_logger()

METADATA_MS: Final = 15_000
"""How old a client's picture of topics and partitions may become; aiokafka's own 5 minutes hide a new partition."""
STOP_S: Final = 5.0

NAME_TAKEN_S: Final = 60.0
"""A static member that has lost its place twice within this time shares its name with another."""

AT_A_TIME_S: Final = 0.0002
"""How long the event loop may be blocked."""


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc]  # published without types
    """The broker refuses a record for its content, such as one without a key in a compacted topic."""

    errno = 87
    message = "INVALID_RECORD"


class FencedInstanceIdError(BrokerResponseError):  # type: ignore[misc]  # published without types
    """Another member of the group has joined with the same name."""

    errno = 82
    message = "FENCED_INSTANCE_ID"


# aiokafka has no classes for these codes: it would raise UnknownError, as for a failure of the broker.
aiokafka.errors.kafka_errors.update({error.errno: error for error in (InvalidRecordError, FencedInstanceIdError)})


class Connection(AIOKafkaConnection):  # type: ignore[misc]  # published without types
    """A connection on which a write that came too late is an error of the connection.

    A client's first connection, which no list of its holds, closes itself when the request on it is cancelled.
    """

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - as its parent has it
        """As its parent's. Raises KafkaConnectionError when the connection is gone."""
        try:
            answer = super().send(request, expect_response)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error
        # The client is told when a connection of its list closes; of its first one it is not.
        return answer if self._on_close_cb is not None else self._closed_if_cancelled(answer)

    async def _closed_if_cancelled(self, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except asyncio.CancelledError:
            self.close()
            raise


class Coordinator(GroupCoordinator):  # type: ignore[misc]  # published without types
    """A member of a group that gives up its name when another process has the same one.

    Kafka gives a name's place to whoever joined last. Two members would take it from each other for ever, do all work
    twice, and commit nearly nothing.
    """

    _group_instance_id: str | None
    _lost_at = -inf

    def reset_generation(self) -> None:
        """Note that the group does not know us any more: we are to join again, with our name or without."""
        if self._group_instance_id is not None and not self._closing.done():
            now = monotonic()
            if now - self._lost_at < NAME_TAKEN_S:
                log.error(
                    "another member of the group has our name: going on without one; set GROUP_INSTANCE_ID of each"
                    " process to a name of its own",
                    group=self.group_id,
                    name=self._group_instance_id,
                )
                self._group_instance_id = None
            self._lost_at = now
        super().reset_generation()


class Records:
    """The records of a fetch from one partition, in place of aiokafka's own: they go when nobody refers to them."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self._records = PartitionRecords(*given, **named)

    @property
    def next_fetch_offset(self) -> int:
        """The offset after the last record that was read."""
        offset: int = self._records.next_fetch_offset
        return offset

    def __iter__(self) -> Iterator[Any]:
        records: Iterator[Any] = self._records
        return records

    def __next__(self) -> Any:
        return next(self._records)

    def __del__(self) -> None:
        self._records._records_iterator = None  # noqa: SLF001 - there is no public name


class AIOKafkaConsumer(aiokafka.AIOKafkaConsumer):  # type: ignore[misc]  # published without types
    """A consumer that leaves its group, and closes its connections even if one of its tasks has failed."""

    async def stop(self) -> None:
        """Stop. The parent's `stop` ends early and raises when a task has failed: the connections are closed anyway.

        A static member of the parent's stays in the group, and nobody reads its partitions until its session has run
        out. That is meant for a member that dies: one that is stopped may not come back.
        """
        if isinstance(self._coordinator, GroupCoordinator):
            # Its only use from now on is to tell whether to leave.
            self._coordinator._group_instance_id = None  # noqa: SLF001 - there is no public name
        try:
            await super().stop()
        finally:
            await self._client.close()


async def stop_soon(*stops: Coroutine[Any, Any, None]) -> None:
    """Stop clients; give up those that do not stop in time, so that a broker that does not answer delays no exit."""
    stopping = [asyncio.ensure_future(stop) for stop in stops]
    _, late = await asyncio.wait(stopping, timeout=STOP_S)
    for task in late:
        task.cancel()
    # The client is thrown away: its error must not keep us from making another one.
    for problem in await asyncio.gather(*stopping, return_exceptions=True):
        if problem is not None:
            log.warning("client left behind", error=repr(problem))


# Clients make their connections by this name, consumers their coordinators and the records of a fetch by those.
aiokafka.conn.AIOKafkaConnection = Connection
aiokafka.consumer.consumer.GroupCoordinator = Coordinator
aiokafka.consumer.fetcher.PartitionRecords = Records


class Builds(Protocol):
    """A batch: compresses itself when it is first asked for its bytes, and keeps them."""

    def get_data_buffer(self) -> Any: ...


async def compress(batches: Iterable[Builds]) -> None:
    """Compress batches, and yield to the event loop every 0.2 ms."""
    began = perf_counter()
    for batch in batches:
        batch.get_data_buffer()
        if perf_counter() - began > AT_A_TIME_S:
            await asyncio.sleep(0)
            began = perf_counter()


class PoliteSender(Sender):  # type: ignore[misc]  # published without types
    """A producer's sender that does not block the event loop while it compresses."""

    async def _send_produce_req(self, node_id: int, batches: Mapping[TopicPartition, Builds]) -> None:
        await compress(batches.values())
        await super()._send_produce_req(node_id, batches)


# Producers make their senders by this name.
aiokafka.producer.producer.Sender = PoliteSender

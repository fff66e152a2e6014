"""Records into aiokafka's batches by topic and partition, and the batches to Kafka until it has acknowledged them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from runtime.errors import RefusedFor
from runtime.kafka.clients import AIOKafkaProducer, InvalidRecordError
from runtime.kafka.out_record import OutRecord
from runtime.kafka.partitioner import Partitioner, TopicPartitions

REFUSALS: Final[Mapping[type[KafkaError], RefusedFor]] = {
    MessageSizeTooLargeError: "too_large",
    RecordListTooLargeError: "too_large",
    InvalidRecordError: "invalid",
}
"""How Kafka refuses a batch that it would refuse again. Every other error counts as an outage."""
REFUSED: Final = tuple(REFUSALS)
Batches = dict[tuple[str, int], list[BatchBuilder]]


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

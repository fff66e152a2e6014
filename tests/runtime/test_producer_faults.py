"""Lists of records while the broker misbehaves: each delivery ends in time, and the next one has a sound client."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import OutOfOrderSequenceNumber, ProducerFenced

from runtime.errors import DeliveryFailed, RecordRefused
from runtime.kafka.out_record import OutRecord
from runtime.kafka.partitioner import KeyPartitioner, StickyPartitioner
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from tests.faults.brokers import ProxiedKafka
from tests.runtime.kafka.test_producer import deliver_at_last, read_all
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

DEADLINE_S = 2.0
SOON_S = 15.0
SLOW_S = 6.0
SLOW_BATCHES = 40
BATCH_BYTES = 512 * 1024
"""As the producer fills them: four records and a part of a fifth, which goes into the next."""
PARTITIONS = 3


@pytest.fixture
async def topic(line: ProxiedKafka, topic_prefix: str) -> str:
    topic = f"{topic_prefix}a"
    await apply_topics([line.proxy.address], [Spec(topic, PARTITIONS, {})])
    return topic


@pytest.fixture(params=[KeyPartitioner, StickyPartitioner])
async def producer(line: ProxiedKafka, request: pytest.FixtureRequest) -> AsyncIterator[RecordProducer]:
    producer = RecordProducer(
        [line.proxy.address], client_id="test", deadline_s=DEADLINE_S, partitioner=request.param()
    )
    yield producer
    await producer.close()


def records(topic: str, *numbers: int) -> list[OutRecord]:
    return [OutRecord(topic, b"%d" % number, b"%d" % number) for number in numbers]


async def numbers(line: ProxiedKafka, topic: str) -> list[int]:
    return [int(value) for _, _, value in await read_all(line.proxy.address, topic)]


def break_sequence(producer: RecordProducer, topic: str) -> None:
    """Have numbers left out in every partition, as aiokafka does when a batch expires without a leader (#1017)."""
    for partition in range(PARTITIONS):
        producer._producer._txn_manager.increment_sequence_number(TopicPartition(topic, partition), 7)


def forget_epoch(producer: RecordProducer, _: str) -> None:
    """Have the epoch of a client that another one with this id has come after."""
    manager = producer._producer._txn_manager
    manager._pid_and_epoch = manager._pid_and_epoch._replace(epoch=manager.producer_epoch - 1)


@pytest.mark.parametrize(
    ("spoil", "error"), [(break_sequence, OutOfOrderSequenceNumber), (forget_epoch, ProducerFenced)]
)
async def test_a_client_whose_numbers_the_broker_refuses_is_replaced(
    line: ProxiedKafka,
    topic: str,
    producer: RecordProducer,
    spoil: Callable[[RecordProducer, str], None],
    error: type[Exception],
) -> None:
    # One by one: a partitioner that takes turns has then written to every partition.
    for number in range(10):
        await producer.deliver(records(topic, number))
    spoil(producer, topic)

    with pytest.raises(DeliveryFailed, match=error.__name__):
        await producer.deliver(records(topic, *range(10, 20)))
    await producer.deliver(records(topic, *range(10, 20)))
    await producer.deliver(records(topic, *range(20, 30)))

    assert sorted(set(await numbers(line, topic))) == list(range(30))


async def test_a_producer_made_while_no_broker_answers_delivers_when_one_does(
    line: ProxiedKafka, topic: str, producer: RecordProducer
) -> None:
    for away in (line.proxy.cut, line.proxy.blackhole):
        away()
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(DeliveryFailed):
                await producer.deliver(records(topic, 1))
            assert not producer.connected
            assert time.monotonic() - began < DEADLINE_S + SOON_S
        line.proxy.restore()
    await asyncio.wait_for(deliver_at_last(producer, records(topic, 1)[0]), PATIENCE_S)

    assert set(await numbers(line, topic)) == {1}


async def test_a_delivery_lasts_as_long_as_acknowledgements_come(line: ProxiedKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}slow"
    await apply_topics([line.proxy.address], [Spec(topic, 1, {})])
    producer = RecordProducer([line.proxy.address], client_id="test", deadline_s=SLOW_S)
    # Each batch of a partition waits for the one before it: all of them take twice the deadline.
    line.proxy.latency_s = SLOW_S / SLOW_BATCHES
    many = [OutRecord(topic, None, random.randbytes(BATCH_BYTES // 5)) for _ in range(SLOW_BATCHES * 4)]
    try:
        began = time.monotonic()
        await deliver_at_last(producer, *many)
        took_s = time.monotonic() - began
    finally:
        line.proxy.latency_s = 0
        await producer.close()

    assert took_s > SLOW_S
    assert len(await read_all(line.proxy.address, topic)) >= len(many)


async def test_close_does_not_wait_for_a_broker_that_is_silent(
    line: ProxiedKafka, topic: str, producer: RecordProducer
) -> None:
    await producer.deliver(records(topic, 1))
    line.proxy.blackhole()
    delivering = asyncio.create_task(producer.deliver(records(topic, *range(2, 1000))))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    await producer.close()

    assert time.monotonic() - began < SOON_S


async def test_what_was_given_up_is_not_written_after_what_came_later(
    line: ProxiedKafka, topic: str, producer: RecordProducer
) -> None:
    await producer.deliver(records(topic, 1))
    line.proxy.cut()
    with pytest.raises(DeliveryFailed):
        await producer.deliver(records(topic, 2))
    line.proxy.restore()
    await asyncio.wait_for(deliver_at_last(producer, records(topic, 3)[0]), PATIENCE_S)
    await asyncio.sleep(1)

    assert sorted(await numbers(line, topic)) == [1, 3]


async def test_requests_cut_off_in_their_middle_are_made_good(
    line: ProxiedKafka, topic: str, producer: RecordProducer
) -> None:
    for number in range(20):
        line.proxy.break_after(1 + 97 * number)
        await asyncio.wait_for(deliver_at_last(producer, records(topic, number)[0]), PATIENCE_S)

    assert set(await numbers(line, topic)) == set(range(20))


async def test_a_topic_that_was_removed_and_made_anew_is_written_to_again(
    line: ProxiedKafka, topic: str, producer: RecordProducer
) -> None:
    await producer.deliver(records(topic, *range(10)))
    admin = AIOKafkaAdminClient(bootstrap_servers=line.proxy.address)
    await admin.start()
    await admin.delete_topics([topic])
    await admin.close()
    with pytest.raises(DeliveryFailed):
        await producer.deliver(records(topic, 10))
    await apply_topics([line.proxy.address], [Spec(topic, PARTITIONS, {})])
    await asyncio.wait_for(deliver_at_last(producer, records(topic, 10)[0]), PATIENCE_S)
    await producer.deliver(records(topic, *range(11, 20)))

    assert set(await numbers(line, topic)) == set(range(10, 20))


async def test_a_broker_that_answers_late_is_waited_for(line: ProxiedKafka, topic: str) -> None:
    producer = RecordProducer([line.proxy.address], client_id="test")
    line.proxy.latency_s = 0.5

    await producer.deliver(records(topic, *range(10)))
    await producer.deliver(records(topic, *range(10, 20)))
    await producer.close()

    line.proxy.restore()
    assert sorted(await numbers(line, topic)) == list(range(20))


async def test_refused_records_are_found_with_one_more_client(line: ProxiedKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}a"
    await apply_topics([line.proxy.address], [Spec(topic, 1, {"max.message.bytes": "20000"})])
    producer = RecordProducer([line.proxy.address], client_id="test", deadline_s=30)
    before = line.proxy.accepted
    await producer.deliver([OutRecord(topic, b"k", b"connects")])
    of_one_client = line.proxy.accepted - before
    values = [random.Random(number).randbytes(30_000 if number % 16 == 0 else 100) for number in range(64)]

    with pytest.raises(RecordRefused) as refused:
        await producer.deliver([OutRecord(topic, b"k", value) for value in values])
    await producer.close()

    assert list(refused.value.reasons) == [0, 16, 32, 48]
    assert line.proxy.accepted - before == 2 * of_one_client

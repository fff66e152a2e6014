"""Which partition a record goes to: by key, or in turns."""

import asyncio
import itertools
from collections import Counter
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.kafka import plan_kafka
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from identity.ulid import make_ulid
from runtime.errors import DeliveryFailed
from runtime.kafka.out_record import OutRecord
from runtime.kafka.partitioner import BATCH_BYTES, KeyPartitioner, Partitioner, StickyPartitioner, TopicPartitions
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from tests.runtime.kafka.test_murmur2 import VECTORS
from tests.runtime.kafka.test_producer import read_all
from tests.runtime.kafka.test_topics import Spec
from tests.waiting import PATIENCE_S

COUNT: Final = 12
ALL: Final = TopicPartitions(COUNT, range(COUNT))

records_of_any_size = st.lists(
    st.builds(OutRecord, topic=st.just("a"), key=st.none() | st.binary(max_size=30), value=st.binary(max_size=300)),
    max_size=80,
)


@st.composite
def topic_partitions(draw: st.DrawFn) -> TopicPartitions:
    count = draw(st.integers(1, 20))
    return TopicPartitions(count, sorted(draw(st.sets(st.integers(0, count - 1)))))


def make_records(count: int, size: int = 1000) -> list[OutRecord]:
    return [OutRecord("a", b"%d" % number, bytes(size)) for number in range(count)]


@given(records_of_any_size, topic_partitions())
@pytest.mark.parametrize("partitioner", [KeyPartitioner(), StickyPartitioner(first=0), StickyPartitioner(500)])
def test_every_record_gets_a_partition_that_exists(
    partitioner: Partitioner, records: list[OutRecord], partitions: TopicPartitions
) -> None:
    numbers = partitioner.assign(records, partitions)

    assert len(numbers) == len(records)
    assert set(numbers) <= set(range(partitions.count))


def test_a_key_has_its_partition_whether_it_has_a_leader_or_not() -> None:
    records = [OutRecord("a", key, b"") for key in (*VECTORS, None)]

    numbers = KeyPartitioner().assign(records, TopicPartitions(COUNT, ()))

    assert numbers == [*((value & 0x7FFFFFFF) % COUNT for value in VECTORS.values()), 0]


def chi_square(keys: list[bytes]) -> float:
    """Give how far the partitions of the keys are from equal numbers; 11 is what chance gives on average, by 12."""
    numbers = KeyPartitioner().assign([OutRecord("a", key, b"") for key in keys], ALL)
    expected = len(keys) / COUNT
    return sum((count - expected) ** 2 / expected for count in (Counter(numbers)[each] for each in range(COUNT)))


@pytest.mark.parametrize("apart_ms", [0, 1, 1000], ids=["of one millisecond", "of ten seconds", "of three hours"])
def test_click_ids_are_spread_evenly_over_the_partitions_however_hot_a_code_is(apart_ms: int) -> None:
    random = Random(1)
    ids = [make_ulid(1_764_000_000_000 + n * apart_ms, random.randbytes(16)).encode() for n in range(10_000)]

    # Chance gives more than 38 once in 10,000 times.
    assert chi_square(ids) < 38


def test_keys_that_are_codes_would_not_be_spread_evenly() -> None:
    codes = [b"hot"] * 9_800 + [b"code-%d" % number for number in range(200)]

    assert chi_square(codes) > 10_000


@given(records_of_any_size, topic_partitions())
def test_a_partition_without_a_leader_is_chosen_only_if_none_has_one(
    records: list[OutRecord], partitions: TopicPartitions
) -> None:
    numbers = StickyPartitioner(500).assign(records, partitions)

    assert not partitions.available or set(numbers) <= set(partitions.available)


@given(st.integers(1, BATCH_BYTES // 1000), st.integers(0, 1000))
def test_a_delivery_that_fits_into_one_batch_has_one_partition_and_the_next_one_another(count: int, first: int) -> None:
    partitioner = StickyPartitioner(first=first)

    used = [set(partitioner.assign(make_records(count), ALL)) for _ in range(COUNT)]

    assert [len(each) for each in used] == [1] * COUNT
    assert set.union(*used) == set(range(COUNT))


@given(st.integers(1, 4000), topic_partitions().filter(lambda partitions: partitions.available))
def test_a_larger_delivery_is_divided_evenly_over_as_few_partitions_as_it_needs(
    count: int, partitions: TopicPartitions
) -> None:
    counts = Counter(StickyPartitioner().assign(make_records(count), partitions))

    assert len(counts) == min(-(-count * 1000 // BATCH_BYTES), len(partitions.available))
    assert max(counts.values()) - min(counts.values()) <= 1


@given(st.lists(st.integers(1, 600), min_size=1, max_size=60))
def test_whatever_their_sizes_no_partition_gets_a_batch_more_than_another(sizes: list[int]) -> None:
    partitioner, batches = StickyPartitioner(), Counter(dict.fromkeys(range(COUNT), 0))

    for size in sizes:
        batches.update(set(partitioner.assign(make_records(size), ALL)))

    assert max(batches.values()) - min(batches.values()) <= 1


def test_processes_that_start_together_begin_with_different_partitions() -> None:
    firsts = {StickyPartitioner().assign(make_records(1), ALL)[0] for _ in range(100)}

    assert len(firsts) > 1


@pytest.mark.servers
async def test_partitions_fill_evenly_and_each_delivery_is_together_and_in_order(kafka: str, topic_prefix: str) -> None:
    topic, rounds, together = f"{topic_prefix}a", 5, 20
    await apply_topics([kafka], [Spec(topic, COUNT, {})])
    producer = RecordProducer([kafka], client_id="test", partitioner=StickyPartitioner())
    values = [b"%05d" % number for number in range(rounds * COUNT * together)]

    for first in range(0, len(values), together):
        await producer.deliver([OutRecord(topic, b"k", value) for value in values[first : first + together]])
    await producer.close()

    places: dict[int, list[bytes]] = {}
    for partition, _, value in await read_all(kafka, topic):
        places.setdefault(partition, []).append(value)
    assert {partition: len(found) for partition, found in places.items()} == dict.fromkeys(
        range(COUNT), rounds * together
    )
    assert all(found == sorted(found) for found in places.values())
    assert sorted(value for found in places.values() for value in found) == values
    deliveries = Counter((int(value) // together, partition) for partition, each in places.items() for value in each)
    assert set(deliveries.values()) == {together}


@pytest.mark.servers
async def test_a_large_delivery_is_written_to_several_partitions_once_and_in_order(
    kafka: str, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}a"
    await apply_topics([kafka], [Spec(topic, COUNT, {})])
    producer = RecordProducer([kafka], client_id="test", partitioner=StickyPartitioner())
    # More than the producer's batches of 512 KiB have room for in 12 partitions.
    values = [b"%05d" % number + bytes(4000) for number in range(2000)]

    await producer.deliver([OutRecord(topic, b"k", value) for value in values])
    await producer.close()

    found = await read_all(kafka, topic)
    assert {partition for partition, _, _ in found} == set(range(COUNT))
    assert sorted(value for _, _, value in found) == values
    for number in range(COUNT):
        part = [value for partition, _, value in found if partition == number]
        assert part == sorted(part)


@pytest.mark.servers
@pytest.mark.parametrize("fault", ["frozen", "killed"])
async def test_a_broker_that_fails_loses_nothing_and_doubles_only_what_was_not_acknowledged(
    own_settings: LocalSettings, fault: str
) -> None:
    records = [OutRecord("a", b"k", b"%05d" % number) for number in range(300)]
    deliveries = [records[first : first + 50] for first in range(0, len(records), 50)]
    async with running(await plan_kafka(own_settings)) as kafka:
        await apply_topics([kafka.address], [Spec("a", 3, {})])
        producer = RecordProducer([kafka.address], client_id="test", deadline_s=3, partitioner=StickyPartitioner())
        retried = [each for each in deliveries[:3] if await deliver_at_last(producer, each)]

        if fault == "frozen":
            kafka.freeze()
        else:
            await kafka.kill()
        with pytest.raises(DeliveryFailed):
            await producer.deliver(deliveries[3])
        retried.append(deliveries[3])
        if fault == "frozen":
            kafka.thaw()
        else:
            await kafka.start()
        retried += [each for each in deliveries[3:] if await deliver_at_last(producer, each)]
        await producer.close()

        counts = Counter(value for _, _, value in await read_all(kafka.address, "a"))
    assert set(counts) == {record.value for record in records}
    assert {value for value, count in counts.items() if count > 1} <= {one.value for each in retried for one in each}


async def deliver_at_last(producer: RecordProducer, records: list[OutRecord]) -> int:
    """Deliver, as often as it takes; give how often that failed."""
    async with asyncio.timeout(PATIENCE_S):
        for failures in itertools.count():
            try:
                await producer.deliver(records)
            except DeliveryFailed:
                await asyncio.sleep(0.2)
            else:
                return failures
    raise AssertionError

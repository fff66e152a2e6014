"""From the journal to Kafka: nothing lost on a failure, bounded, drained."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest

from ingest.journal.segments import Entry, Segment
from ingest.publisher import ENOUGH, LINGER_S, MAX_AT_ONCE, MAX_LINGERS, MAX_REJECTIONS, Publisher
from runtime.kafka.out_record import OutRecord
from runtime.task_scope import task_scope
from tests.examples import few
from tests.ingest.builders import RAW, REJECTED, Topics
from tests.ingest.journals import Publishing, publishing
from tests.waiting import PATIENCE_S, eventually

KEY = b"01KAT301V8C3Q9GZ2F5B7N4M6P"


def put_click(to: Publishing, number: int) -> bool:
    return to.journal.append(KEY, str(number).encode())


def rejection(number: int) -> OutRecord:
    return OutRecord(REJECTED, b"rejection", str(number).encode())


def numbers(topics: Topics, topic: str) -> list[int]:
    return [int(record.value) for record in topics.records if record.topic == topic]


async def test_records_arrive_in_their_order_each_once() -> None:
    topics = Topics()
    async with publishing(topics) as to:
        for number in range(2 * MAX_AT_ONCE + 5):
            assert put_click(to, number)
        assert to.publisher.put_rejection(rejection(0))
        assert await to.publisher.drain(PATIENCE_S) == 0
    assert numbers(topics, RAW) == list(range(2 * MAX_AT_ONCE + 5))
    assert numbers(topics, REJECTED) == [0]


async def test_a_click_alone_waits_for_company_and_many_do_not() -> None:
    alone, together = await wait_of(1), await wait_of(ENOUGH)

    assert alone >= MAX_LINGERS * LINGER_S * 0.99
    assert together >= LINGER_S * 0.99
    assert together < alone


async def wait_of(clicks: int) -> float:
    """Give the seconds until so many clicks are delivered, the shortest of some tries."""
    shortest = inf
    for _ in range(3):
        topics = Topics()
        async with publishing(topics) as to:
            started = asyncio.get_running_loop().time()
            for number in range(clicks):
                put_click(to, number)
            await eventually(lambda: len(topics.records) >= clicks)  # noqa: B023 - asked within the turn
            shortest = min(shortest, asyncio.get_running_loop().time() - started)
    return shortest


async def test_clicks_too_large_for_their_topic_are_no_company_for_a_new_one() -> None:
    topics = Topics()
    topics.most_bytes = 3
    async with publishing(topics) as to:
        for _ in range(ENOUGH):
            put_click(to, 22222)
        await eventually(lambda: len(to.publisher.oversized) == ENOUGH)
        # It looked once more, found none, and sleeps.
        await eventually(lambda: not to.publisher._has_clicks.is_set())
        started = asyncio.get_running_loop().time()
        put_click(to, 1)
        await eventually(lambda: numbers(topics, RAW) == [1])
        waited_s = asyncio.get_running_loop().time() - started
    assert waited_s >= MAX_LINGERS * LINGER_S * 0.99


@pytest.mark.slow
async def test_what_kafka_did_not_acknowledge_stays_in_order_and_is_delivered_again() -> None:
    topics = Topics(failures=2, written=3)
    async with publishing(topics) as to:
        for number in range(10):
            put_click(to, number)
        await eventually(lambda: to.publisher.problem)
        assert (to.journal.pending, to.publisher.problem) == (10, "Kafka is away")
        put_click(to, 10)
        assert await to.publisher.drain(PATIENCE_S) == 0
        assert to.publisher.problem is None
    assert numbers(topics, RAW) == [0, 1, 2, 0, 1, 2, *range(11)]


async def test_a_flood_of_rejections_forgets_the_oldest_and_never_a_click() -> None:
    topics = Topics()
    topics.may_deliver.clear()
    async with publishing(topics) as to:
        put_click(to, 0)
        to.publisher.put_rejection(rejection(-1))
        await eventually(lambda: topics.begun == 2)  # the publisher now holds these two in its hands
        taken = [to.publisher.put_rejection(rejection(number)) for number in range(MAX_REJECTIONS + 10)]
        assert taken == [True] * (MAX_REJECTIONS - 1) + [False] * 11
        topics.may_deliver.set()
        assert await to.publisher.drain(PATIENCE_S) == 0
    assert numbers(topics, RAW) == [0]
    assert numbers(topics, REJECTED) == [-1, *range(10, MAX_REJECTIONS + 10)]


async def test_a_drain_gives_up_at_its_deadline_and_says_what_is_left() -> None:
    topics = Topics()
    topics.may_deliver.clear()
    async with publishing(topics) as to:
        for number in range(3):
            put_click(to, number)
        to.publisher.put_rejection(rejection(0))
        assert await to.publisher.drain(0.1) == 1
        assert (to.journal.pending, topics.records, to.lost) == (3, [], {})


async def test_a_drain_of_nothing_does_not_wait() -> None:
    async with publishing(Topics()) as to:
        assert await to.publisher.drain(0) == 0


async def test_records_put_in_during_a_delivery_are_delivered_too() -> None:
    topics = Topics()
    topics.may_deliver.clear()
    async with publishing(topics) as to:
        put_click(to, 0)
        await eventually(lambda: topics.begun)
        put_click(to, 1)
        to.publisher.put_rejection(rejection(0))
        topics.may_deliver.set()
        assert await to.publisher.drain(PATIENCE_S) == 0
    assert (numbers(topics, RAW), numbers(topics, REJECTED)) == ([0, 1], [0])


async def test_rejections_that_cannot_be_delivered_keep_no_click_back() -> None:
    topics, away = Topics(), Topics()
    away.may_deliver.clear()
    async with publishing(topics, away) as to:
        to.publisher.put_rejection(rejection(0))
        await eventually(lambda: away.begun)
        put_click(to, 0)
        await eventually(lambda: topics.records)
        away.may_deliver.set()
        assert await to.publisher.drain(PATIENCE_S) == 0
    assert (numbers(topics, RAW), numbers(away, REJECTED)) == ([0], [0])


async def test_a_rejection_larger_than_its_topic_takes_is_counted_and_the_others_arrive() -> None:
    topics, lost = Topics(), Counter[str]()
    topics.most_bytes = 3
    async with publishing(topics, lose_rejections=lambda reason, count: lost.update({reason: count})) as to:
        for number in (1, 22222, 3):
            to.publisher.put_rejection(rejection(number))
        assert await to.publisher.drain(PATIENCE_S) == 0
    assert (numbers(topics, REJECTED), lost) == ([1, 3], {"too_large": 1})


class OldClicks:
    """A journal of old clicks alone, which end when they are asked for without a pace. `asked` holds the seconds."""

    def __init__(self) -> None:
        self.pending = 1
        self.asked: list[float] = []

    async def take(self, most: int, seconds: float) -> list[Entry]:
        self.asked.append(seconds)
        return [(KEY, b"1", Segment(Path()))] * self.pending

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        self.pending = int(self.asked[-1] < inf)


async def test_old_clicks_are_asked_for_by_the_time_since_the_last_ones_and_without_a_pace_at_the_end() -> None:
    some, journal = asyncio.Event(), OldClicks()
    some.set()
    publisher = Publisher(Topics(), journal, RAW, some)
    async with task_scope(publisher.run()):
        await eventually(lambda: len(journal.asked) > 2)
        assert LINGER_S / 2 < journal.asked[1] < inf
        await publisher.drain(PATIENCE_S)
        assert journal.pending == 0


@pytest.mark.slow
async def test_whatever_comes_when_each_record_arrives_and_first_arrivals_are_in_order() -> None:
    await asyncio.gather(*(deliver_at_random(random.Random(seed)) for seed in range(few(200))))


async def deliver_at_random(chance: random.Random) -> None:
    topics = Topics(failures=chance.randrange(3), written=chance.randrange(10))
    clicks = rejections = 0
    async with publishing(topics) as to:
        for _ in range(chance.randrange(60)):
            if chance.random() < 0.6:
                put_click(to, clicks)
                clicks += 1
            else:
                to.publisher.put_rejection(rejection(rejections))
                rejections += 1
            await asyncio.sleep(chance.choice([0, 0, 0.01]))
        assert await to.publisher.drain(PATIENCE_S) == 0
    assert list(dict.fromkeys(numbers(topics, RAW))) == list(range(clicks))
    assert list(dict.fromkeys(numbers(topics, REJECTED))) == list(range(rejections))

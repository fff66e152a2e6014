"""Clicks that are larger than their topic takes: none is lost, and nothing else waits for them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from ingest.journal.journal import Journal, JournalLimits
from ingest.journal.segments import Entry, Segment
from ingest.oversized import MAX_CLICKS, OversizedClicks
from ingest.publisher import Publisher
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from runtime.task_scope import task_scope
from schemas import CLICKS_RAW
from tests.enricher.test_batch import change_topic
from tests.ingest.builders import RAW, Topics
from tests.ingest.journal.builders import open_journal
from tests.ingest.journals import publishing
from tests.runtime.kafka.test_producer import Spec, read_all
from tests.waiting import PATIENCE_S, eventually

KEY = b"01KAT301V8C3Q9GZ2F5B7N4M6P"
SMALL, LARGE, LARGEST = b"x" * 10, b"x" * 1000, b"x" * 2000


class Acknowledged:
    """A journal that only notes what it is told Kafka has."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        self.payloads += [payload for _, payload, _ in entries]


def entries(*payloads: bytes) -> list[Entry]:
    segment = Segment(Path())
    return [(KEY, payload, segment) for payload in payloads]


@asynccontextmanager
async def open_publisher(kafka: str, topic: str, root: Path, worker: str) -> AsyncIterator[tuple[Publisher, Journal]]:
    """Publish from a journal to a real Kafka, with what other workers left."""
    some, lost = asyncio.Event(), Counter[str]()
    producer = RecordProducer([kafka], client_id="test", deadline_s=30)
    async with open_journal(root, worker, JournalLimits(), some.set, lambda why, n: lost.update({why: n})) as journal:
        await journal.adopt()
        publisher = Publisher(producer, journal, topic, some)
        async with task_scope(journal.run(), publisher.run()):
            yield publisher, journal
    await producer.close()
    assert lost == {}


async def test_what_is_too_large_keeps_nothing_else_back_and_is_named() -> None:
    topics = Topics()
    topics.most_bytes = 100
    async with publishing(topics) as to:
        for payload in (SMALL, LARGE, SMALL, LARGEST, SMALL):
            assert to.journal.append(KEY, payload)
        assert await to.publisher.drain(PATIENCE_S) == 0

        assert [record.value for record in topics.records] == [SMALL] * 3
        assert (to.journal.pending, len(to.publisher.oversized)) == (2, 2)
        assert to.publisher.problem == (
            "2 clicks of 1,000 bytes or more are too large for t.clicks.raw and wait in the journal:"
            " raise the topic's max.message.bytes"
        )


async def test_as_soon_as_the_topic_takes_them_they_are_delivered_each_once() -> None:
    topics, journal = Topics(), Acknowledged()
    topics.most_bytes = 100
    oversized = OversizedClicks(topics, journal, RAW, retry_s=0.01)
    async with task_scope(oversized.keep_retrying()):
        await oversized.deliver(entries(SMALL, LARGE, LARGEST, LARGE))
        begun = topics.begun
        await eventually(lambda: topics.begun > begun + 2)
        assert journal.payloads == [SMALL]

        topics.most_bytes = 1000
        await eventually(lambda: len(oversized) == 1)
        topics.most_bytes = 2000
        await eventually(lambda: oversized.problem is None)

    assert journal.payloads == [record.value for record in topics.records] == [SMALL, LARGE, LARGE, LARGEST]


async def test_an_outage_while_they_are_tried_again_loses_none() -> None:
    topics, journal = Topics(), Acknowledged()
    topics.most_bytes = 100
    oversized = OversizedClicks(topics, journal, RAW, retry_s=0.01)
    async with task_scope(oversized.keep_retrying()):
        await oversized.deliver(entries(LARGE, LARGEST))
        topics.failures, topics.most_bytes = 3, 2000
        await eventually(lambda: len(oversized) == 0)

    assert journal.payloads == [LARGE, LARGEST]


async def test_memory_holds_so_many_and_the_rest_waits_in_the_journal_until_there_is_room() -> None:
    topics = Topics()
    topics.most_bytes = 1
    async with publishing(topics) as to:
        for _ in range(MAX_CLICKS):
            to.journal.append(KEY, SMALL)
        await eventually(lambda: not to.publisher.oversized.has_room.is_set())
        for _ in range(5):
            to.journal.append(KEY, SMALL)
        assert len(to.publisher.oversized) == MAX_CLICKS

        topics.most_bytes = 100
        await to.publisher.oversized.retry()
        assert await to.publisher.drain(PATIENCE_S) == 0
        assert (to.journal.pending, to.lost) == (0, {})
    assert len(topics.records) == MAX_CLICKS + 5


async def test_clicks_of_refused_content_hold_up_no_others_and_are_delivered_when_their_topic_takes_them() -> None:
    topics, journal = Topics(), Acknowledged()
    topics.most_bytes, topics.invalid = 100, {SMALL}
    oversized = OversizedClicks(topics, journal, RAW)
    await oversized.deliver(entries(SMALL, LARGE, b"fine", LARGEST))

    assert journal.payloads == [b"fine"]
    assert oversized.problem == (
        "2 clicks of 1,000 bytes or more are too large for t.clicks.raw and wait in the journal:"
        " raise the topic's max.message.bytes;"
        f" 1 clicks of {len(SMALL)} bytes or more are invalid (INVALID_RECORD) for t.clicks.raw and wait in the"
        " journal: see the broker's log, and set the topic's cleanup.policy to delete"
    )
    # The smallest is refused for another reason than the large ones: these are tried too.
    topics.most_bytes = 2000
    await oversized.retry()
    assert (journal.payloads, len(oversized)) == ([b"fine", LARGE, LARGEST], 1)
    topics.invalid = {LARGE}
    await oversized.retry()
    assert (journal.payloads[3:], oversized.problem) == ([SMALL], None)


@pytest.mark.servers
async def test_a_topic_that_takes_less_than_a_click_loses_none_and_the_next_process_delivers_what_waits(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    topic = topic_prefix + CLICKS_RAW.name
    await apply_topics([kafka], [Spec(topic, 3, {"max.message.bytes": "1000"})])
    incompressible = [Random(number).randbytes(2000).hex().encode() for number in range(3)]
    small = [b"%03d" % number for number in range(100)]

    async with open_publisher(kafka, topic, tmp_path, "first") as (first, journal):
        for payload in (*small[:50], *incompressible, *small[50:]):
            assert journal.append(KEY, payload)
        await first.drain(30)
        assert (journal.pending, len(first.oversized)) == (3, 3)
    assert sorted({value for _, _, value in await read_all(kafka, topic)}) == small

    await change_topic(kafka, topic, "max.message.bytes", "1000000")
    async with open_publisher(kafka, topic, tmp_path, "second") as (second, journal):
        # Kafka may take a moment to heed its new limit.
        while await second.drain(30) or second.oversized.problem:
            await second.oversized.retry()
        assert journal.pending == 0
        await eventually(lambda: not list((tmp_path / "first").glob("*.seg")))
    assert {value for _, _, value in await read_all(kafka, topic)} == {*small, *incompressible}

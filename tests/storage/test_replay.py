"""Dead letters sent again, from a real PostgreSQL through a real Kafka: original bytes, and each once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

import asyncpg
import pytest

from runtime.errors import DeliveryFailed
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_ENRICHED, TOPICS, encode
from schemas.codec import Undecodable
from schemas.letters import make_dead_letter
from sink.settings import Settings
from storage.letter_states import LetterCounts, LetterFilters, count_letters, list_attempts, list_letters
from storage.read.finding import find_letters
from storage.read.letter_names import LetterName
from storage.replay import ReplayResult, headers_of, replay
from storage.rows import letter_row
from storage.tables import DEAD_LETTERS, StorableRow
from tests.enricher.test_batch import change_topic
from tests.runtime.kafka.test_producer import Spec, read_all
from tests.sink.builders import Source, click
from tests.sink.test_service import prepared
from tests.storage.test_writer import make_writer

pytestmark = pytest.mark.servers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = LetterFilters()


@pytest.fixture
async def small_topic(kafka: str, topic_prefix: str) -> str:
    """Make clicks.enriched, before `settings` does, so that it takes no batch above 20,000 bytes."""
    topic = topic_prefix + CLICKS_ENRICHED.name
    await apply_topics([kafka], [Spec(topic, 3, {"max.message.bytes": "20000"})])
    return topic


@pytest.fixture
async def settings(kafka: str, database_url: str, topic_prefix: str) -> Settings:
    return await prepared(kafka, database_url, topic_prefix)


@pytest.fixture
async def connection(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(settings.database_url.reveal())
    yield opened
    await opened.close()


async def store_letters(settings: Settings, values: Sequence[bytes], reason: str = "wrong_shape") -> None:
    """Store letters about records of clicks.enriched, a second apart."""
    topic = settings.kafka_topic_prefix + CLICKS_ENRICHED.name
    writer = make_writer(settings.database_url.reveal())
    records = [Source(topic, value, offset) for offset, value in enumerate(values)]
    cause = Undecodable(reason, "as the test has it")
    letters = [make_dead_letter(record, cause, "sink", NOW + timedelta(seconds=record.offset)) for record in records]
    rows = [StorableRow(DEAD_LETTERS, letter_row(one), record) for one, record in zip(letters, records, strict=True)]
    assert await writer.write(rows) == []
    await writer.close()


def ours(settings: Settings) -> list[str]:
    return [settings.kafka_topic_prefix + topic.name for topic in TOPICS]


class Recorder:
    """Takes records, as a producer does; the first `failing` deliveries of any fail, and all while it is away."""

    def __init__(self, failing: int = 0, *, is_away: bool = False) -> None:
        self.failing = failing
        self.is_away = is_away
        self.taken: list[OutRecord] = []

    async def deliver(self, records: Sequence[OutRecord]) -> None:
        if self.is_away:
            raise DeliveryFailed("away")
        if self.failing and records:
            self.failing -= 1
            raise DeliveryFailed("not now")
        self.taken += records


async def test_letters_go_back_to_their_topic_with_their_bytes_and_only_once(
    settings: Settings, connection: asyncpg.Connection, kafka: str
) -> None:
    values = [b"{", b"\x00\xff", encode(click(3))]
    await store_letters(settings, values)
    producer = RecordProducer((kafka,), client_id="test")

    before = await count_letters(connection, ALL)
    first, second = (
        await replay(connection, producer, ALL, ours(settings)),
        await replay(connection, producer, ALL, ours(settings)),
    )
    after = await count_letters(connection, ALL)
    await producer.close()

    there = await read_all(kafka, settings.kafka_topic_prefix + CLICKS_ENRICHED.name)
    assert (first, second) == (ReplayResult(3), ReplayResult(0))
    assert sorted(value for _, _, value in there) == sorted(values)
    assert (before, after) == (LetterCounts(waiting=3), LetterCounts(sent=3))


async def test_two_replays_at_once_send_each_letter_once(settings: Settings, connection: asyncpg.Connection) -> None:
    await store_letters(settings, [b"%d" % number for number in range(1200)])
    other, producer = await asyncpg.connect(settings.database_url.reveal()), Recorder()

    sent = await asyncio.gather(
        replay(connection, producer, ALL, ours(settings)), replay(other, producer, ALL, ours(settings))
    )
    await other.close()

    assert sum(one.sent for one in sent) == len(producer.taken) == 1200
    assert {record.value for record in producer.taken} == {b"%d" % number for number in range(1200)}


async def test_an_interrupted_replay_leaves_its_letters_unsure_until_they_are_asked_for(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    await store_letters(settings, [b"a", b"b"])
    producer = Recorder(failing=1)

    with pytest.raises(DeliveryFailed):
        await replay(connection, producer, ALL, ours(settings))
    interrupted = await count_letters(connection, ALL)
    without = await replay(connection, producer, ALL, ours(settings))
    again = await replay(connection, producer, ALL, ours(settings), again=True)

    assert (interrupted, without, again) == (LetterCounts(unsure=2), ReplayResult(0), ReplayResult(2))
    assert await count_letters(connection, ALL) == LetterCounts(sent=2)


async def test_each_sending_of_a_letter_is_kept(settings: Settings, connection: asyncpg.Connection) -> None:
    await store_letters(settings, [b"a"])
    producer = Recorder(failing=2)

    for again in (False, True):
        with pytest.raises(DeliveryFailed):
            await replay(connection, producer, ALL, ours(settings), again=again)
    assert await replay(connection, producer, ALL, ours(settings), again=True) == ReplayResult(1)

    (stored,) = await find_letters(connection, LetterName(ours(settings)[1], 0, 0))
    attempts = await list_attempts(connection, stored.letter)
    assert [(one.sent_at is not None, one.refused_at) for one in attempts] == [(False, None)] * 2 + [(True, None)]
    assert [one.begun_at for one in attempts] == sorted({one.begun_at for one in attempts})


async def test_a_letter_larger_than_its_topic_takes_is_named_and_all_others_are_sent(
    small_topic: str, settings: Settings, connection: asyncpg.Connection, kafka: str
) -> None:
    values = [Random(number).randbytes(30_000 if number == 7 else 500) for number in range(20)]
    await store_letters(settings, values)
    producer = RecordProducer((kafka,), client_id="test")

    first = await replay(connection, producer, ALL, ours(settings))
    after_first = await count_letters(connection, ALL)
    still_refused = await replay(connection, producer, ALL, ours(settings))
    await change_topic(kafka, small_topic, "max.message.bytes", "1000000")
    # Kafka may take a moment to heed its new limit.
    while (after_mending := await replay(connection, producer, ALL, ours(settings))).refused:
        pass
    await producer.close()

    name = LetterName(small_topic, 0, 7, sha256(values[7]).hexdigest()[:8])
    assert (first, after_first) == (ReplayResult(19, (name,)), LetterCounts(sent=19, refused=1))
    assert (still_refused, after_mending) == (ReplayResult(0, (name,)), ReplayResult(1))
    assert await count_letters(connection, ALL) == LetterCounts(sent=20)
    assert {value for _, _, value in await read_all(kafka, small_topic)} == set(values)


async def test_while_kafka_is_away_the_letters_go_on_waiting(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    await store_letters(settings, [b"a", b"b"])

    with pytest.raises(DeliveryFailed):
        await replay(connection, Recorder(is_away=True), ALL, ours(settings))

    assert await count_letters(connection, ALL) == LetterCounts(waiting=2)


async def test_letters_are_chosen_by_reason_topic_and_time(settings: Settings, connection: asyncpg.Connection) -> None:
    await store_letters(settings, [b"a", b"b", b"c"])
    later = NOW + timedelta(seconds=1)

    async def count(**filters: object) -> int:
        return (await count_letters(connection, LetterFilters(**filters))).waiting  # type: ignore[arg-type] # by name

    counts = [
        await count(reason="wrong_shape"),
        await count(reason="not_json"),
        await count(topic=settings.kafka_topic_prefix + CLICKS_ENRICHED.name),
        await count(topic="clicks.raw"),
        await count(since=later),
        await count(until=later),
    ]

    assert counts == [3, 0, 3, 0, 2, 1]
    assert [one.offset for one in await list_letters(connection, ALL, 2)] == [2, 1]


async def test_a_cut_letter_is_counted_and_never_sent(settings: Settings, connection: asyncpg.Connection) -> None:
    await store_letters(settings, [b"a", b"b"])
    await connection.execute('UPDATE dead_letters SET is_cut = true WHERE "offset" = 0')
    producer = Recorder()

    assert await replay(connection, producer, ALL, ours(settings)) == ReplayResult(1)
    assert [record.value for record in producer.taken] == [b"b"]
    assert await count_letters(connection, ALL) == LetterCounts(sent=1, cut=1)


async def test_a_letter_that_names_a_topic_of_somebody_else_is_not_sent_there(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    await store_letters(settings, [b"a", b"b"])
    await connection.execute("UPDATE dead_letters SET topic = 'payments' WHERE \"offset\" = 0")
    producer = Recorder()

    assert await replay(connection, producer, ALL, ours(settings)) == ReplayResult(1)
    assert [record.topic for record in producer.taken] == [settings.kafka_topic_prefix + CLICKS_ENRICHED.name]


async def test_a_record_that_can_be_read_carries_its_headers_again() -> None:
    assert dict(headers_of("x.clicks.enriched", encode(click(3))))["ce_type"] == b"io.clickrail.click.enriched.v1"
    assert headers_of("x.clicks.enriched", b"{") == []
    assert headers_of("x.clicks.raw", encode(click(3))) == []

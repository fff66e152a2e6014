"""Scoring again from the topic: the same rows as from the table, however the records are spread over partitions."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from random import Random

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from cli.evaluation import enrich
from quality.rules import DEFAULT_RULES
from runtime.kafka.topics import apply_topics
from schemas import EnrichedClick, encode
from simulate.traces.catalogue import make_trace
from simulate.traces.model import TraceParameters
from simulate.traces.raw_clicks import record_trace
from storage.rescoring import Report, rescore
from storage.settling import LOOK_BACK, TablePass
from storage.topic_clicks import TopicPass, open_topic
from storage.topic_consumer import TopicUnreadable
from tests.console.builders import open_tables, store
from tests.runtime.kafka.test_producer import Spec
from tests.settler.builders import everything

pytestmark = pytest.mark.servers

PARTITIONS = 3
LATEST_S = 14 * 60
"""How late a click reaches the topic at most."""


@cache
def traffic() -> tuple[EnrichedClick, ...]:
    """Give an office, a mail gateway and twins at the same time, as the enricher judged them live."""
    traces = [make_trace(name, TraceParameters(seed=1)) for name in ("office", "mail-gateway", "twin")]
    recorded = [one.click for trace in traces for one in record_trace(trace) if one.click is not None]
    return tuple(enrich(sorted(recorded, key=lambda click: click.click_id), DEFAULT_RULES))


def count_scored(clicks: Sequence[EnrichedClick], since: datetime, until: datetime) -> int:
    return sum(since <= click.clicked_at < until for click in clicks)


FIRST = min(click.clicked_at for click in traffic())
LAST = max(click.clicked_at for click in traffic())
SINCE, UNTIL = FIRST + timedelta(minutes=10), LAST - timedelta(minutes=5)


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        yield connection


@pytest.fixture
async def topic(kafka: str, topic_prefix: str) -> str:
    """Make a topic whose records keep the producer's time."""
    name = f"{topic_prefix}clicks.enriched"
    await apply_topics([kafka], [Spec(name, PARTITIONS, {"retention.ms": "-1"})])
    return name


def shuffled(seed: int) -> Callable[[EnrichedClick], tuple[datetime, int]]:
    """Give the time at which Kafka takes a click, and its partition."""
    random = Random(seed)
    return lambda click: (
        click.clicked_at + timedelta(seconds=random.uniform(0, LATEST_S)),
        random.randrange(PARTITIONS),
    )


async def publish(
    kafka: str, topic: str, clicks: Sequence[EnrichedClick], place: Callable[[EnrichedClick], tuple[datetime, int]]
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5)
    await producer.start()
    try:
        placed = sorted(((*place(click), click) for click in clicks), key=lambda one: one[0])
        sent = [
            await producer.send(topic, encode(click), partition=partition, timestamp_ms=int(at.timestamp() * 1000))
            for at, partition, click in placed
        ]
        for acknowledged in sent:
            await acknowledged
    finally:
        await producer.stop()


async def rescore_topic(kafka: str, topic: str, connection: asyncpg.Connection, page: int = 5000) -> tuple[Report, int]:
    """Score the topic's clicks again; give the report, and how many clicks were too late."""
    async with open_topic([kafka], topic) as reader:
        settling = TopicPass(reader, DEFAULT_RULES, SINCE, UNTIL, page)
        return await rescore(connection, settling, DEFAULT_RULES, UNTIL, write=True), reader.too_late


@pytest.mark.parametrize(("seed", "page"), [(1, 5000), (2, 100)])
async def test_shuffled_partitions_give_the_same_rows_as_the_table(
    kafka: str, topic: str, tables: asyncpg.Connection, seed: int, page: int
) -> None:
    await publish(kafka, topic, traffic(), shuffled(seed))
    await store(tables, traffic())
    from_table = await rescore(tables, TablePass(tables, DEFAULT_RULES, SINCE), DEFAULT_RULES, UNTIL, write=True)
    rows = await everything(tables)
    await tables.execute("TRUNCATE click_scores")

    from_topic, too_late = await rescore_topic(kafka, topic, tables, page)

    assert from_topic == from_table
    assert await everything(tables) == rows
    assert (len(rows), too_late) == (count_scored(traffic(), SINCE, UNTIL), 0)
    assert sum(row["band"] == "likely_invalid" for row in rows) > 50
    assert sum(row["changes_uniqueness"] for row in rows) > 100


async def test_it_needs_no_rows_of_clicks_and_reads_a_record_once_that_the_topic_has_twice(
    kafka: str, topic: str, tables: asyncpg.Connection
) -> None:
    clicks = traffic()[:300]
    await publish(kafka, topic, [*clicks, *clicks[::2]], shuffled(3))

    report, _ = await rescore_topic(kafka, topic, tables)

    assert report.clicks == report.written == count_scored(clicks, SINCE, UNTIL)


async def test_clicks_later_than_the_buffer_are_left_out_and_counted(
    kafka: str, topic: str, tables: asyncpg.Connection
) -> None:
    late = next(click for click in traffic() if click.clicked_at >= SINCE)
    at = late.clicked_at + timedelta(minutes=40)
    await publish(kafka, topic, traffic(), lambda click: (at if click is late else click.clicked_at, 0))

    report, too_late = await rescore_topic(kafka, topic, tables)

    assert too_late == 1
    assert report.clicks == count_scored(traffic(), SINCE, UNTIL) - 1


async def test_what_is_no_click_is_left_out_and_counted(kafka: str, topic: str) -> None:
    await publish(kafka, topic, traffic(), shuffled(4))
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    await producer.send_and_wait(topic, b"{", partition=0, timestamp_ms=int(SINCE.timestamp() * 1000))
    await producer.stop()

    async with open_topic([kafka], topic) as reader:
        clicks = [click async for click in reader.read(SINCE - LOOK_BACK, UNTIL)]

    assert [click.click_id for click in clicks] == [
        click.click_id for click in traffic() if SINCE - LOOK_BACK <= click.clicked_at < UNTIL
    ]
    assert reader.undecodable == 1


async def test_records_that_kafka_has_deleted_are_missed_with_the_time_to_begin_at(
    kafka: str, topic: str, tables: asyncpg.Connection
) -> None:
    await publish(kafka, topic, traffic(), lambda click: (click.clicked_at, 0))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=10)})
    await admin.close()

    with pytest.raises(TopicUnreadable, match=r"begins at .*: Kafka has deleted .*or use --source table"):
        await rescore_topic(kafka, topic, tables)
    assert await everything(tables) == []


async def test_a_topic_that_is_not_there_and_a_kafka_that_is_away_say_what_to_do(
    kafka: str, topic_prefix: str, tables: asyncpg.Connection
) -> None:
    with pytest.raises(TopicUnreadable, match=r"there is no topic|does not answer"):
        await rescore_topic(kafka, f"{topic_prefix}other", tables)
    with pytest.raises(TopicUnreadable, match="CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS says where"):
        await rescore_topic("127.0.0.1:9", "clicks.enriched", tables)

"""The sink with a real Kafka and a real PostgreSQL: death, poison and a rebalance in the middle of a batch."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from runtime.kafka.consume import ConsumeLoop, Handle, Records
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from runtime.secret import Secret
from runtime.stage import run_batch, subscribe
from schemas import CLICKS_DEAD, CLICKS_ENRICHED, TOPICS, Topic
from sink.environment import Environment, open_environment
from sink.service import SPEC, BatchStorer
from sink.settings import Settings
from storage.erasure.erasing import erase
from storage.erasure.request import ErasureRequest
from tests.pipeline import Prefixed
from tests.sink.builders import Source, click, clicked
from tests.storage.erasure.builders import ANA, FIRST, store
from tests.storage.test_partitions import connected
from tests.storage.test_writer import count, prepare
from tests.waiting import eventually

pytestmark = pytest.mark.servers


class Killed(Exception):  # noqa: N818 - it reads as what it is
    """What ends a process in the middle of a test."""


class Sink:
    """One sink in this process, and what it has been given."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.storer = BatchStorer(env)
        self.given: list[int] = []

    async def store(self, records: Records) -> None:
        self.given += [record.offset for record in records]
        await self.store_unseen(records)

    async def store_unseen(self, records: Records) -> None:
        await run_batch(SPEC, self.env, self.storer.store_batch, records)

    @asynccontextmanager
    async def consuming(self, handle: Handle) -> AsyncIterator[asyncio.Task[None]]:
        stop = asyncio.Event()
        self.loop = ConsumeLoop(subscribe(SPEC, self.env), handle, self.env.metrics, self.env.limit)
        task = asyncio.create_task(self.loop.run(stop))
        yield task
        stop.set()
        await asyncio.wait({task})

    def done(self) -> float | None:
        """Give how many records were stored and committed."""
        return self.env.registry.get_sample_value("clickrail_sink_records_total")

    def has_a_share(self) -> bool:
        return any(metric.samples for metric in self.env.metrics.lag.collect())


async def prepared(kafka: str, database_url: str, prefix: str) -> Settings:
    await prepare(database_url)
    await apply_topics([kafka], [Prefixed(prefix, topic) for topic in TOPICS])
    return Settings(kafka_bootstrap_servers=(kafka,), kafka_topic_prefix=prefix, database_url=Secret(database_url))


@pytest.fixture
async def settings(kafka: str, database_url: str, topic_prefix: str) -> Settings:
    return await prepared(kafka, database_url, topic_prefix)


@asynccontextmanager
async def sinks(settings: Settings, number: int) -> AsyncIterator[list[Sink]]:
    async with AsyncExitStack() as stack:
        yield [Sink(await stack.enter_async_context(open_environment(settings))) for _ in range(number)]


async def write(settings: Settings, values: Sequence[bytes], to: Topic = CLICKS_ENRICHED) -> None:
    """Write records, all into one partition."""
    producer = RecordProducer(settings.kafka_bootstrap_servers, client_id="test")
    topic = settings.kafka_topic_prefix + to.name
    await producer.deliver([OutRecord(topic, b"k", value) for value in values])
    await producer.close()


async def rows_of(settings: Settings, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(settings.database_url.reveal())
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def test_a_batch_that_was_stored_by_a_sink_that_died_before_its_commit_is_there_once(settings: Settings) -> None:
    await write(settings, [record.value for record in clicked(*map(click, range(200)))])

    async with sinks(settings, 2) as (dying, next_one):

        async def store_and_die(records: Records) -> None:
            await dying.store(records)
            raise Killed

        async with dying.consuming(store_and_die) as task:
            await asyncio.wait({task})
        with pytest.raises(Killed):
            task.result()
        assert dying.done() == 0
        async with next_one.consuming(next_one.store):
            await eventually(lambda: next_one.done() == 200)

    assert dying.given[0] == next_one.given[0] == 0
    assert await count(settings.database_url.reveal()) == 200


async def test_poison_in_a_batch_is_dead_lettered_alone_and_what_comes_behind_is_stored(settings: Settings) -> None:
    good = [record.value for record in clicked(*map(click, range(100)))]
    refused = clicked(click(101, sub1="a\0b"))[0].value
    await write(settings, [*good[:50], b"\xff no record", refused, *good[50:]])

    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store):
        # The two letters come back as records of their own, and are stored as well.
        await eventually(lambda: (sink.done() or 0) >= 104)

    assert await count(settings.database_url.reveal()) == 100
    assert await count(settings.database_url.reveal(), "dead_letters") == 2


async def test_poison_that_names_an_erased_click_is_dead_lettered_alone(settings: Settings) -> None:
    url = settings.database_url.reveal()
    await store(url, [FIRST])
    async with connected(url) as connection:
        await erase(connection, ErasureRequest("click", FIRST.click_id))
    refused = ANA.click(5, FIRST.clicked_at + timedelta(minutes=1), FIRST, sub1="a\0b")
    await write(settings, [record.value for record in clicked(refused, click(1))])

    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store):
        await eventually(lambda: (sink.done() or 0) >= 3)

    assert await count(url) == 2
    (letter,) = await rows_of(settings, 'SELECT reason, "offset" FROM dead_letters')
    assert (letter["reason"], letter["offset"]) == ("refused_by_database", 0)


async def test_a_record_that_our_code_fails_at_is_dead_lettered_and_the_others_are_stored(settings: Settings) -> None:
    foreign = Source("a topic that the sink does not know", b"{}", offset=7)
    async with sinks(settings, 1) as (sink,):
        await sink.store([*clicked(click(1)), foreign, *clicked(click(2))])
        async with sink.consuming(sink.store):
            await eventually(lambda: sink.done() == 1)

    assert await count(settings.database_url.reveal()) == 2
    (row,) = await rows_of(settings, "SELECT * FROM dead_letters")
    assert (row["offset"], row["reason"], row["value"]) == (7, "internal_error", b"{}")
    assert row["detail"].startswith("ValueError at sink/pipeline.py:")


async def test_too_many_dead_letters_stop_the_sink_and_without_the_limit_it_goes_on(settings: Settings) -> None:
    good = clicked(click(1))[0].value
    await write(settings, [b"not json"] * 100 + [good])

    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store):
        await eventually(lambda: "not_json: 100" in (sink.loop.problem or ""))
        stopped = sink.env.registry.get_sample_value("clickrail_sink_stopped_by_dead_letters")
        assert (stopped, sink.done()) == (1, 0)

    unlimited = msgspec.structs.replace(settings, dead_letter_limit=0)
    async with sinks(unlimited, 1) as (sink,), sink.consuming(sink.store):
        await eventually(lambda: sink.done() == 201)
        assert sink.loop.problem is None

    assert await count(settings.database_url.reveal()) == 1
    assert await count(settings.database_url.reveal(), "dead_letters") == 100


async def test_what_cannot_be_read_among_the_letters_is_kept_in_the_table(settings: Settings) -> None:
    await write(settings, [b"no letter"], CLICKS_DEAD)

    async with sinks(settings, 1) as (sink,), sink.consuming(sink.store):
        await eventually(lambda: sink.done() == 1)

    (row,) = await rows_of(settings, "SELECT * FROM dead_letters")
    assert (row["topic"], row["reason"], row["value"]) == (
        settings.kafka_topic_prefix + CLICKS_DEAD.name,
        "not_json",
        b"no letter",
    )


@pytest.mark.slow
async def test_a_rebalance_that_does_not_wait_for_a_long_batch_loses_and_doubles_nothing(settings: Settings) -> None:
    values = [record.value for record in clicked(*map(click, range(100)))]
    goes_on = asyncio.Event()

    async with sinks(settings, 2) as (slow, other):

        async def store_late(records: Records) -> None:
            slow.given += [record.offset for record in records]
            await goes_on.wait()
            await slow.store_unseen(records)

        await write(settings, values)
        async with slow.consuming(store_late):
            await eventually(lambda: bool(slow.given))
            async with other.consuming(other.store):
                await eventually(other.has_a_share)
                goes_on.set()
                await eventually(lambda: (slow.done() or 0) + (other.done() or 0) == 100)

    assert len(slow.given) + len(other.given) > 100, "nothing was read again"
    assert await count(settings.database_url.reveal()) == 100


@pytest.mark.slow
async def test_a_sink_that_is_stopped_while_postgresql_is_frozen_leaves_its_batch_to_the_next(
    kafka: str, own_settings: LocalSettings, topic_prefix: str
) -> None:
    values = [record.value for record in clicked(click(0), click(1))]
    async with running(await plan_postgres(own_settings)) as server:
        settings = await prepared(kafka, server.address, topic_prefix)
        async with sinks(settings, 2) as (stopped, next_one):
            await write(settings, values[:1])
            async with stopped.consuming(stopped.store) as task:
                await eventually(lambda: stopped.done() == 1)
                server.freeze()
                await write(settings, values[1:])
                await eventually(lambda: len(stopped.given) == 2)
            assert task.exception() is None
            assert stopped.done() == 1
            server.thaw()
            async with next_one.consuming(next_one.store):
                await eventually(lambda: next_one.done() == 1)
            assert await count(server.address) == 2

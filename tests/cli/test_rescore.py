"""`clickrail rescore`, from the table and from the topic: what it says, and what it does not do."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from cli.main import app
from runtime.kafka.topics import apply_topics
from schemas import encode
from storage.retention.personal_days import empty_day
from tests.console.builders import NOW, open_tables
from tests.runtime.kafka.test_producer import Spec
from tests.settler.builders import CLICKED, click, everything, store_at, sweep_at

pytestmark = pytest.mark.servers

CLICKS = [*sweep_at(0), click(100, 5, client_hash="reader")]
RANGE = ("--from", f"{NOW.date()}", "--to", f"{NOW.date() + timedelta(days=1)}")


@pytest.fixture
async def tables(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with open_tables(database_url) as connection:
        await store_at(connection, CLICKS, CLICKED + timedelta(minutes=10))
        yield connection


def call(database_url: str, *arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(app, ["rescore", *arguments], env={"CLICKRAIL_DATABASE_URL": database_url, **environ})


def read_changes(result: Result) -> list[list[str]]:
    return [line.split("\t") for line in result.stdout.splitlines()]


async def test_a_dry_run_says_what_would_change_and_a_run_what_has_changed(
    tables: asyncpg.Connection, database_url: str
) -> None:
    dry = await to_thread(call, database_url, *RANGE, "--dry-run")
    before = await everything(tables)
    done = await to_thread(call, database_url, *RANGE)
    again = await to_thread(call, database_url, *RANGE)

    assert (dry.exit_code, done.exit_code, again.exit_code) == (0, 0, 0), done.stderr
    assert read_changes(dry) == read_changes(done)
    assert ["clean", "likely_invalid", "3"] in read_changes(done)
    assert ["link_sweep", "3", "0"] in read_changes(done)
    assert before == []
    assert len(await everything(tables)) == len(CLICKS)
    assert "4 scores written" in done.stderr
    assert "0 scores written" in again.stderr


async def test_the_topic_gives_the_same_scores_as_the_tables(
    tables: asyncpg.Connection, database_url: str, kafka: str, topic_prefix: str
) -> None:
    environ = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": kafka, "CLICKRAIL_KAFKA_TOPIC_PREFIX": topic_prefix}
    topic = f"{topic_prefix}clicks.enriched"
    await apply_topics([kafka], [Spec(topic, 2, {"retention.ms": "-1"})])
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for number, one in enumerate(reversed(CLICKS)):
        taken_ms = int(one.clicked_at.timestamp() * 1000)
        await producer.send_and_wait(topic, encode(one), partition=number % 2, timestamp_ms=taken_ms)
    await producer.stop()

    by_table = await to_thread(call, database_url, *RANGE)
    rows = await everything(tables)
    await tables.execute("TRUNCATE click_scores")
    by_topic = await to_thread(call, database_url, *RANGE, "--source", "topic", **environ)

    assert by_topic.exit_code == 0, by_topic.stderr
    assert by_topic.stdout == by_table.stdout
    assert await everything(tables) == rows
    other = await to_thread(
        call, database_url, "--from", "2026-01-01", "--to", "2026-01-02", "--source", "topic", **environ
    )
    assert (other.exit_code, f"the topic {topic} has no clicks from" in other.stderr) == (2, True)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "2026-11-24", "--to", "2026-11-24"), "--to must be later than --from"),
        (("--from", "2026-01-01", "--to", "2026-01-02"), "the table has no clicks from 2026-01-01T00:00Z"),
        ((*RANGE, "--source", "topic"), "needs Kafka's addresses: set CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS"),
        (
            (*RANGE, "--source", "topic", "--kafka-bootstrap-servers", "127.0.0.1:9"),
            "Kafka at 127.0.0.1:9 does not answer",
        ),
    ],
)
async def test_an_error_is_one_line_that_says_what_to_do(
    database_url: str, arguments: tuple[str, ...], message: str
) -> None:
    result = await to_thread(call, database_url, *arguments)

    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("source", ["table", "topic"])
async def test_days_that_have_lost_their_evidence_are_not_scored_again(
    tables: asyncpg.Connection, database_url: str, source: str
) -> None:
    await empty_day(tables, CLICKS[0].clicked_at.date())

    # The topic has the evidence still. Its scores would quote what was removed here.
    result = await to_thread(call, database_url, *RANGE, "--source", source, "--kafka-bootstrap-servers", "127.0.0.1:9")

    assert result.exit_code == 2
    assert "cannot be scored again: the personal columns were removed" in result.stderr
    assert await tables.fetchval("SELECT count(*) FROM click_scores") == 0

"""`clickrail topics lag` and `reset-offsets`, on a real Kafka."""

import asyncio
import json

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from typer.testing import CliRunner, Result

from cli.main import app
from cli.tables import apply_migrations
from runtime.kafka.out_record import OutRecord
from runtime.kafka.producer import RecordProducer
from runtime.kafka.topics import apply_topics
from schemas import TOPICS
from tests.pipeline import MOST_PARTITIONS, Prefixed

pytestmark = pytest.mark.servers


def call(kafka: str, prefix: str, *arguments: str) -> Result:
    environ = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": kafka, "CLICKRAIL_KAFKA_TOPIC_PREFIX": prefix}
    return CliRunner().invoke(app, ["topics", *arguments], env=environ)


@pytest.fixture
async def prefix(kafka: str, topic_prefix: str) -> str:
    """Topics with ten records of one key in clicks.raw."""
    await apply_topics([kafka], [Prefixed(topic_prefix, topic) for topic in TOPICS])
    producer = RecordProducer((kafka,), client_id="test")
    await producer.deliver([OutRecord(f"{topic_prefix}clicks.raw", b"k", b"{}") for _ in range(10)])
    await producer.close()
    return topic_prefix


def lag_of(kafka: str, prefix: str, topic: str) -> int:
    lines = json.loads(call(kafka, prefix, "lag", "--json").stdout)
    return sum(line["lag"] for line in lines if line["topic"] == prefix + topic)


def test_lag_is_shown_by_stage_and_topic(kafka: str, prefix: str) -> None:
    shown = call(kafka, prefix, "lag")
    lines = [line.split("\t") for line in shown.stdout.splitlines()]

    assert shown.stderr == ""
    assert lines[0] == ["stage", "topic", "members", "partitions", "lag"]
    assert ["enricher", f"{prefix}clicks.raw", "0", str(MOST_PARTITIONS), "10"] in lines
    assert ["sink", f"{prefix}clicks.dead", "0", "3", "0"] in lines


def test_a_stage_reads_on_where_it_is_told_to_and_a_dry_run_changes_nothing(kafka: str, prefix: str) -> None:
    reset = ["reset-offsets", "--stage", "enricher", "--topic", "clicks.raw", "--to"]

    dry = call(kafka, prefix, *reset, "latest", "--dry-run")
    after_dry = lag_of(kafka, prefix, "clicks.raw")
    latest = call(kafka, prefix, *reset, "latest")
    after_latest = lag_of(kafka, prefix, "clicks.raw")
    call(kafka, prefix, *reset, "2020-01-01T00:00:00Z")
    after_time = lag_of(kafka, prefix, "clicks.raw")

    assert (dry.exit_code, latest.exit_code) == (0, 0)
    assert (after_dry, after_latest, after_time) == (10, 0, 10)


async def test_while_the_stage_runs_it_is_refused(kafka: str, prefix: str) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=f"{prefix}clickrail.enricher")
    consumer.subscribe([f"{prefix}clicks.raw"])
    await consumer.start()
    try:
        await consumer.getmany(timeout_ms=100)
        arguments = ("reset-offsets", "--stage", "enricher", "--topic", "clicks.raw", "--to", "earliest")
        refused = await asyncio.to_thread(call, kafka, prefix, *arguments)
        assert consumer.assignment() >= {TopicPartition(f"{prefix}clicks.raw", 0)}
    finally:
        await consumer.stop()

    assert (refused.exit_code, refused.stderr.strip()) == (
        2,
        "clickrail: the enricher is running, with 1 member: stop it first",
    )


@pytest.mark.parametrize(
    ("topic", "to", "message"),
    [
        ("clicks.enriched", "latest", "the enricher reads clicks.raw, not 'clicks.enriched'"),
        (
            "clicks.raw",
            "now",
            "--to must be earliest, latest, or a time such as 2026-11-20T08:00:00Z, not 'now'",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(kafka: str, prefix: str, topic: str, to: str, message: str) -> None:
    wrong = call(kafka, prefix, "reset-offsets", "--stage", "enricher", "--topic", topic, "--to", to)

    assert (wrong.exit_code, wrong.stderr.strip()) == (2, f"clickrail: {message}")


def test_the_sink_goes_on_where_it_is_told_to_by_kafka_and_by_the_database(
    kafka: str, prefix: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reset = ("reset-offsets", "--stage", "sink", "--topic", "clicks.enriched", "--to", "latest")

    refused = call(kafka, prefix, *reset)
    monkeypatch.setenv("CLICKRAIL_DATABASE_URL", database_url)
    asyncio.run(note_position(database_url, f"{prefix}clicks.enriched"))
    done = call(kafka, prefix, *reset)

    assert refused.exit_code == 2
    assert "set CLICKRAIL_DATABASE_URL" in refused.stderr
    assert (done.exit_code, asyncio.run(read_position(database_url))) == (0, 0)


async def note_position(database_url: str, topic: str) -> None:
    await apply_migrations(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO stored_positions VALUES ($1, 0, 700)", topic)
    await connection.close()


async def read_position(database_url: str) -> int | None:
    connection = await asyncpg.connect(database_url)
    position: int | None = await connection.fetchval("SELECT next_offset FROM stored_positions")
    await connection.close()
    return position

"""Whether the servers answer, and are as the services need them."""

import pytest

from cli.status.finding import Finding
from cli.status.servers import check_kafka, check_postgres, check_redis, describe_migrations, describe_topics
from cli.tables import apply_contract, apply_migrations
from deploy.local.ports import free_port
from runtime.migration_files import Migration, MigrationSet
from runtime.migration_state import MigrationState


@pytest.mark.servers
async def test_kafka_is_well_once_its_topics_are_there(kafka: str, topic_prefix: str) -> None:
    environ = {"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": kafka, "CLICKRAIL_KAFKA_TOPIC_PREFIX": topic_prefix}
    before = await check_kafka(environ)
    await apply_contract([kafka], topic_prefix)

    assert before.problem.startswith(f"topics are missing: {topic_prefix}clicks.raw, ")
    assert before.remedy == "run `clickrail topics apply`"
    assert await check_kafka(environ) == Finding("Kafka", "answers")


def test_a_topic_that_differs_is_named_with_how() -> None:
    found = describe_topics({"clicks.raw": ("partitions: 3, wanted 12",), "clicks.dead": ()})

    assert found.problem == "topics differ: clicks.raw: partitions: 3, wanted 12"


async def test_a_kafka_that_is_away_is_said_to_be() -> None:
    found = await check_kafka({"CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}"})

    assert (found.state, found.wrong) == ("away", True)
    assert "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS" in found.remedy


async def test_settings_of_kafka_that_do_not_fit_are_named() -> None:
    found = await check_kafka({})

    assert found.state == "wrong settings"
    assert found.problem.startswith("CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS: ")


@pytest.mark.servers
async def test_postgres_is_well_once_it_is_migrated(empty_url: str) -> None:
    environ = {"CLICKRAIL_DATABASE_URL": empty_url}
    before = await check_postgres(environ)
    await apply_migrations(empty_url)

    assert (before.problem, before.remedy) == ("the database has no Clickrail tables yet", "run `clickrail migrate`")
    assert await check_postgres(environ) == Finding("PostgreSQL", "answers")


async def test_a_postgres_that_is_away_is_said_to_be_without_its_password() -> None:
    url = f"postgresql://someone:secret@127.0.0.1:{free_port()}/d"
    found = await check_postgres({"CLICKRAIL_DATABASE_URL": url})

    assert found.state == "away"
    assert "secret" not in f"{found.problem}{found.remedy}"


@pytest.mark.servers
async def test_redis_is_well_when_it_answers(valkey: str) -> None:
    assert await check_redis({"CLICKRAIL_REDIS_URL": valkey}) == Finding("Redis", "answers")


async def test_a_redis_that_is_away_is_said_to_be_and_none_at_all_is_no_fault() -> None:
    found = await check_redis({"CLICKRAIL_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})

    assert (found.state, found.wrong) == ("away", True)
    assert await check_redis({}) == Finding("Redis", "not set")


async def test_a_file_for_tls_to_redis_that_is_not_there_is_a_wrong_setting() -> None:
    found = await check_redis({"CLICKRAIL_REDIS_URL": "rediss://127.0.0.1:1/0?ssl_ca_certs=/nowhere/ca.pem"})
    assert (found.state, found.remedy) == ("wrong settings", "correct the variable")


def test_migrations_begun_are_told_and_those_of_another_engine_are_not_missed() -> None:
    files = MigrationSet(
        "fruit",
        "fruit",
        (
            Migration("fruit", 1, "apples", "-- migrate: no transaction\nSELECT 1", "fruit"),
            Migration("fruit", 2, "pears", "-- migrate: only timescaledb\nSELECT 1", "fruit"),
        ),
    )
    begun = describe_migrations([files], MigrationState({}, frozenset({("fruit", 1)})))
    done = describe_migrations([files], MigrationState({("fruit", 1): files.migrations[0].sha256}))

    assert begun.problem == "migrations are missing: fruit/migrations/0001_apples.sql (begun, not finished)"
    assert done == Finding("PostgreSQL", "answers")

"""Checks the servers: Kafka and its topics, PostgreSQL and its tables, Redis."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from cli.status.finding import Finding
from cli.tables import PACKAGES, LastLogMessage
from runtime.errors import DependencyAway, SettingsError, Stuck
from runtime.kafka.security import read_security
from runtime.kafka.settings import KafkaSettings
from runtime.kafka.topics import compare_topics
from runtime.migration_files import MigrationError, MigrationSet, find_migrations
from runtime.migration_state import MigrationState, find_pending, read_state
from runtime.migrations import check_database
from runtime.postgres import PostgresAway, Session, connected, describe_failure
from runtime.postgres_errors import ERRORS
from runtime.redis_tls import check_redis_tls_files
from runtime.settings import load, variables
from runtime.shared_settings import DatabaseUrl, RedisUrl
from schemas import TOPICS

if TYPE_CHECKING:
    import redis.asyncio

TIMEOUT_S: Final = 10.0
SESSION: Final = Session(application="clickrail status", connect_s=5.0, statement_s=5.0, read_only=True)


class Stores(msgspec.Struct, frozen=True, kw_only=True, rename=variables("INGEST")):
    """The URLs of PostgreSQL and Redis, read as the services read them."""

    database_url: DatabaseUrl | None = None
    redis_url: RedisUrl | None = None


async def check_kafka(environ: Mapping[str, str]) -> Finding:
    """Check that Kafka answers, and has all topics with the right settings."""
    last_message = LastLogMessage(logging.ERROR)
    logging.getLogger("aiokafka").addHandler(last_message)
    logging.getLogger("aiokafka").propagate = False
    try:
        given = {name: text for name, text in environ.items() if name.startswith("CLICKRAIL_KAFKA_")}
        settings = load(KafkaSettings, given)
        wanted = [msgspec.structs.replace(topic, name=settings.kafka_topic_prefix + topic.name) for topic in TOPICS]
        async with asyncio.timeout(TIMEOUT_S):
            topics = await compare_topics(settings.kafka_bootstrap_servers, wanted, read_security(settings))
    except SettingsError as error:
        return Finding("Kafka", "wrong settings", str(error), "correct the variable")
    except (DependencyAway, TimeoutError) as error:
        why = last_message.text or str(error) or f"no answer within {TIMEOUT_S:g} s"
        return Finding("Kafka", "away", why, "start Kafka, or correct CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS")
    return describe_topics(topics)


def describe_topics(topics: Mapping[str, tuple[str, ...] | None]) -> Finding:
    missing = [name for name, differences in topics.items() if differences is None]
    if missing:
        return Finding("Kafka", "answers", f"topics are missing: {', '.join(missing)}", "run `clickrail topics apply`")
    differing = [f"{name}: {each}" for name, differences in topics.items() for each in differences or ()]
    if differing:
        remedy = "change them with Kafka's own tools, or leave them if that is intended"
        return Finding("Kafka", "answers", f"topics differ: {'; '.join(differing)}", remedy)
    return Finding("Kafka", "answers")


async def check_postgres(environ: Mapping[str, str]) -> Finding:
    """Check that PostgreSQL answers, and has the tables of this version."""
    try:
        url = load(Stores, read_store_urls(environ)).database_url
        if url is None:
            return Finding("PostgreSQL", "not set", "CLICKRAIL_DATABASE_URL is missing", "set it to the database's URL")
        async with asyncio.timeout(TIMEOUT_S):
            return await check_tables(url.reveal())
    except MigrationError as error:
        return Finding(
            "PostgreSQL", "answers", str(error), "run the version of Clickrail that made these tables, or a newer one"
        )
    except SettingsError as error:
        return Finding("PostgreSQL", "wrong settings", str(error), "correct the variable")
    except (PostgresAway, TimeoutError) as error:
        why = str(error) or f"no answer within {TIMEOUT_S:g} s"
        return Finding("PostgreSQL", "away", why, "start PostgreSQL, or correct CLICKRAIL_DATABASE_URL")
    except Stuck as error:
        return Finding(
            "PostgreSQL", "refuses", str(error), "correct CLICKRAIL_DATABASE_URL, or give its account the rights"
        )


async def check_tables(url: str) -> Finding:
    async with connected(url, SESSION) as connection:
        try:
            await check_database(connection)
            state = await read_state(connection)
        except asyncpg.UndefinedTableError:
            return Finding(
                "PostgreSQL", "answers", "the database has no Clickrail tables yet", "run `clickrail migrate`"
            )
        except asyncpg.InsufficientPrivilegeError:
            # The account of an edge node may read only the referrals.
            return Finding("PostgreSQL", "answers")
        except ERRORS as error:
            raise describe_failure(error) from error
    return describe_migrations([find_migrations(package) for package in PACKAGES], state)


def describe_migrations(packages: Sequence[MigrationSet], state: MigrationState) -> Finding:
    """Say which migrations are missing. Raises MigrationError."""
    pending = find_pending(packages, state)
    if pending:
        missing = ", ".join(
            f"{one.name}{' (begun, not finished)' if (one.recorded_as, one.number) in state.broken_off else ''}"
            for one in pending
        )
        return Finding("PostgreSQL", "answers", f"migrations are missing: {missing}", "run `clickrail migrate`")
    # Those of another engine are skipped for good reason: nothing is to be done about them.
    return Finding("PostgreSQL", "answers, with TimescaleDB" if state.engine == "timescaledb" else "answers")


async def check_redis(environ: Mapping[str, str]) -> Finding:
    """Check that Redis answers. Ingest also works without Redis, with more queries to PostgreSQL."""
    from redis.exceptions import RedisError

    from runtime.redis import connect_redis

    try:
        url = load(Stores, read_store_urls(environ)).redis_url
        if url is None:
            return Finding("Redis", "not set")
        check_redis_tls_files(url.reveal())
    except SettingsError as error:
        return Finding("Redis", "wrong settings", str(error), "correct the variable")
    client = connect_redis(url.reveal(), TIMEOUT_S)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await client.ping()
            mode = await read_redis_mode(client)
    except (RedisError, OSError, TimeoutError) as error:
        why = str(error) or f"no answer within {TIMEOUT_S:g} s"
        return Finding(
            "Redis", "away", why, "start Redis or Valkey, or correct CLICKRAIL_REDIS_URL; links work without it"
        )
    finally:
        await client.aclose()
    if mode != "standalone":
        return Finding(
            "Redis", "cannot be used", f"it is a {mode} server", "give the address of one Redis: docs/operating.md"
        )
    return Finding("Redis", "answers")


async def read_redis_mode(client: "redis.asyncio.Redis") -> str:
    """Return how the server runs: standalone, cluster or sentinel. An account that may not ask sees the first."""
    from redis.exceptions import NoPermissionError

    with suppress(NoPermissionError):
        info = await client.info("server")
        # Valkey says server_mode.
        return str(info.get("server_mode") or info.get("redis_mode") or "standalone")
    return "standalone"


def read_store_urls(environ: Mapping[str, str]) -> dict[str, str]:
    names = ("CLICKRAIL_DATABASE_URL", "CLICKRAIL_REDIS_URL")
    return {name: text for name, text in environ.items() if name.removesuffix("_FILE") in names}

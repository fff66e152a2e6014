"""The real servers of the tests: our own launcher's, or containers when CLICKRAIL_TEST_SERVERS=docker.

CLICKRAIL_TEST_DATABASE_URL names a PostgreSQL to use instead of starting one, such as one with TimescaleDB. Each test
makes a schema of its own in it. CLICKRAIL_TEST_KAFKA names a Kafka, as `host:port`: each test has topics of its own.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path

import asyncpg

from deploy.local.kafka import plan_kafka
from deploy.local.ports import free_port, settle_ports
from deploy.local.postgres import plan_postgres
from deploy.local.server import ServerPlan, running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from runtime.timescaledb import create_timescaledb
from tests.waiting import PATIENCE_S

IN_DOCKER = os.environ.get("CLICKRAIL_TEST_SERVERS") == "docker"
GIVEN_DATABASE = os.environ.get("CLICKRAIL_TEST_DATABASE_URL")
GIVEN_KAFKA = os.environ.get("CLICKRAIL_TEST_KAFKA")


def small_settings(folder: Path) -> LocalSettings:
    """Give settings for servers of a test: free ports, little memory, up soon, or late on a busy machine."""
    return settle_ports(
        LocalSettings(
            data_dir=str(folder),
            kafka_port=0,
            kafka_controller_port=0,
            postgres_port=0,
            valkey_port=0,
            kafka_heap_mib=256,
            postgres_shared_buffers_mib=32,
            start_seconds=PATIENCE_S,
            throwaway=True,
        )
    )


def run_kafka(settings: LocalSettings) -> AbstractAsyncContextManager[str]:
    return contained(kafka_container) if IN_DOCKER else launched(plan_kafka(settings))


def run_postgres(settings: LocalSettings) -> AbstractAsyncContextManager[str]:
    if GIVEN_DATABASE is not None:
        return given(GIVEN_DATABASE)
    return contained(postgres_container) if IN_DOCKER else launched(plan_postgres(settings))


def run_valkey(settings: LocalSettings) -> AbstractAsyncContextManager[str]:
    return contained(valkey_container) if IN_DOCKER else launched(asyncio.sleep(0, plan_valkey(settings)))


@asynccontextmanager
async def empty_schema(postgres: str) -> AsyncIterator[str]:
    """Make a schema for the block; connections by the URL it gives find their tables there, and only there."""
    schema = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3D{schema}"
        # A connection that a test left in a transaction would hold this up: no time-out of pytest reaches here.
        await connection.execute(f"SET lock_timeout = '{PATIENCE_S:.0f}s'")
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")
    finally:
        await connection.close()


@asynccontextmanager
async def given(database_url: str) -> AsyncIterator[str]:
    """Use a server that runs already, with TimescaleDB where it can be had, as `clickrail migrate` would."""
    connection = await asyncpg.connect(database_url)
    await create_timescaledb(connection)
    await connection.close()
    yield database_url


async def has_timescaledb(database_url: str) -> bool:
    connection = await asyncpg.connect(database_url)
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')")
    await connection.close()
    return found


@asynccontextmanager
async def launched(plan: Awaitable[ServerPlan]) -> AsyncIterator[str]:
    async with running(await plan) as server:
        yield server.address


@asynccontextmanager
async def contained(container: Callable[[], AbstractContextManager[str]]) -> AsyncIterator[str]:
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, container())


@contextmanager
def kafka_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - only where there is an engine
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    # Kafka tells its clients where to go, so the port outside must be known before it starts.
    port = free_port()
    container = DockerContainer("apache/kafka:4.3.1").with_bind_ports(9092, port)
    for name, value in {
        "PROCESS_ROLES": "broker,controller",
        "NODE_ID": "1",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port}",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
    }.items():
        container = container.with_env(f"KAFKA_{name}", value)
    with container.waiting_for(LogMessageWaitStrategy("Kafka Server started")):
        yield f"localhost:{port}"


@contextmanager
def postgres_container() -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only where there is an engine

    with PostgresContainer("postgres:18", username="clickrail", password="clickrail", dbname="clickrail") as container:
        yield container.get_connection_url(driver=None)


@contextmanager
def valkey_container() -> Iterator[str]:
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - only where there is an engine

    with RedisContainer("valkey/valkey:9") as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"

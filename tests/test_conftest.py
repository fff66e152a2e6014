"""The fixtures themselves."""

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from deploy.local.launch import run_to_end
from deploy.local.postgres import program
from tests.waiting import eventually

pytestmark = pytest.mark.servers


async def test_a_database_url_is_an_empty_schema_of_its_own(postgres: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE clicks (id int)")
    await connection.close()
    code, output = await run_to_end((str(program("psql")), database_url, "-Atc", "SELECT count(*) FROM clicks"))
    assert (code, output) == (0, "0\n")
    outside = await asyncpg.connect(postgres)
    assert await outside.fetchval("SELECT to_regclass('clicks')") is None
    await outside.close()


async def test_kafka_makes_topics(kafka: str, topic_prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(f"{topic_prefix}clicks", 12, 1)])

        async def is_listed() -> bool:
            # The controller has made it; a broker lists it when it has heard of that.
            return f"{topic_prefix}clicks" in await admin.list_topics()

        await eventually(is_listed)
    finally:
        await admin.close()


async def test_valkey_keeps_a_value(valkey: str, topic_prefix: str) -> None:
    async with Redis.from_url(valkey) as client:
        await client.set(f"{topic_prefix}k", "v")
        assert await client.get(f"{topic_prefix}k") == b"v"


def test_servers_serve_tests_that_are_not_coroutines(valkey: str) -> None:
    assert valkey.startswith("redis://127.0.0.1:")

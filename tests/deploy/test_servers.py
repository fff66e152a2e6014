"""Each server: keeps its data over a crash, hangs when frozen, comes back on the same port."""

import asyncio

import asyncpg
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from deploy.local.kafka import QUICK, plan_kafka
from deploy.local.postgres import plan_postgres
from deploy.local.probe import ask
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers


async def test_a_record_outlives_a_killed_kafka(own_settings: LocalSettings) -> None:
    plan = await plan_kafka(msgspec.structs.replace(own_settings, throwaway=False))
    # As in `make up`, but compiled as for a short life.
    command = (plan.command[0], *QUICK, *plan.command[1:])
    async with running(msgspec.structs.replace(plan, command=command)) as kafka:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
        await admin.start()
        await admin.create_topics([NewTopic("clicks", 1, 1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all") as producer:
            await producer.send_and_wait("clicks", b"a click")
        await kafka.kill()
        await kafka.start()
        async with AIOKafkaConsumer("clicks", bootstrap_servers=kafka.address, auto_offset_reset="earliest") as reader:
            assert (await asyncio.wait_for(reader.getone(), PATIENCE_S)).value == b"a click"


async def test_a_row_outlives_a_killed_postgres(own_settings: LocalSettings) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        await run_sql(postgres.address, "CREATE TABLE clicks AS SELECT 7 AS id")
        await postgres.kill()
        await postgres.start()
        assert await run_sql(postgres.address, "SELECT id FROM clicks") == 7
        await postgres.restart()
        assert await run_sql(postgres.address, "SELECT id FROM clicks") == 7


async def test_a_value_outlives_a_killed_valkey(own_settings: LocalSettings) -> None:
    async with running(plan_valkey(own_settings)) as valkey:
        async with Redis.from_url(valkey.address) as client:
            await client.set("code", "summer")
        await valkey.kill()
        await valkey.start()
        async with Redis.from_url(valkey.address) as client:
            assert await client.get("code") == b"summer"


async def test_a_frozen_postgres_answers_nobody_until_it_is_thawed(own_settings: LocalSettings) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        connection = await asyncpg.connect(postgres.address)
        postgres.freeze()
        query = asyncio.create_task(connection.fetchval("SELECT 1"))
        done, _ = await asyncio.wait([query], timeout=0.5)
        assert not done
        postgres.thaw()
        assert await asyncio.wait_for(query, PATIENCE_S) == 1
        await connection.close()


async def test_a_frozen_server_can_be_stopped(own_settings: LocalSettings) -> None:
    async with running(plan_valkey(own_settings)) as valkey:
        valkey.freeze()
        await valkey.stop()
        assert await valkey.wait() == 0
        with pytest.raises(ProcessLookupError):
            _ = valkey.pid


async def test_an_end_that_nobody_asked_for_is_noticed(own_settings: LocalSettings) -> None:
    async with running(plan_valkey(own_settings)) as valkey:
        waiting = asyncio.create_task(valkey.wait())
        await ask(valkey.plan.port, b"SHUTDOWN NOSAVE\r\n", 1)
        assert await asyncio.wait_for(waiting, PATIENCE_S) == 0


async def test_postgres_wants_its_password(own_settings: LocalSettings) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        assert (own_settings.data / "postgres" / "password").stat().st_mode & 0o777 == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://clickrail:guess@127.0.0.1:{postgres.plan.port}/clickrail")


async def run_sql(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()

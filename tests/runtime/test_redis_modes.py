"""Redis as a node of a cluster, as a Sentinel, and as a server that a failover has made a replica."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import msgspec
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as ConnectionBroken

from cli.status.servers import check_redis
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey, program
from referrals.lookup.redis_requests import AWAY
from runtime.redis import connect_redis
from runtime.redis_refusals import CLUSTER, REPLICA, SENTINEL, explain_refusal
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

REDIS_6 = (
    b"-ERR Error running script (call to f_4a2267357833227dd98abdedb8cf24b15a986445): @user_script:1: @user_script: 1:"
    b" -READONLY You can't write against a read only replica. \r\n"
)
ALL_SLOTS = ("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
Open = Callable[..., AbstractAsyncContextManager[redis.asyncio.Redis]]


@pytest.fixture
def opened(own_settings: LocalSettings) -> Open:
    """Run a Valkey with more options, and connect to it as our services do."""

    @asynccontextmanager
    async def run(*options: str) -> AsyncIterator[redis.asyncio.Redis]:
        plan = plan_valkey(own_settings)
        async with running(msgspec.structs.replace(plan, command=(*plan.command, *options))) as server:
            client = connect_redis(server.address, PATIENCE_S)
            yield client
            await client.aclose()

    return run


async def refusal_of(client: redis.asyncio.Redis) -> str | None:
    try:
        await client.mget(["a", "b"])
    except AWAY as error:
        return explain_refusal(error)
    return "not refused"


def url_of(client: redis.asyncio.Redis) -> str:
    return f"redis://127.0.0.1:{client.connection_pool.connection_kwargs['port']}/0"


async def test_a_node_of_a_cluster_is_named_as_one_whatever_it_says(opened: Open) -> None:
    async with opened("--cluster-enabled", "yes") as client:
        without_slots = await refusal_of(client)
        await client.execute_command(*ALL_SLOTS)
        with_all = await refusal_of(client)
        found = await check_redis({"CLICKRAIL_REDIS_URL": url_of(client)})
    assert (without_slots, with_all) == (CLUSTER, CLUSTER)
    assert (found.state, found.problem) == ("cannot be used", "it is a cluster server")


async def test_a_sentinel_is_named_as_one(own_settings: LocalSettings) -> None:
    plan = plan_valkey(own_settings)
    file = plan.folder / "sentinel.conf"
    file.write_text(f"port {plan.port}\nbind 127.0.0.1\ndir {plan.folder}\n")
    sentinel = msgspec.structs.replace(plan, command=(str(program()), str(file), "--sentinel"))
    async with running(sentinel) as server:
        client = connect_redis(server.address, PATIENCE_S)
        refused = await refusal_of(client)
        await client.aclose()
        found = await check_redis({"CLICKRAIL_REDIS_URL": server.address})
    assert refused == SENTINEL
    assert (found.state, found.problem) == ("cannot be used", "it is a sentinel server")


async def write(client: redis.asyncio.Redis) -> None:
    await client.set("a", "1")


async def write_in_a_pipeline(client: redis.asyncio.Redis) -> None:
    """Write as the enricher does: with scripts, after a read that a replica answers."""
    pipeline = client.pipeline(transaction=False)
    pipeline.get("a")
    pipeline.execute_command("EVAL", "return redis.call('SET', KEYS[1], '1')", 1, "a")
    pipeline.get("b")
    await pipeline.execute()


@pytest.mark.parametrize("request_of", [write, write_in_a_pipeline])
async def test_after_a_failover_the_next_request_makes_a_new_connection(
    opened: Open, request_of: Callable[[redis.asyncio.Redis], Awaitable[None]]
) -> None:
    async with opened() as client, redis.asyncio.Redis.from_url(url_of(client)) as operator:
        before = await client.client_id()
        await operator.execute_command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ConnectionBroken) as refused:
            await request_of(client)
        await operator.execute_command("REPLICAOF", "NO", "ONE")
        await request_of(client)
        assert await client.client_id() != before
    assert explain_refusal(refused.value) == REPLICA


async def test_a_replica_that_answers_no_reads_without_its_master_is_left_as_well(opened: Open) -> None:
    options = ("--replica-serve-stale-data", "no")
    async with opened(*options) as client, redis.asyncio.Redis.from_url(url_of(client)) as operator:
        before = await client.client_id()
        await operator.execute_command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ConnectionBroken) as refused:
            await client.get("a")
        await operator.execute_command("REPLICAOF", "NO", "ONE")
        assert await client.client_id() != before
    assert explain_refusal(refused.value) == REPLICA


async def answer_as_redis_6(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept a connection as it wants to be, and answer scripts as a replica did before Redis 7."""
    with suppress(OSError):
        while asked := await reader.read(65_536):
            writer.write(REDIS_6 if b"EVAL" in asked else b"+OK\r\n" * asked.count(b"SETINFO"))
            await writer.drain()
    writer.close()


async def test_a_replica_is_known_by_the_answer_of_an_older_redis_to_a_script() -> None:
    async with await asyncio.start_server(answer_as_redis_6, "127.0.0.1", 0) as server:
        client = connect_redis(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", PATIENCE_S)
        with pytest.raises(ConnectionBroken) as refused:
            await client.eval("return redis.call('SET', KEYS[1], '1')", 1, "a")
        await client.aclose()
    assert explain_refusal(refused.value) == REPLICA

"""Redis's client on the loop that the services run on."""

import asyncio
import random
from collections import Counter
from urllib.parse import urlsplit

import pytest
import uvloop
from redis.asyncio.connection import SSLConnection

from referrals.lookup.redis_cache import AWAY
from runtime.redis import PlainConnection, connect_redis
from runtime.task_scope import cancel
from tests.faults.proxy import Proxy


@pytest.mark.servers
@pytest.mark.slow
def test_connections_that_are_reset_are_errors_of_redis_and_nothing_worse(valkey: str) -> None:
    address = urlsplit(valkey)
    assert address.port

    async def ask(proxy: Proxy) -> Counter[str]:
        heard: Counter[str] = Counter()
        client = connect_redis(f"redis://{proxy.address}/0")

        async def ask_on() -> None:
            while True:
                try:
                    await client.mget(["a", "b"])
                    heard["answered"] += 1
                except AWAY:
                    heard["away"] += 1
                await asyncio.sleep(0.002)

        asking = [asyncio.create_task(ask_on()) for _ in range(4)]
        for _ in range(50):
            await asyncio.sleep(random.uniform(0.01, 0.03))
            await asyncio.to_thread(proxy.reset)
        # A task that has ended has met what it did not expect.
        heard["worse"] = sum(task.done() for task in asking)
        await cancel(asking)
        await client.aclose()
        return heard

    with Proxy("127.0.0.1", address.port) as proxy:
        heard = uvloop.run(ask(proxy))
    assert (heard["worse"], heard["answered"] > 50, heard["away"] > 10) == (0, True, True)


def test_encrypted_connections_are_mended_too() -> None:
    kind = connect_redis("rediss://127.0.0.1:1/0").connection_pool.connection_class
    assert issubclass(kind, PlainConnection)
    assert issubclass(kind, SSLConnection)

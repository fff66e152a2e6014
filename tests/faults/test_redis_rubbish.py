"""Redis full, holding rubbish, refusing or loading: whatever it says, a redirect is never wrong for it."""

import asyncio
import random
import time
from contextlib import suppress

import msgspec
import pytest
import redis.asyncio
from redis.exceptions import BusyLoadingError, RedisError

from deploy.local.server import ServerPlan, running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from tests.faults.drill import Drill
from tests.faults.stores import RATE, Choice, MakeShop, check_answers, note_p99, open_shop, until_used

pytestmark = [pytest.mark.servers, pytest.mark.processes]

RUBBISH = (
    "",
    "rubbish",
    "\x00\xff",
    "9 9 {}",
    '1 1 {"code":"@","affiliate_id":"ann0"',
    '99 99 {"code":"@","affiliate_id":"ann0","program_id":"shop","status":"active","version":98}',
    '99 99 {"code":"other","affiliate_id":"ann0","program_id":"shop","status":"active","version":99}',
    '99 99 {"code":"@","affiliate_id":"ann0","program_id":"shop","status":"active","target_url":"//x","version":99}',
    None,
)
BAD_PROGRAM = '99 99 {"id":"shop","name":"Shop","status":"active","target_url":"javascript:x","version":99}'


async def test_a_redis_that_is_full_of_rubbish_or_refuses_is_a_miss(
    own_settings: LocalSettings, stored_shop: MakeShop, drill: Drill
) -> None:
    async with running(plan_valkey(own_settings)) as server:
        shop = stored_shop(server.address)
        async with open_shop(shop) as clients, redis.asyncio.Redis.from_url(server.address) as cache:
            await spoil(cache, f"{shop.prefix}:referrals", drill.seconds(600, 15_000))
            # Started again, it holds nothing, and asks Redis for program and affiliate as well.
            await shop.services["ingest"].stop()
            await shop.services["ingest"].start()
            choice, began = Choice(), time.monotonic()
            for fault in (nothing, fill, refuse_reading, lose_master):
                async with clients.visiting(RATE, choice):
                    await fault(cache)
                    await asyncio.sleep(drill.seconds(1, 20))
            ended = time.monotonic()
            written = await shop.metric("clickrail_lookup_redis_writes_total", outcome="away")
    check_answers(clients.visits)
    note_p99(drill, "11", "Redis full, of rubbish, of wrong types, refusing", clients.since(began, ended), 60)
    assert written > 0


async def test_a_redis_that_is_loading_is_a_miss(
    own_settings: LocalSettings, stored_shop: MakeShop, drill: Drill
) -> None:
    async with running(slow_to_load(plan_valkey(own_settings))) as server:
        shop = stored_shop(server.address)
        async with open_shop(shop) as clients, clients.visiting(RATE, Choice()):
            await fill_for_loading(server.address, drill.seconds(3, 30))
            await server.kill()
            loading = asyncio.create_task(server.start())
            refused = 0
            while not loading.done():
                refused += await is_loading(server.address)
                await asyncio.sleep(0.05)
            await loading
            await until_used(shop)
    check_answers(clients.visits)
    note_p99(drill, "11", "Redis loading its data", clients.visits, 60)
    assert refused > 0


async def spoil(cache: redis.asyncio.Redis, prefix: str, codes: float) -> None:
    """Have rubbish stand where the lookup will look."""
    chance = random.Random(11)
    async with cache.pipeline(transaction=False) as pipeline:
        for code in (f"{kind}{n}" for n in range(round(codes)) for kind in ("c", "unknown")):
            key, rubbish = f"{prefix}:code:{code}", chance.choice(RUBBISH)
            pipeline.delete(key)
            pipeline.rpush(key, "a list") if rubbish is None else pipeline.set(key, rubbish.replace("@", code))
        pipeline.set(f"{prefix}:program:shop", BAD_PROGRAM)
        pipeline.delete(f"{prefix}:affiliate:ann0").rpush(f"{prefix}:affiliate:ann0", "a list")
        await pipeline.execute()


async def nothing(_: redis.asyncio.Redis) -> None:
    """Let there be rubbish, and nothing else."""


async def fill(cache: redis.asyncio.Redis) -> None:
    await cache.config_set("maxmemory-policy", "noeviction")
    await cache.config_set("maxmemory", 1)


async def refuse_reading(cache: redis.asyncio.Redis) -> None:
    await cache.config_set("maxmemory", 0)
    await cache.execute_command("ACL", "SETUSER", "default", "-mget", "-evalsha")


async def lose_master(cache: redis.asyncio.Redis) -> None:
    await cache.execute_command("ACL", "SETUSER", "default", "+@all")
    await cache.config_set("replica-serve-stale-data", "no")
    await cache.replicaof("127.0.0.1", 1)


def slow_to_load(plan: ServerPlan) -> ServerPlan:
    """Have it answer -LOADING for a while after a start: each key takes a millisecond."""
    options = ("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    return msgspec.structs.replace(plan, command=(*plan.command, *options))


async def fill_for_loading(address: str, seconds: float) -> None:
    async with redis.asyncio.Redis.from_url(address) as cache:
        await cache.mset({f"filling{n}": "x" * 100 for n in range(round(seconds * 1000))})
        # As a snapshot, between whose keys it listens; a log would be read without a pause.
        await cache.bgrewriteaof()
        while (await cache.info("persistence"))["aof_rewrite_in_progress"]:
            await asyncio.sleep(0.02)


async def is_loading(address: str) -> bool:
    with suppress(RedisError, OSError):
        async with redis.asyncio.Redis.from_url(address, socket_timeout=1) as cache:
            try:
                await cache.get("any")
            except BusyLoadingError:
                return True
    return False

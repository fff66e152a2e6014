"""What comes into a Redis that answers again: the changes it missed, but nothing from before a restore."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import msgspec
import pytest
import redis.asyncio

from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.redis_cache import PROBE_S
from referrals.metrics import LookupMetrics
from tests.faults.proxy import Proxy
from tests.faults.shop import place_of
from tests.referrals.builders import insert
from tests.referrals.lookup.looking_up import BREAK_LINES, answer_of, is_away, is_followed
from tests.waiting import eventually

pytestmark = pytest.mark.servers


@contextmanager
def behind_proxy(settings: LookupSettings) -> Iterator[tuple[Proxy, LookupSettings]]:
    """Give a line to Redis that can be cut, and the settings with it."""
    assert settings.redis_url
    with Proxy(*place_of(settings.redis_url)) as proxy:
        yield proxy, msgspec.structs.replace(settings, redis_url=f"redis://{proxy.address}/0")


async def test_a_change_that_redis_did_not_take_is_written_when_it_answers_again(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    name = f"{settings.redis_prefix}:referrals:code:abc"
    with behind_proxy(settings) as (proxy, behind):
        metrics = LookupMetrics()
        async with open_lookup(behind, metrics) as lookup:
            await eventually(lambda: is_followed(lookup))
            await lookup.find("abc")
            await eventually(lambda: cache.exists(name))
            proxy.cut()
            await connection.execute("UPDATE referral_codes SET status = 'paused' WHERE code = 'abc'")

            async def in_force() -> bool:
                return answer_of(await lookup.find("abc")) == ("process", "code")

            await eventually(in_force)
            await eventually(lambda: is_away(metrics))
            kept = await cache.get(name)
            proxy.restore()

            async def is_written() -> bool:
                return b"paused" in await cache.get(name)

            await eventually(is_written)
    assert kept is not None
    assert b"active" in kept


async def test_a_redis_that_has_lost_everything_is_used_again_without_any_change(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "a", "b")
    kept = f"{settings.redis_prefix}:referrals"
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("a")
        await eventually(lambda: is_followed(lookup))
        await eventually(lambda: cache.exists(f"{kept}:code:a"))
        await cache.delete(*[name async for name in cache.scan_iter(f"{kept}:*")])
        await eventually(lambda: cache.exists(f"{kept}:history"))
        await lookup.find("b")
        await eventually(lambda: cache.exists(f"{kept}:code:b"))


async def test_what_was_read_before_a_restore_does_not_come_into_redis_after_it(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    name = f"{settings.redis_prefix}:referrals:code:abc"
    with behind_proxy(settings) as (proxy, behind):
        # No epoch of Redis is known to this process, from its start on.
        proxy.cut()
        async with open_lookup(behind, LookupMetrics()) as lookup:
            await eventually(lambda: is_followed(lookup))
            await lookup.find("abc")
            for status in ("paused", "active"):
                await connection.execute("UPDATE referral_codes SET status = $1 WHERE code = 'abc'", status)
            newest = await connection.fetchval("SELECT version FROM referral_version")

            async def has_newest() -> bool:
                return lookup.subscriber.position is not None and lookup.subscriber.position[0] == newest

            await eventually(has_newest)
            # As an older state of the database has it.
            await connection.execute("UPDATE referral_version SET version = 1, installation = gen_random_uuid()")
            await connection.execute("DELETE FROM referral_changes")
            await connection.execute(BREAK_LINES)

            async def is_started_again() -> bool:
                return lookup.subscriber.position is not None and lookup.subscriber.position[0] == 1

            await eventually(is_started_again)
            proxy.restore()
            await lookup.find("abc")
            await eventually(lambda: cache.exists(f"{settings.redis_prefix}:referrals:history"))
            await asyncio.sleep(2 * PROBE_S)
            value = await cache.get(name)
    assert value is None or b' 1 {"code"' in value

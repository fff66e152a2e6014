"""What comes into a Redis that answers again: the changes it missed, but nothing from before a restore."""

import asyncio

import asyncpg
import msgspec
import pytest
import redis.asyncio

from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.redis_cache import PROBE_S
from referrals.metrics import LookupMetrics
from tests.faults.proxy import Proxy
from tests.faults.shop import place_of
from tests.referrals.builders import PATIENT, get_signer, insert
from tests.referrals.lookup.looking_up import BREAK_LINES, answer_of, is_away, is_followed
from tests.waiting import eventually

pytestmark = pytest.mark.servers


async def test_a_change_that_redis_did_not_take_is_written_when_it_answers_again(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    name = f"{settings.redis_prefix}:referrals:code:abc"
    with Proxy(*place_of(settings.redis_url)) as proxy:
        behind = msgspec.structs.replace(settings, redis_url=f"redis://{proxy.address}/0")
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
    own_settings: LocalSettings, referrals_url: str, connection: asyncpg.Connection
) -> None:
    await insert(connection, "a", "b")
    async with running(plan_valkey(own_settings)) as server:
        settings = LookupSettings(
            database_url=referrals_url, redis_url=server.address, get_signer=get_signer, **PATIENT
        )
        async with (
            open_lookup(settings, LookupMetrics()) as lookup,
            redis.asyncio.Redis.from_url(server.address) as cache,
        ):
            await lookup.find("a")
            await eventually(lambda: is_followed(lookup))
            await eventually(lambda: cache.exists("clickrail:referrals:code:a"))
            await cache.flushdb()
            await eventually(lambda: cache.exists("clickrail:referrals:history"))
            await lookup.find("b")
            await eventually(lambda: cache.exists("clickrail:referrals:code:b"))


async def test_what_was_read_before_a_restore_does_not_come_into_redis_after_it(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    name = f"{settings.redis_prefix}:referrals:code:abc"
    with Proxy(*place_of(settings.redis_url)) as proxy:
        # No epoch of Redis is known to this process, from its start on.
        proxy.cut()
        behind = msgspec.structs.replace(settings, redis_url=f"redis://{proxy.address}/0")
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

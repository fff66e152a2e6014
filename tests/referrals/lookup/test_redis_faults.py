"""The lookup while Redis is away, silent, frozen or full: each code has its answer."""

import asyncpg
import pytest
import redis.asyncio

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from referrals.connections import connected
from referrals.lookup.answers import UNKNOWN_IN_POSTGRES
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.metrics import LookupMetrics
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.redis import REDIS_TIMEOUT_S
from tests.referrals.builders import PATIENT, get_signer, insert, unique_prefix
from tests.referrals.lookup.looking_up import (
    answer_of,
    is_away,
    is_counted,
    is_followed,
    metric,
    silent_server,
)
from tests.waiting import eventually

pytestmark = pytest.mark.servers


async def test_what_redis_had_while_postgres_was_away_is_confirmed_once_it_is_back(
    own_settings: LocalSettings, valkey: str
) -> None:
    prefix = unique_prefix()
    async with running(await plan_postgres(own_settings)) as postgres:
        async with connected(postgres.address) as connection:
            await migrate(connection, [find_migrations("referrals")])
            await insert(connection, "abc")
        settings = LookupSettings(
            database_url=postgres.address, redis_url=valkey, get_signer=get_signer, redis_prefix=prefix, **PATIENT
        )
        async with open_lookup(settings, LookupMetrics()) as earlier, redis.asyncio.Redis.from_url(valkey) as cache:
            await earlier.find("abc")
            await eventually(lambda: cache.exists(f"{prefix}:referrals:program:shop"))
        async with connected(postgres.address) as connection:
            # Nobody holds the program, so nobody renews it in Redis.
            await connection.execute("UPDATE programs SET status = 'paused'")
        await postgres.stop()
        async with open_lookup(settings, LookupMetrics()) as lookup:
            assert answer_of(await lookup.find("abc")) == ("redis", "active")
            problem = lookup.problem()
            await postgres.start()

            async def in_force() -> bool:
                return answer_of(await lookup.find("abc")) == ("process", "program")

            await eventually(in_force)
            await eventually(lambda: is_followed(lookup))
            assert (problem, lookup.problem()) == ("Postgres has not been reached since the start", None)


async def test_a_silent_redis_costs_one_time_out_and_then_nothing(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "a", "b", "c")
    metrics = LookupMetrics()
    async with silent_server() as port:
        silent = LookupSettings(
            database_url=settings.database_url,
            redis_url=f"redis://127.0.0.1:{port}/0",
            get_signer=get_signer,
            **PATIENT | {"redis_timeout_s": REDIS_TIMEOUT_S},
        )
        async with open_lookup(silent, metrics) as lookup:
            answers = [answer_of(await lookup.find(name)) for name in ("a", "b", "c")]
    # The first visitor waits for it; how often we ourselves had asked it until then depends on who came first.
    assert (answers, metric(metrics, "redis", "skipped")) == ([("postgres", "active")] * 3, 2)


@pytest.mark.slow
async def test_whether_redis_is_back_is_found_out_without_its_visitors(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection)
    metrics = LookupMetrics()
    async with silent_server() as port:
        silent = LookupSettings(
            database_url=settings.database_url,
            redis_url=f"redis://127.0.0.1:{port}/0",
            get_signer=get_signer,
            **PATIENT | {"redis_timeout_s": REDIS_TIMEOUT_S},
        )
        async with open_lookup(silent, metrics) as lookup:
            await eventually(lambda: is_away(metrics))
            asked = 0

            async def is_probed() -> bool:
                nonlocal asked
                asked += 1
                await lookup.find(unique_prefix())
                return metric(metrics, "redis", "away") > 1

            await eventually(is_probed)
    assert (metric(metrics, "redis", "skipped"), metric(metrics, "redis", "ok")) == (asked, 0)


async def test_a_frozen_redis_that_thaws_is_used_again(
    own_settings: LocalSettings, referrals_url: str, connection: asyncpg.Connection
) -> None:
    await insert(connection, *"abcdef")
    metrics = LookupMetrics()
    async with running(plan_valkey(own_settings)) as server:
        settings = LookupSettings(
            database_url=referrals_url,
            redis_url=server.address,
            get_signer=get_signer,
            **PATIENT | {"redis_timeout_s": REDIS_TIMEOUT_S},
        )
        async with open_lookup(settings, metrics) as lookup:
            await lookup.find("a")
            server.freeze()
            frozen = [answer_of(await lookup.find(name)) for name in "bcd"]
            await eventually(lambda: is_away(metrics))
            server.thaw()
            good = metric(metrics, "redis", "ok")

            async def is_used() -> bool:
                await lookup.find(unique_prefix())
                return metric(metrics, "redis", "ok") > good

            await eventually(is_used)
    assert frozen == [("postgres", "active")] * 3


async def test_a_full_redis_is_still_read(
    own_settings: LocalSettings, referrals_url: str, connection: asyncpg.Connection
) -> None:
    await insert(connection, "a", "b")
    async with running(plan_valkey(own_settings)) as server:
        settings = LookupSettings(
            database_url=referrals_url, redis_url=server.address, get_signer=get_signer, **PATIENT
        )
        async with (
            open_lookup(settings, LookupMetrics()) as first,
            redis.asyncio.Redis.from_url(server.address) as cache,
        ):
            await first.find("a")
            await eventually(lambda: cache.exists("clickrail:referrals:program:shop"))
            await cache.config_set("maxmemory-policy", "noeviction")
            await cache.config_set("maxmemory", 1)
        metrics = LookupMetrics()
        async with open_lookup(settings, metrics) as second:
            answers = [answer_of(await second.find(name)) for name in ("b", "a")]
            await eventually(lambda: is_counted(metrics))
            later = answer_of(await second.find("nope"))
    assert (answers, later) == ([("postgres", "active"), ("redis", "active")], UNKNOWN_IN_POSTGRES)

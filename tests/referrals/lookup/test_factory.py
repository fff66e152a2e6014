"""The lookup on real servers: which layer answers, and what is answered while PostgreSQL is frozen or away."""

import asyncio

import asyncpg
import pytest
import redis.asyncio

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from referrals.connections import connected
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_IN_POSTGRES, Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.metrics import LookupMetrics
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from tests.referrals.builders import PATIENT, get_signer, insert
from tests.referrals.lookup.looking_up import answer_of, is_followed, metric, silent_server
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers


async def test_each_layer_answers_in_its_turn(settings: LookupSettings, connection: asyncpg.Connection) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as first:
        answers = [await first.find("abc"), await first.find("abc")]
        async with redis.asyncio.Redis.from_url(settings.redis_url) as cache:
            key = f"{settings.redis_prefix}:referrals:program:shop"
            await eventually(lambda: cache.exists(key))
    away = LookupSettings(
        database_url="postgresql://x@127.0.0.1:1/x",
        redis_url=settings.redis_url,
        get_signer=get_signer,
        redis_prefix=settings.redis_prefix,
        **PATIENT,
    )
    async with open_lookup(away, LookupMetrics()) as second:
        answers.append(await second.find("abc"))
    assert list(map(answer_of, answers)) == [("postgres", "active"), ("process", "active"), ("redis", "active")]


async def test_a_visitor_of_the_first_moment_is_answered(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        assert answer_of(await lookup.find("abc")) == ("postgres", "active")


async def test_a_thousand_concurrent_misses_make_one_read_of_each_store(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    metrics = LookupMetrics()
    async with open_lookup(settings, metrics) as lookup:
        # Both connections of the lookup are there: on a slow day a visitor does not wait for one to be made.
        await eventually(lambda: is_followed(lookup))
        await eventually(lambda: lookup.source.connection is not None)
        answers = await asyncio.gather(*(lookup.find("abc") for _ in range(1000)))
    assert {("postgres", "active")} == set(map(answer_of, answers))
    assert (metrics.keys.labels("redis")._value.get(), metric(metrics, "postgres", "ok")) == (1, 1)


async def test_a_frozen_postgres_keeps_nobody_waiting_and_known_codes_are_served(
    own_settings: LocalSettings,
) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        async with connected(postgres.address) as connection:
            await migrate(connection, [find_migrations("referrals")])
            await insert(connection, "known", "new")
        settings = LookupSettings(database_url=postgres.address)
        async with open_lookup(settings, LookupMetrics()) as lookup:

            async def is_known() -> bool:
                return isinstance(await lookup.find("known"), Found)

            await eventually(is_known)
            postgres.freeze()
            async with asyncio.timeout(30):
                frozen = [answer_of(await lookup.find(name)) for name in ("new", "known", "other", "new")]
            postgres.thaw()

            async def is_found() -> bool:
                return isinstance(await lookup.find("new"), Found)

            await eventually(is_found)
    assert frozen == [UNAVAILABLE, ("process", "active"), UNAVAILABLE, UNAVAILABLE]


@pytest.mark.slow
async def test_nobody_waits_for_a_first_connection_that_takes_too_long() -> None:
    metrics = LookupMetrics()
    async with silent_server() as port:
        settings = LookupSettings(database_url=f"postgresql://x@127.0.0.1:{port}/x", postgres_timeout_s=60)
        async with open_lookup(settings, metrics) as lookup:
            assert await lookup.find("abc") == UNAVAILABLE
    # Given up while the attempt was still under way: it takes twice as long to fail.
    assert (metric(metrics, "postgres", "away"), metric(metrics, "postgres", "skipped")) == (1, 0)


async def test_it_opens_and_closes_with_a_frozen_postgres(own_settings: LocalSettings) -> None:
    async with running(await plan_postgres(own_settings)) as postgres:
        postgres.freeze()
        async with (
            asyncio.timeout(PATIENCE_S),
            open_lookup(LookupSettings(database_url=postgres.address), LookupMetrics()) as it,
        ):
            assert await it.find("abc") == UNAVAILABLE
        postgres.thaw()


async def test_a_database_without_our_tables_is_as_good_as_away(database_url: str) -> None:
    async with open_lookup(LookupSettings(database_url=database_url), LookupMetrics()) as lookup:
        assert await lookup.find("abc") == UNAVAILABLE
        async with connected(database_url) as connection:
            await migrate(connection, [find_migrations("referrals")])

        async def is_reached() -> bool:
            return await lookup.find("abc") == UNKNOWN_IN_POSTGRES

        await eventually(is_reached)


async def test_an_error_in_the_body_comes_out_as_itself(settings: LookupSettings) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_lookup(settings, LookupMetrics()):
            raise ZeroDivisionError

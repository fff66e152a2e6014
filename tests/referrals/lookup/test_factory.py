"""The lookup on real servers: what it answers while they work, freeze, hold rubbish, break, or are away."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import redis.asyncio

from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from deploy.local.settings import LocalSettings
from deploy.local.valkey import plan_valkey
from referrals.connections import connected
from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Answer, Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.lookup import Lookup
from referrals.lookup.redis_codec import VersionedValue, pack, seal
from referrals.metrics import LookupMetrics
from runtime.migration_files import find_migrations
from runtime.migrations import migrate
from runtime.redis import REDIS_TIMEOUT_S
from tests.referrals.builders import PATIENT, affiliate, code, get_signer, insert, program, unique_prefix
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.servers


async def is_followed(lookup: Lookup) -> bool:
    return lookup.subscriber.is_following


def answer_of(answer: Answer) -> tuple[str, str] | Answer:
    return (answer.layer, answer.inactive_kind or "active") if isinstance(answer, Found) else answer


@pytest.fixture
async def cache(valkey: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(valkey)
    yield client
    await client.aclose()


@pytest.fixture
def settings(referrals_url: str, valkey: str) -> LookupSettings:
    return LookupSettings(
        database_url=referrals_url,
        redis_url=valkey,
        get_signer=get_signer,
        redis_prefix=unique_prefix(),
        **PATIENT,
    )


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield listener.getsockname()[1]


def metric(metrics: LookupMetrics, store: str, outcome: str) -> float:
    return float(metrics.reads.labels(store, outcome)._value.get())


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


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE programs SET status = 'paused'", ("process", "program")),
        ("UPDATE affiliates SET status = 'paused'", ("process", "affiliate")),
        ("UPDATE referral_codes SET status = 'paused'", ("process", "code")),
        ("UPDATE referral_codes SET status = 'archived'", ("process", "code")),
        ("UPDATE programs SET status = 'archived'", ("process", "program")),
        ("DELETE FROM referral_codes", UNKNOWN_HERE),
        ("TRUNCATE programs CASCADE", UNKNOWN_HERE),
    ],
)
async def test_a_change_by_raw_sql_is_in_force_within_a_second(
    settings: LookupSettings, connection: asyncpg.Connection, change: str, expected: object
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("abc")
        await eventually(lambda: is_followed(lookup))
        await connection.execute(change)

        async def in_force() -> bool:
            return answer_of(await lookup.find("abc")) == expected

        await eventually(in_force)


async def test_a_code_made_after_somebody_asked_for_it_is_found(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection)
    async with open_lookup(settings, LookupMetrics()) as lookup:
        assert await lookup.find("abc") == UNKNOWN_IN_POSTGRES
        await eventually(lambda: is_followed(lookup))
        await connection.execute("INSERT INTO referral_codes VALUES ('abc', 'ann', 'shop')")

        async def is_found() -> bool:
            return isinstance(await lookup.find("abc"), Found)

        await eventually(is_found)


async def test_a_change_is_seen_although_every_connection_was_broken_before(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("abc")
        await eventually(lambda: is_followed(lookup))
        async with connection.transaction():
            await connection.execute("UPDATE affiliates SET status = 'paused'")
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'clickrail referrals' AND pid <> pg_backend_pid()"
            )

        async def in_force() -> bool:
            return answer_of(await lookup.find("abc")) == ("process", "affiliate")

        await eventually(in_force)
        await eventually(lambda: is_followed(lookup))


async def test_a_change_is_seen_although_its_notification_was_lost(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    await connection.execute("CREATE OR REPLACE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE sql AS ''")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("abc")
        await eventually(lambda: is_followed(lookup))
        schema = await connection.fetchval("SELECT current_schema()")
        await connection.execute(f"ALTER FUNCTION record_referral_changes SET search_path TO {schema}, pg_catalog")
        await connection.execute("UPDATE programs SET status = 'paused'")

        async def in_force() -> bool:
            return answer_of(await lookup.find("abc")) == ("process", "program")

        await eventually(in_force)


async def test_a_large_import_is_taken_in_without_holding_what_nobody_asked_for(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("abc")
        await eventually(lambda: is_followed(lookup))
        await connection.execute(
            "INSERT INTO referral_codes (code, affiliate_id, program_id) "
            "SELECT 'c' || n, 'ann', 'shop' FROM generate_series(1, 12000) n"
        )
        await connection.execute("UPDATE programs SET status = 'paused'")

        async def in_force() -> bool:
            return answer_of(await lookup.find("abc")) == ("process", "program")

        await eventually(in_force)
        assert (list(lookup.local_cache.codes), lookup.local_cache.versions.floor) == (["abc"], 4)


@pytest.mark.parametrize("rubbish", [b"rubbish", b"\x00\xff", b'9 9 {"code":"abc","target_url":"javascript:x"}', None])
async def test_rubbish_in_redis_is_a_miss_and_is_written_over(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis, rubbish: bytes | None
) -> None:
    await insert(connection, "abc")
    key = f"{settings.redis_prefix}:referrals:code:abc"
    await (cache.set(key, rubbish) if rubbish else cache.rpush(key, "a list"))
    async with open_lookup(settings, LookupMetrics()) as lookup:
        assert answer_of(await lookup.find("abc")) == ("postgres", "active")

        async def is_ours() -> bool:
            return await cache.type(key) == b"string" and b' 3 3 {"code":"abc"' in await cache.get(key)

        await eventually(is_ours)


async def test_an_older_version_does_not_replace_a_newer_one_in_redis(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    kept = {kind: f"{settings.redis_prefix}:referrals:{kind}" for kind in ("code:abc", "program:shop", "affiliate:ann")}
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await eventually(lambda: is_followed(lookup))
        await eventually(lambda: cache.exists(f"{settings.redis_prefix}:referrals:history"))
        epoch = (await cache.get(f"{settings.redis_prefix}:referrals:history")).split()[1]
        newer = {
            kept["code:abc"]: written(kept["code:abc"], epoch, VersionedValue(code(code="abc", version=4), 9)),
            kept["program:shop"]: written(kept["program:shop"], epoch, VersionedValue(program(version=1), 9)),
        }
        await cache.mset(newer)

        async def is_written() -> bool:
            lookup.write_shared([code(code="abc", version=3), program(version=1), affiliate()], 3)
            await asyncio.sleep(0.05)
            return bool(await cache.exists(kept["affiliate:ann"]))

        await eventually(is_written)
    assert await cache.mget(newer) == list(newer.values())


def written(name: str, epoch: bytes, reading: VersionedValue) -> bytes:
    return seal(get_signer(), name.encode(), epoch, pack(reading))


@pytest.mark.parametrize("kind", ["forged", "of another name", "of another epoch"])
async def test_a_value_that_is_not_authentic_leads_nobody_anywhere_and_is_written_over(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis, kind: str
) -> None:
    await insert(connection, "abc")
    names = {key: f"{settings.redis_prefix}:referrals:{key}" for key in ("code:abc", "program:shop", "affiliate:ann")}
    metrics = LookupMetrics()
    async with open_lookup(settings, LookupMetrics()) as first:
        await first.find("abc")
        await eventually(lambda: cache.exists(names["program:shop"]))
        await eventually(lambda: cache.exists(names["code:abc"]))
    epoch = (await cache.get(f"{settings.redis_prefix}:referrals:history")).split()[1]
    evil = VersionedValue(code(code="abc", target_url="https://evil.example/", version=999), 999)
    bad = {
        "forged": b"A" * 22 + written(names["code:abc"], epoch, evil)[22:],
        "of another name": written("elsewhere", epoch, evil),
        "of another epoch": written(names["code:abc"], b"ffffffffffff", evil),
    }[kind]
    await cache.set(names["code:abc"], bad)
    async with open_lookup(settings, metrics) as second:
        found = await second.find("abc")
        assert isinstance(found, Found)

        async def is_replaced() -> bool:
            return await cache.get(names["code:abc"]) not in (None, bad)

        await eventually(is_replaced)
    assert (found.layer, found.code.target_url, metrics.redis_refused._value.get()) == ("postgres", None, 1)


async def test_a_database_restored_to_an_older_state_wins_against_redis(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    await connection.execute("UPDATE referral_codes SET target_url = 'https://shop.example/lost'")
    await connection.execute("UPDATE programs SET name = 'Later'")
    async with open_lookup(settings, LookupMetrics()) as before:
        lost = await before.find("abc")
        await eventually(lambda: is_followed(before))
        await eventually(lambda: cache.exists(f"{settings.redis_prefix}:referrals:code:abc"))
    # As a copy of the disk restores it: the same database, its rows and its version as they were.
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE referral_codes SET target_url = NULL, version = 3")
    await connection.execute("UPDATE programs SET name = 'Shop', version = 1")
    await connection.execute("UPDATE referral_version SET version = 3")
    await connection.execute("DELETE FROM referral_changes WHERE version > 3")
    async with open_lookup(settings, LookupMetrics()) as after:
        await eventually(lambda: is_followed(after))

        async def is_restored() -> bool:
            found = await after.find("abc")
            return isinstance(found, Found) and found.code.target_url is None

        await eventually(is_restored)
        history = f"{settings.redis_prefix}:referrals:history"
        await eventually(lambda: has_highest(cache, history, b"3"))
    assert isinstance(lost, Found)
    assert lost.code.target_url == "https://shop.example/lost"


async def has_highest(cache: redis.asyncio.Redis, name: str, version: bytes) -> bool:
    return bool((await cache.get(name) or b"x x x").split()[2] == version)


async def test_a_changed_row_is_passed_on_to_redis(
    settings: LookupSettings, connection: asyncpg.Connection, cache: redis.asyncio.Redis
) -> None:
    await insert(connection, "abc")
    async with open_lookup(settings, LookupMetrics()) as lookup:
        await lookup.find("abc")
        await eventually(lambda: is_followed(lookup))
        await connection.execute("UPDATE programs SET status = 'paused'")

        async def passed_on() -> bool:
            return b" 4 4 {" in (await cache.get(f"{settings.redis_prefix}:referrals:program:shop") or b"")

        await eventually(passed_on)


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


async def is_away(metrics: LookupMetrics) -> bool:
    return metric(metrics, "redis", "away") > 0


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


async def is_counted(metrics: LookupMetrics) -> bool:
    return bool(metrics.redis_writes.labels("away")._value.get())


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

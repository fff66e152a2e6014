"""A change is in force within a second, whatever broke before."""

import asyncio

import asyncpg
import msgspec
import pytest
import redis.asyncio

from referrals.lookup.answers import UNAVAILABLE, UNKNOWN_HERE, UNKNOWN_IN_POSTGRES, Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.metrics import LookupMetrics
from tests.referrals.builders import insert
from tests.referrals.lookup.looking_up import BREAK_LINES, answer_of, is_followed
from tests.waiting import eventually

pytestmark = pytest.mark.servers


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
            await connection.execute(BREAK_LINES)

        async def in_force() -> bool:
            return answer_of(await lookup.find("abc")) == ("process", "affiliate")

        await eventually(in_force)
        await eventually(lambda: is_followed(lookup))


async def test_while_a_database_is_being_restored_what_is_known_is_answered(
    settings: LookupSettings, connection: asyncpg.Connection
) -> None:
    await insert(connection, "abc", "new")
    # Who asks for a code that nobody here knows waits no longer than this for a connection.
    settings = msgspec.structs.replace(settings, postgres_connect_grace_s=0.5)
    async with open_lookup(settings, LookupMetrics()) as lookup:

        async def is_known() -> bool:
            return isinstance(await lookup.find("abc"), Found)

        await eventually(is_known)
        await eventually(lambda: is_followed(lookup))
        # The tables are there, and this one's row comes after most others.
        row = await connection.fetchrow("DELETE FROM referral_version RETURNING *")
        await connection.execute(BREAK_LINES)

        async def is_lost() -> bool:
            return not lookup.subscriber.is_following

        await eventually(is_lost)
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert answer_of(await lookup.find("abc")) == ("process", "active")
        assert (lookup.subscriber.is_following, await lookup.find("new")) == (False, UNAVAILABLE)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await connection.execute(f"INSERT INTO referral_version VALUES ({places})", *row)
        await connection.execute("UPDATE programs SET status = 'paused'")

        async def in_force() -> bool:
            return answer_of(await lookup.find("abc")) == ("process", "program")

        await eventually(in_force)


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

"""The stores below the lookup: one behaviour, of the real ones and of the dicts that stand for them in tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import asyncpg
import pytest

from referrals.lookup.lookup import SharedCache, SourceOfTruth
from referrals.lookup.postgres_source import PostgresSource
from referrals.lookup.redis_cache import RedisCache
from referrals.lookup.redis_codec import VersionedValue
from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral
from runtime.redis import connect_redis
from runtime.task_scope import task_scope
from tests.referrals.builders import (
    SLOW_DAY_S,
    FakeSharedCache,
    FakeSource,
    affiliate,
    code,
    get_signer,
    insert,
    program,
    unique_prefix,
)
from tests.waiting import eventually

pytestmark = pytest.mark.servers

ROWS = (program(), affiliate(), code(), code(code="other"))
KEYS = [(row.kind, row.id) for row in ROWS]


class Source(NamedTuple):
    layer: SourceOfTruth
    lose: Callable[[], None]


@pytest.fixture(params=["dict", "postgres"])
async def source(request: pytest.FixtureRequest, connection: asyncpg.Connection) -> AsyncIterator[Source]:
    if request.param == "dict":
        fake = FakeSource(ROWS)
        yield Source(fake, lambda: setattr(fake, "away", True))
        return
    await insert(connection, "abc123", "other")
    postgres = PostgresSource(SLOW_DAY_S, LookupMetrics(), connect_grace_s=0)

    async def use() -> None:
        await postgres.use(connection)
        await asyncio.Event().wait()

    async with task_scope(use()):
        await eventually(lambda: postgres.connection)
        yield Source(postgres, connection.terminate)


async def test_codes_come_with_their_affiliates_and_programs_each_row_once(source: Source) -> None:
    reading = await source.layer.read(["abc123", "nope", "other"])

    assert reading is not None
    assert sorted((row.kind, row.id) for row in reading.rows) == sorted(KEYS)
    assert reading.absent == ["nope"]
    assert reading.as_of >= max(row.version for row in reading.rows)


async def test_of_no_codes_nothing_is_read(source: Source) -> None:
    reading = await source.layer.read([])

    assert reading is not None
    assert (reading.rows, reading.absent) == ([], [])


async def test_a_source_that_is_lost_gives_null(source: Source) -> None:
    source.lose()

    assert await source.layer.read(["abc123"]) is None


@pytest.fixture(params=["dict", "redis"])
async def shared(request: pytest.FixtureRequest, valkey: str) -> AsyncIterator[SharedCache]:
    if request.param == "dict":
        yield FakeSharedCache()
        return
    client = connect_redis(valkey, SLOW_DAY_S)
    cache = RedisCache(client, unique_prefix(), get_signer, LookupMetrics(), request_timeout_s=SLOW_DAY_S)
    async with task_scope(cache.run()):
        yield cache
    await client.aclose()


async def read_when_there(shared: SharedCache, key: Key) -> VersionedValue:
    (reading,) = await eventually(lambda: shared.read([key]))
    return reading


def key_of(row: Referral) -> Key:
    return row.kind, row.id


async def test_a_key_that_nobody_wrote_is_a_miss(shared: SharedCache) -> None:
    assert await shared.join_history(b"here/1", 5) == "agrees"
    assert (await shared.read(KEYS), await shared.read([])) == ([], [])


async def test_what_was_written_is_read_back_with_its_version(shared: SharedCache) -> None:
    await shared.join_history(b"here/1", 5)
    shared.write(ROWS, 10)
    for row in ROWS:
        assert await read_when_there(shared, key_of(row)) == VersionedValue(row, 10)

    assert await shared.read([("code", "nope"), key_of(ROWS[0])]) == [VersionedValue(ROWS[0], 10)]


async def test_an_older_value_replaces_no_newer_one(shared: SharedCache) -> None:
    await shared.join_history(b"here/1", 5)
    shared.write([program()], 10)
    await read_when_there(shared, ("program", "shop"))
    # Written in this order: when the affiliate is there, so would the older program be.
    shared.write([program(name="Old")], 9)
    shared.write([affiliate()], 9)
    await read_when_there(shared, ("affiliate", "ann"))
    assert await read_when_there(shared, ("program", "shop")) == VersionedValue(program(), 10)

    shared.write([program(name="New")], 11)
    await eventually(lambda: is_there(shared, VersionedValue(program(name="New"), 11)))


async def is_there(shared: SharedCache, reading: VersionedValue) -> bool:
    return await shared.read([key_of(reading.value)]) == [reading]

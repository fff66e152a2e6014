"""What Redis holds is believed only if it is authentic and not older: else it is a miss, and written over."""

import asyncio

import asyncpg
import pytest
import redis.asyncio

from referrals.lookup.answers import Found
from referrals.lookup.factory import LookupSettings, open_lookup
from referrals.lookup.redis_codec import VersionedValue, pack, seal
from referrals.metrics import LookupMetrics
from tests.referrals.builders import affiliate, code, get_signer, insert, program
from tests.referrals.lookup.looking_up import answer_of, is_followed
from tests.waiting import eventually

pytestmark = pytest.mark.servers


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

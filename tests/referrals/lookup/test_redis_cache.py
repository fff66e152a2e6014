"""What the shared cache does while Redis is away. With a real Redis: test_redis_faults and test_redis_contents."""

import redis.asyncio

from referrals.lookup.redis_cache import MAX_PENDING, RedisCache
from referrals.metrics import LookupMetrics
from tests.referrals.builders import code, get_signer

KEY = ("code", "abc123")


def make_cache(metrics: LookupMetrics) -> RedisCache:
    client = redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0")
    return RedisCache(client, "test", get_signer, metrics, request_timeout_s=30.0)


def reads(metrics: LookupMetrics, outcome: str) -> float:
    return float(metrics.reads.labels("redis", outcome)._value.get())


async def test_a_redis_that_refuses_connections_is_a_miss_and_then_left_alone() -> None:
    metrics = LookupMetrics()
    cache = make_cache(metrics)
    assert [await cache.read([KEY]) for _ in range(3)] == [[], [], []]
    assert (cache.requests.away, reads(metrics, "away"), reads(metrics, "skipped")) == (True, 1, 2)


async def test_reading_no_keys_asks_redis_nothing() -> None:
    metrics = LookupMetrics()
    assert await make_cache(metrics).read([]) == []
    assert metrics.keys.labels("redis")._value.get() == 0


async def test_values_beyond_the_queue_are_dropped_and_counted() -> None:
    metrics = LookupMetrics()
    cache = make_cache(metrics)
    cache.write((code(code=f"c{n}") for n in range(MAX_PENDING + 2)), 10)
    assert (len(cache.pending), metrics.redis_writes.labels("dropped")._value.get()) == (MAX_PENDING, 2)


async def test_while_redis_is_away_queued_values_are_dropped() -> None:
    metrics = LookupMetrics()
    cache = make_cache(metrics)
    cache.requests.away = True
    cache.write([code()], 10)
    await cache.write_batch()
    assert (cache.pending, metrics.redis_writes.labels("away")._value.get()) == ({}, 1)


async def test_values_read_before_a_restore_are_not_written() -> None:
    cache = make_cache(LookupMetrics())
    cache.write([code()], 10)
    await cache.join_history(b"here/1", 3, is_restored=True)
    assert cache.pending == {}

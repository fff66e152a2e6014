"""What the shared cache does while Redis is away. With a real Redis: test_redis_faults and test_redis_contents."""

import redis.asyncio

from referrals.lookup.redis_cache import RedisCache
from referrals.lookup.write_queue import MAX_PENDING
from referrals.metrics import LookupMetrics
from tests.referrals.builders import code, get_signer

KEY = ("code", "abc123")
EPOCH = b"0123456789ab"


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


def writes(metrics: LookupMetrics) -> dict[str, float]:
    return {
        outcome: metrics.redis_writes.labels(outcome)._value.get()
        for outcome in ("ok", "away", "dropped")
        if metrics.redis_writes.labels(outcome)._value.get()
    }


async def test_values_beyond_the_queue_are_dropped_and_counted() -> None:
    metrics = LookupMetrics()
    cache = make_cache(metrics)
    cache.write((code(code=f"c{n}") for n in range(MAX_PENDING + 2)), 10)
    assert (len(cache.queue.by_key), writes(metrics)) == (MAX_PENDING, {"dropped": 2})


async def test_a_change_that_redis_did_not_take_waits_until_it_answers_again_and_nothing_else_does() -> None:
    metrics = LookupMetrics()
    cache = make_cache(metrics)
    cache.history.epoch = EPOCH
    cache.write([code(code="read")], 10)
    cache.write([code()], 10, is_change=True)
    await cache.write_batch(EPOCH)
    cache.write([code(code="read")], 10)
    cache.write([code(code="changed")], 10, is_change=True)
    assert (cache.requests.away, list(cache.queue.by_key)) == (True, [KEY, ("code", "changed")])
    assert writes(metrics) == {"away": 3}


async def test_after_a_time_out_fewer_values_are_written_at_once() -> None:
    cache = make_cache(LookupMetrics())
    cache.write((code(code=f"c{n}") for n in range(200)), 10, is_change=True)
    sizes = []
    for _ in range(9):
        await cache.write_batch(EPOCH)
        sizes.append(cache.batch_size)
    assert (sizes, len(cache.queue.by_key)) == ([50, 25, 12, 6, 3, 1, 1, 1, 1], 200)


async def test_what_was_read_in_another_epoch_is_not_written() -> None:
    metrics = LookupMetrics()
    cache = make_cache(metrics)
    cache.history.epoch = b"another"
    cache.write([code()], 10)
    await cache.write_batch(EPOCH)
    assert (cache.requests.away, cache.queue.by_key, writes(metrics)) == (False, {}, {"dropped": 1})


async def test_values_read_before_a_restore_are_not_written() -> None:
    cache = make_cache(LookupMetrics())
    cache.write([code()], 10)
    await cache.join_history(b"here/1", 3, is_restored=True)
    assert cache.queue.by_key == {}

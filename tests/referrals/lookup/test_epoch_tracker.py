"""Which epoch values in Redis must have, and when a database counts as restored, with Redis away and there."""

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from referrals.lookup.epoch_tracker import HISTORY, EpochTracker
from referrals.lookup.redis_history import History
from referrals.lookup.redis_requests import RedisRequests
from referrals.metrics import LookupMetrics
from runtime.redis import connect_redis
from tests.referrals.builders import SLOW_DAY_S, get_signer, unique_prefix

NOWHERE = "redis://127.0.0.1:1/0"


def make_tracker(client: redis.asyncio.Redis, prefix: str, metrics: LookupMetrics | None = None) -> EpochTracker:
    requests = RedisRequests(client, prefix, request_timeout_s=SLOW_DAY_S)
    return EpochTracker(requests, get_signer, metrics or LookupMetrics())


@pytest.fixture
async def client(valkey: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = connect_redis(valkey, SLOW_DAY_S)
    yield client
    await client.aclose()


async def test_while_redis_is_away_the_epoch_is_unknown_and_no_database_joins() -> None:
    metrics = LookupMetrics()
    tracker = make_tracker(redis.asyncio.Redis.from_url(NOWHERE), "test", metrics)

    assert [await tracker.join(b"here/1", 3) for _ in range(2)] == ["away", "away"]
    assert (tracker.epoch, tracker.has_read) == (None, True)
    # The second call asked nothing: Redis was known to be away.
    assert metrics.reads.labels("redis", "away")._value.get() == 1


@pytest.mark.servers
async def test_processes_of_one_database_share_an_epoch(client: redis.asyncio.Redis) -> None:
    prefix = unique_prefix()
    first, second = make_tracker(client, prefix), make_tracker(client, prefix)

    assert await first.join(b"here/1", 5) == "agrees"
    assert await second.join(b"here/1", 7) == "agrees"
    assert first.epoch is not None
    assert first.epoch == second.epoch
    assert await first.read() == await second.read()


@pytest.mark.servers
async def test_a_database_behind_the_record_is_doubted_until_it_is_known_to_be_restored(
    client: redis.asyncio.Redis,
) -> None:
    prefix = unique_prefix()
    ahead, restored = make_tracker(client, prefix), make_tracker(client, prefix)
    await ahead.join(b"here/1", 7)

    assert await restored.join(b"here/1", 3) == "behind"
    await restored.read()
    assert restored.epoch is None

    assert await restored.join(b"here/1", 3, is_restored=True) == "agrees"
    assert restored.epoch not in (None, ahead.epoch)


@pytest.mark.servers
async def test_the_epoch_of_another_database_is_not_used(client: redis.asyncio.Redis) -> None:
    prefix = unique_prefix()
    here, there = make_tracker(client, prefix), make_tracker(client, prefix)
    await here.join(b"here/1", 5)
    await there.join(b"there/1", 1)

    await here.read()
    assert here.epoch is None


@pytest.mark.servers
async def test_only_one_of_several_processes_writes_the_record(client: redis.asyncio.Redis) -> None:
    tracker = make_tracker(client, unique_prefix())

    assert await tracker.write(b"", History(b"0123456789ab", 5, b"here/1"))
    assert not await tracker.write(b"", History(b"ba9876543210", 6, b"here/1"))
    assert tracker.epoch == b"0123456789ab"


@pytest.mark.servers
async def test_a_malformed_history_gives_no_epoch(client: redis.asyncio.Redis) -> None:
    tracker = make_tracker(client, unique_prefix())
    await client.set(tracker.requests.name(HISTORY), "rubbish")

    assert await tracker.read() == (b"rubbish", None)
    assert tracker.epoch is None

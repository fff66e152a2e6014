"""A judge with each kind of store."""

import uuid
from collections.abc import AsyncIterator

import pytest

from runtime.redis import connect_redis
from tests.quality.visits import Judge, MemoryJudge, RedisJudge


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def redis_url(request: pytest.FixtureRequest) -> str | None:
    """Give the address of Valkey, or null for the store in memory."""
    return request.getfixturevalue("valkey") if request.param == "redis" else None


@pytest.fixture
async def judge(redis_url: str | None) -> AsyncIterator[Judge]:
    if redis_url is None:
        yield MemoryJudge()
        return
    client = connect_redis(redis_url, 5)
    yield RedisJudge(client, f"t{uuid.uuid4().hex[:12]}")
    await client.aclose()

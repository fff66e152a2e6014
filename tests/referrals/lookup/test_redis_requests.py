"""Whether Redis is away, as requests show it."""

import asyncio

import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from referrals.lookup.redis_requests import RedisRequests

CLIENT = redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0")


async def fail(requests: RedisRequests, error: Exception) -> None:
    async with requests.watched():
        raise error


async def test_a_connection_that_fails_shows_that_redis_is_away_and_a_success_that_it_is_back() -> None:
    requests = RedisRequests(CLIENT, "test")

    with pytest.raises(RedisConnectionError):
        await fail(requests, RedisConnectionError("refused"))
    assert requests.away

    async with requests.watched():
        pass
    assert not requests.away


async def test_no_answer_in_time_shows_that_redis_is_away() -> None:
    requests = RedisRequests(CLIENT, "test", request_timeout_s=0.0)

    with pytest.raises(TimeoutError):
        async with requests.watched():
            await asyncio.Event().wait()
    assert requests.away


async def test_an_error_that_redis_answers_shows_that_it_is_there() -> None:
    requests = RedisRequests(CLIENT, "test")
    requests.away = True

    with pytest.raises(ResponseError):
        await fail(requests, ResponseError("OOM command not allowed"))
    assert not requests.away


def test_names_of_keys_begin_with_the_prefix() -> None:
    requests = RedisRequests(CLIENT, "test")

    assert requests.name(("code", "abc")) == "test:referrals:code:abc"
    assert requests.name(("history",)) == "test:referrals:history"

"""Requests to Redis: each has a time-out, is not repeated, and shows whether Redis is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from referrals.model import Key
from runtime.redis import REDIS_TIMEOUT_S
from runtime.redis_refusals import REFUSALS

EXTRA_TIMEOUT_S: Final = 0.005
REQUEST_TIMEOUT_S: Final = REDIS_TIMEOUT_S + EXTRA_TIMEOUT_S
"""For a whole request; the client's own time-outs apply to each step (connect, send, receive) separately."""

AWAY: Final = (RedisError, OSError, TimeoutError)


class RedisRequests:
    """The client, the time-out of a request, and the names of keys. `away`: Redis did not answer the last request."""

    def __init__(
        self, client: redis.asyncio.Redis, prefix: str, *, request_timeout_s: float = REQUEST_TIMEOUT_S
    ) -> None:
        self.client = client
        self.prefix = prefix
        self.request_timeout_s = request_timeout_s
        self.away = False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Limit the time of the request inside, and note whether Redis answers it. Raises one of `AWAY`."""
        try:
            async with asyncio.timeout(self.request_timeout_s):
                yield
        except ResponseError as error:
            # Redis answered, with an error (full, or no permission), so the next request will not time out.
            self.away = False
            REFUSALS.note(error)
            raise
        except AWAY as error:
            self.away = True
            REFUSALS.note(error)
            raise
        self.away = False

    def name(self, key: Key | tuple[str]) -> str:
        """Return the name of a key in Redis."""
        return ":".join((self.prefix, "referrals", *key))

"""Opens the limits, and shares them with other processes if there is a Redis."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from identity.ip import IpHashKeys
from ingest.limits.client_key import name_client
from ingest.limits.limits import Limits, LimitSettings
from ingest.limits.meter import Key
from ingest.limits.metrics import LimitMetrics
from ingest.limits.redis_sync import RedisSync
from runtime.breaker import Breaker
from runtime.redis import connect_redis
from runtime.task_scope import task_scope

PROBE_S: Final = 1.0


@asynccontextmanager
async def open_limits(
    settings: LimitSettings, keys: Callable[[], IpHashKeys], metrics: LimitMetrics
) -> AsyncIterator[Limits]:
    """Open the limits without waiting for any server. `keys` gives the current keys, for the names of clients in Redis.

    Enter and exit the context in the same task.
    """
    limits = Limits(settings, metrics)
    if settings.redis_url is None or not limits.shared_meters:
        yield limits
        return
    client = connect_redis(settings.redis_url)
    breaker = Breaker(time.monotonic, PROBE_S)
    redis_sync = RedisSync(client, limits.shared_meters, name_keys(settings.redis_prefix, keys), breaker, metrics)
    try:
        async with task_scope(redis_sync.run()):
            yield limits
    finally:
        await client.aclose()


def name_keys(prefix: str, keys: Callable[[], IpHashKeys]) -> Callable[[str, Key], str]:
    """Give the names of keys in Redis: `{prefix}:limits:{meter}:{code, or hash of a client}`."""

    def name(meter: str, key: Key) -> str:
        return f"{prefix}:limits:{meter}:{key if isinstance(key, str) else name_client(keys(), key)}"

    return name

"""Opens a lookup: connects its stores and runs its background tasks."""

import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from math import inf
from pathlib import Path

import msgspec
import redis.asyncio

from referrals.connections import connect, run_with_reconnect
from referrals.lookup.cache_policy import CachePolicy, Time
from referrals.lookup.change_feed import TIMEOUT_S
from referrals.lookup.lookup import Lookup
from referrals.lookup.postgres_source import CONNECT_GRACE_S, PostgresSource
from referrals.lookup.redis_cache import RedisCache
from referrals.lookup.redis_history import GetSigner
from referrals.lookup.redis_requests import EXTRA_TIMEOUT_S
from referrals.metrics import LookupMetrics
from referrals.snapshot.refresher import SnapshotRefresher
from runtime.redis import REDIS_TIMEOUT_S, connect_redis
from runtime.task_scope import task_scope


class LookupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses and time-outs of the stores, and where the snapshot is.

    Without `redis_url` there is no shared cache; with it, `get_signer` is needed to authenticate its values.

    A visitor waits for Postgres for at most `postgres_timeout_s` (raise it where Postgres is far away), and does so
    while a connection is being made only in the first `postgres_connect_grace_s` of the attempt. `redis_timeout_s`
    limits each request to Redis. `background_timeout_s` limits what no visitor waits for: connecting, and reading
    changes. `snapshot_dir` is a folder for the snapshot, shared by all processes of the machine; it is written every
    `snapshot_every_s` seconds at most. With a snapshot, cached entries never expire.
    """

    database_url: str
    redis_url: str | None = None
    get_signer: GetSigner | None = None
    redis_prefix: str = "clickrail"
    redis_timeout_s: float = REDIS_TIMEOUT_S
    postgres_timeout_s: float = 0.1
    postgres_connect_grace_s: float = CONNECT_GRACE_S
    background_timeout_s: float = TIMEOUT_S
    snapshot_dir: str | None = None
    snapshot_every_s: float = 60.0
    cache_policy: CachePolicy = CachePolicy()

    def __post_init__(self) -> None:
        if self.redis_url is not None and self.get_signer is None:
            raise ValueError("redis_url is given without get_signer, which is needed to authenticate values in Redis")


def real_time() -> Time:
    return Time(time.monotonic, lambda: 0.8 + 0.4 * random.random())  # noqa: S311 - the jitter is no secret


def open_shared(client: redis.asyncio.Redis, settings: LookupSettings, metrics: LookupMetrics) -> RedisCache | None:
    if settings.get_signer is None:
        return None
    request_timeout_s = settings.redis_timeout_s + EXTRA_TIMEOUT_S
    return RedisCache(client, settings.redis_prefix, settings.get_signer, metrics, request_timeout_s=request_timeout_s)


@asynccontextmanager
async def open_lookup(
    settings: LookupSettings, metrics: LookupMetrics, time: Time | None = None
) -> AsyncIterator[Lookup]:
    """Open a lookup at once: stores are connected in the background, and not asked while they are away.

    Enter and leave it in the same task.
    """
    time = time or real_time()
    postgres = PostgresSource(settings.postgres_timeout_s, metrics, settings.postgres_connect_grace_s)
    client = connect_redis(settings.redis_url, settings.redis_timeout_s) if settings.redis_url else None
    shared_cache = open_shared(client, settings, metrics) if client else None
    cache_policy = (
        msgspec.structs.replace(settings.cache_policy, expire_s=inf) if settings.snapshot_dir else settings.cache_policy
    )
    lookup = Lookup(shared_cache, postgres, cache_policy, time, metrics)
    reach = partial(connect, settings.database_url, settings.background_timeout_s, settings.background_timeout_s)
    work = [
        lookup.source_loader.run(),
        run_with_reconnect("lookup", reach, postgres.use, postgres.mark_away),
        run_with_reconnect("changes", reach, lookup.subscriber.use, lambda: None),
    ]
    if shared_cache:
        work += [lookup.shared_loader.run(), shared_cache.run(), shared_cache.watch()]
    async with AsyncExitStack() as opened:
        if client:
            opened.push_async_callback(client.aclose)
        if settings.snapshot_dir:
            refresher = SnapshotRefresher(
                Path(settings.snapshot_dir), settings.snapshot_every_s, lookup.subscriber, reach
            )
            opened.push_async_callback(refresher.close)
            await refresher.load()
            work.append(refresher.run())
        await opened.enter_async_context(task_scope(*work))
        yield lookup

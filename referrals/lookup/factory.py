"""Opens a lookup: its stores, its background work, and their end."""

import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from math import inf
from pathlib import Path

import msgspec
import redis.asyncio

from referrals.connections import connect, keep_connected
from referrals.lookup.change_feed import TIMEOUT_S
from referrals.lookup.local_cache import CachePolicy, Time
from referrals.lookup.lookup import Lookup
from referrals.lookup.postgres_source import HOPE_S, PostgresSource
from referrals.lookup.redis_cache import EXTRA_TIMEOUT_S, RedisCache
from referrals.lookup.redis_history import GetSigner
from referrals.metrics import LookupMetrics
from referrals.snapshot.refresher import SnapshotRefresher
from runtime.redis import REDIS_TIMEOUT_S, connect_redis
from runtime.task_scope import task_scope


class LookupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stores are.

    Without `redis_url` there is no shared layer; with it `get_signer` gives what authenticates its values.

    `postgres_timeout_s` bounds what a visitor waits for Postgres: longer where it is far away. `postgres_hope_s` bounds
    it while a first connection is made, and `redis_timeout_s` each step at Redis. `background_timeout_s` is for what no
    visitor waits for: connecting, and the statements of whoever follows the changes. `snapshot_dir` is a folder for the
    snapshot, shared by all processes of a machine; it is written at most every `snapshot_every_s` seconds. With one,
    what is known is served for as long as the stores are away.
    """

    database_url: str
    redis_url: str | None = None
    get_signer: GetSigner | None = None
    redis_prefix: str = "clickrail"
    redis_timeout_s: float = REDIS_TIMEOUT_S
    postgres_timeout_s: float = 0.1
    postgres_hope_s: float = HOPE_S
    background_timeout_s: float = TIMEOUT_S
    snapshot_dir: str | None = None
    snapshot_every_s: float = 60.0
    holding: CachePolicy = CachePolicy()

    def __post_init__(self) -> None:
        if self.redis_url is not None and self.get_signer is None:
            raise ValueError("values in Redis are authenticated: redis_url needs get_signer")


def real_time() -> Time:
    return Time(time.monotonic, lambda: 0.8 + 0.4 * random.random())  # noqa: S311 - to spread load, not to keep secrets


def open_shared(client: redis.asyncio.Redis, settings: LookupSettings, metrics: LookupMetrics) -> RedisCache | None:
    if settings.get_signer is None:
        return None
    bound_s = settings.redis_timeout_s + EXTRA_TIMEOUT_S
    return RedisCache(client, settings.redis_prefix, settings.get_signer, metrics, bound_s=bound_s)


@asynccontextmanager
async def open_lookup(
    settings: LookupSettings, metrics: LookupMetrics, time: Time | None = None
) -> AsyncIterator[Lookup]:
    """Open a lookup. Waits for no store: they are reached in the background, and left alone while they are away.

    To be entered and left by the same task.
    """
    time = time or real_time()
    postgres = PostgresSource(settings.postgres_timeout_s, metrics, settings.postgres_hope_s)
    client = connect_redis(settings.redis_url, settings.redis_timeout_s) if settings.redis_url else None
    shared = open_shared(client, settings, metrics) if client else None
    holding = msgspec.structs.replace(settings.holding, keep_s=inf) if settings.snapshot_dir else settings.holding
    lookup = Lookup(shared, postgres, holding, time, metrics)
    reach = partial(connect, settings.database_url, settings.background_timeout_s, settings.background_timeout_s)
    work = [
        lookup.deciding_reads.run(),
        keep_connected("lookup", reach, postgres.use, postgres.give_up),
        keep_connected("changes", reach, lookup.follower.use, lambda: None),
    ]
    if shared:
        work += [lookup.shared_reads.run(), shared.run(), shared.watch()]
    async with AsyncExitStack() as opened:
        if client:
            opened.push_async_callback(client.aclose)
        if settings.snapshot_dir:
            keeper = SnapshotRefresher(Path(settings.snapshot_dir), settings.snapshot_every_s, lookup.follower, reach)
            opened.push_async_callback(keeper.close)
            await keeper.load()
            work.append(keeper.run())
        await opened.enter_async_context(task_scope(*work))
        yield lookup

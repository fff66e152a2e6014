"""Watches whether Redis evicts keys: a lost claim makes a repeat look unique."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from enricher.metrics import EnricherMetrics

log = structlog.get_logger()

CHECK_S: Final = 15.0
REMEMBERED_S: Final = 3600.0
ADVICE: Final = "set its maxmemory-policy to noeviction or volatile-ttl, and maxmemory to what docs/quality.md says"


class EvictionWatch:
    """Asks Redis at start and every 15 s. `now` gives seconds."""

    def __init__(
        self, client: redis.asyncio.Redis, metrics: EnricherMetrics, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._metrics = metrics
        self._now = now
        self._policy: str | None = None
        self._evicted: int | None = None
        self._evicted_at: float | None = None
        self._logged: str | None = None

    async def run(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(CHECK_S)

    async def check(self) -> None:
        """Ask once. Nothing is learnt from a Redis that does not answer."""
        try:
            memory: dict[str, Any] = await self._client.info("memory")
            stats: dict[str, Any] = await self._client.info("stats")
        except (RedisError, OSError, TimeoutError):
            return
        self._read(memory, stats)
        problem = self.find_problem()
        self._metrics.redis_problem.set(problem is not None)
        if problem != self._logged:
            self._logged = problem
            log.warning("redis evicts", problem=problem) if problem else log.info("redis evicts no more")

    def find_problem(self) -> str | None:
        """Say that keys may be lost, and what to do."""
        if self._policy is not None and self._policy.startswith("allkeys-"):
            return f"Redis may evict any key when its memory is full ({self._policy}): {ADVICE}"
        if self._evicted_at is not None and self._now() - self._evicted_at < REMEMBERED_S:
            return f"Redis has evicted keys in the last hour, so repeats may be counted as unique: {ADVICE}"
        return None

    def _read(self, memory: dict[str, Any], stats: dict[str, Any]) -> None:
        has_limit = int(memory.get("maxmemory", 0)) > 0
        self._policy = str(memory.get("maxmemory_policy", "")) if has_limit else None
        evicted = int(stats.get("evicted_keys", 0))
        if self._evicted is not None and evicted > self._evicted:
            self._metrics.redis_evicted.inc(evicted - self._evicted)
            self._evicted_at = self._now()
        self._evicted = evicted

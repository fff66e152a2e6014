"""Faults of the Redis that an enricher asks, and how long each lasted."""

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine
from typing import Final

import redis.asyncio

from deploy.local.server import Server
from tests.faults.drill import Drill
from tests.faults.judging import Judging
from tests.faults.proxy import Proxy
from tests.waiting import eventually

LONG_S: Final = 60
FAR_S: Final = 0.3
JUDGED_S: Final = 0.3
OTHER_KEYS: Final = 5000
"""Keys of a kilobyte that Redis evicts for ours, and now and then one of ours for them."""

Ask = Callable[[], Coroutine[None, None, bool]]
Act = Callable[[], Coroutine[None, None, None]]


class Faults:
    """One fault of Redis after the other, and when each began and ended, in milliseconds since 1970."""

    def __init__(self, judging: Judging, server: Server, proxy: Proxy, drill: Drill) -> None:
        self.times: dict[str, tuple[float, float]] = {}
        self._judging, self._server, self._proxy, self._drill = judging, server, proxy, drill
        # Around the proxy, and patient.
        self._redis = redis.asyncio.Redis.from_url(server.address)

    async def evict(self) -> None:
        await self._redis.mset({f"other{number}": bytes(1000) for number in range(OTHER_KEYS)})
        used = int((await self._redis.info("memory"))["used_memory"])
        await self._configure("allkeys-lru", used)

    async def is_evicting(self) -> bool:
        return int((await self._redis.info("stats"))["evicted_keys"]) > 0

    async def fill(self) -> None:
        await self._configure("noeviction", 1)

    async def clear(self) -> None:
        await self._configure("noeviction", 0)

    async def be_far_away(self) -> None:
        self._proxy.latency_s = FAR_S

    async def freeze(self) -> None:
        self._server.freeze()
        self._proxy.latency_s = 0

    async def kill(self) -> None:
        await self._server.kill()

    async def start_empty(self) -> None:
        shutil.rmtree(self._server.plan.folder / "appendonlydir")
        await self._server.start()

    async def during(self, name: str, short_s: float, until: Ask | None = None, begin: Act | None = None) -> None:
        """Let the fault last, in the long form for a minute; at least until clicks sent meanwhile are enriched.

        Its time includes `begin`: what follows from that may be over soon after.
        """
        began = time.time()
        if begin is not None:
            await begin()
        await asyncio.sleep(self._drill.seconds(short_s, LONG_S))
        sent = len(self._judging.sent)
        await eventually(lambda: is_read(self._judging, sent))
        if until is not None:
            await eventually(until)
            # The metrics count clicks before they are delivered.
            sent = len(self._judging.sent)
            await eventually(lambda: is_read(self._judging, sent))
        # Not at once: a Kafka that is slow for seconds is a reason not to be ready, and Redis none, however long.
        await eventually(self._judging.services["enricher"].is_ready)
        self.times[name] = (began * 1000, time.time() * 1000)

    async def more(self, reason: str) -> Ask:
        """Ask later whether more clicks were not judged for this reason than until now."""
        before = await self._judging.not_judged(reason)

        async def is_more() -> bool:
            return await self._judging.not_judged(reason) > before

        return is_more

    async def is_judging(self) -> bool:
        """Tell whether every click of a short time was judged. A busy machine may miss the deadline: that costs 5 s."""
        before = await self._count()
        await asyncio.sleep(JUDGED_S)
        read, not_judged = (now - then for now, then in zip(await self._count(), before, strict=True))
        return read > 0 and not_judged == 0

    async def close(self) -> None:
        await self._redis.aclose()

    async def _count(self) -> tuple[float, float]:
        not_judged = "clickrail_enricher_not_judged_total"
        return await self._judging.metric("clickrail_enricher_records_total"), await self._judging.metric(not_judged)

    async def _configure(self, policy: str, maxmemory: int) -> None:
        await self._redis.config_set("maxmemory-policy", policy)
        await self._redis.config_set("maxmemory", maxmemory)


async def is_read(judging: Judging, number: int) -> bool:
    return await judging.metric("clickrail_enricher_records_total") >= number

"""The shared layer: what any process has read, for the others. Where it is away, slow or full of rubbish, it is a miss.

Keys are `{prefix}:referrals:{kind}:{id}`. Reads are bounded and never repeated; writes happen off the path, and a
script on the server keeps an older version from replacing a newer one. Whether Redis is back is found out off the path,
too: no visitor waits for one that is known to be away.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of
from referrals.saved import Reading, pack, unpack

BOUND_S: Final = 0.055
"""The client's own time-outs hold for each step of a connection; this holds for all of them together."""
PROBE_S: Final = 1.0
PROBED: Final[Key] = ("code", "")
"""No code: it is asked for to see whether there is an answer."""
KEEP_S: Final = 43_200
MOST_UNWRITTEN: Final = 5_000
WRITTEN_AT_ONCE: Final = 100
WRITE_PAUSE_S: Final = 0.005

AWAY: Final = (RedisError, OSError, TimeoutError)

WRITE_NEWER: Final = """
for i, key in ipairs(KEYS) do
    local ours, our_reading = string.match(ARGV[i + 1], '^(%d+) (%d+) ')
    local held = redis.pcall('GET', key)
    local theirs, their_reading
    if type(held) == 'string' then
        theirs, their_reading = string.match(held, '^(%d+) (%d+) %{')
    end
    local v, held_v = tonumber(ours), tonumber(theirs)
    if not held_v or v > held_v or (v == held_v and tonumber(our_reading) >= tonumber(their_reading)) then
        redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1])
    end
end
"""


class RedisReferrals:
    """Reads and writes values. `read` raises nothing; `write` only queues, `run` writes, and `watch` looks after it.

    `away` is whether Redis did not answer the last time. Then it is left alone but for a probe each `PROBE_S` seconds.
    """

    def __init__(self, client: redis.asyncio.Redis, prefix: str, metrics: LookupMetrics) -> None:
        self.client = client
        self.prefix = prefix
        self.metrics = metrics
        self.away = False
        self.write_newer = client.register_script(WRITE_NEWER)
        self.unwritten: dict[Key, bytes] = {}
        self.to_write = asyncio.Event()

    async def read(self, keys: Sequence[Key]) -> list[Reading]:
        """Give what Redis holds of `keys`; nothing when it does not answer in 50 ms, or is known not to."""
        if not keys:
            return []
        self.metrics.keys.labels("redis").inc(len(keys))
        if self.away:
            self.metrics.reads.labels("redis", "skipped").inc()
            return []
        values = await self.get(keys)
        readings = (unpack(key, data) for key, data in zip(keys, values, strict=False))
        return [reading for reading in readings if reading is not None]

    async def get(self, keys: Sequence[Key]) -> Sequence[object]:
        """Give what stands under `keys`; nothing at all when there is no answer."""
        outcome = "away"
        values: Sequence[object] = ()
        try:
            async with self.bounded():
                values = await self.client.mget([self.name(key) for key in keys])
            outcome = "ok"
        except AWAY:
            pass
        self.metrics.reads.labels("redis", outcome).inc()
        return values

    async def watch(self) -> None:
        """Find out, until cancelled, whether Redis answers: at the start, and from time to time while it does not."""
        await self.get([PROBED])
        while True:
            await asyncio.sleep(PROBE_S)
            if self.away:
                await self.get([PROBED])

    def write(self, values: Iterable[Referral], as_of: int) -> None:
        """Have values written that were read at version `as_of`. Returns at once; too many are dropped, and counted."""
        for value in values:
            if len(self.unwritten) >= MOST_UNWRITTEN:
                self.metrics.redis_writes.labels("dropped").inc()
                continue
            self.unwritten[key_of(value)] = pack(Reading(value, as_of))
            self.to_write.set()

    async def run(self) -> None:
        """Write what is queued, until cancelled. While Redis is away, values are dropped: they will be read again."""
        while True:
            await self.to_write.wait()
            await self.write_some()
            await asyncio.sleep(WRITE_PAUSE_S)

    async def write_some(self) -> None:
        keys = list(self.unwritten)[:WRITTEN_AT_ONCE]
        values = [self.unwritten.pop(key) for key in keys]
        if not self.unwritten:
            self.to_write.clear()
        outcome = "away"
        if not self.away:
            try:
                async with self.bounded():
                    await self.write_newer(keys=[self.name(key) for key in keys], args=[KEEP_S, *values])
                outcome = "ok"
            except AWAY:
                pass
        self.metrics.redis_writes.labels(outcome).inc(len(keys))

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(BOUND_S):
                yield
        except ResponseError:
            # It answers, if only with an error (full, or not permitted): asking again costs no time-out.
            self.away = False
            raise
        except AWAY:
            self.away = True
            raise
        self.away = False

    def name(self, key: Key) -> str:
        kind, id_ = key
        return f"{self.prefix}:referrals:{kind}:{id_}"

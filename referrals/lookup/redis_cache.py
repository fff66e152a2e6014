"""The shared layer: what any process has read, for the others. Where it is away, slow or full of rubbish, it is a miss.

Keys are `{prefix}:referrals:{kind}:{id}`. Reads are bounded and never repeated; writes happen off the path, and a
script on the server keeps an older version from replacing a newer one. Whether Redis is back is found out off the path,
too: no visitor waits for one that is known to be away. Values are authenticated: whoever can write to Redis cannot send
a visitor anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from referrals.lookup.redis_codec import Reading, pack, seal, unpack, unseal
from referrals.lookup.redis_history import GetSigner, History, State, is_behind, pack_history, unpack_history, update
from referrals.lookup.redis_refusals import REFUSALS
from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of
from runtime.redis import REDIS_TIMEOUT_S

EXTRA_TIMEOUT_S: Final = 0.005
REQUEST_TIMEOUT_S: Final = REDIS_TIMEOUT_S + EXTRA_TIMEOUT_S
"""The client's own time-outs hold for each step of a connection; this holds for all of them together."""
PROBE_S: Final = 1.0
HISTORY: Final = ("history",)
KEEP_S: Final = 43_200
MOST_UNWRITTEN: Final = 5_000
WRITTEN_AT_ONCE: Final = 100
WRITE_PAUSE_S: Final = 0.005
EPOCH_PAUSE_S: Final = 0.05

AWAY: Final = (RedisError, OSError, TimeoutError)

# ARGV: seconds to keep; the keys whose present value was not believed, as "1 3 " by their place; then the values.
WRITE_NEWER: Final = """
for i, key in ipairs(KEYS) do
    local our_epoch, ours, our_reading = string.match(ARGV[i + 2], '^%S+ (%x+) (%d+) (%d+) ')
    local held = redis.pcall('GET', key)
    local epoch, theirs, their_reading
    if type(held) == 'string' and not string.find(ARGV[2], ' ' .. i .. ' ', 1, true) then
        epoch, theirs, their_reading = string.match(held, '^%S+ (%x+) (%d+) (%d+) %{')
    end
    local v, held_v = tonumber(ours), tonumber(theirs)
    if not held_v or epoch ~= our_epoch or v > held_v
        or (v == held_v and tonumber(our_reading) >= tonumber(their_reading)) then
        redis.call('SET', key, ARGV[i + 2], 'EX', ARGV[1])
    end
end
"""


# Several processes may find out at once what should stand there: only one of them writes.
REPLACE: Final = """
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end
return 0
"""


class RedisCache:
    """Reads and writes values. `read` raises nothing; `write` only queues, `run` writes, and `watch` looks after it.

    `away` is whether Redis did not answer the last time. Then it is left alone but for a probe each `PROBE_S` seconds.
    `epoch` is that of the values to believe, null while it is not known, or while the database seems to be behind it.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis,
        prefix: str,
        get_signer: GetSigner,
        metrics: LookupMetrics,
        *,
        bound_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self.client = client
        self.prefix = prefix
        self.get_signer = get_signer
        self.metrics = metrics
        self.bound_s = bound_s
        self.away = False
        self.epoch: bytes | None = None
        self.origin: bytes | None = None
        self.is_doubted = False
        self.has_asked = False
        self.write_newer = client.register_script(WRITE_NEWER)
        self.replace = client.register_script(REPLACE)
        self.unwritten: dict[Key, Reading] = {}
        self.disbelieved: set[Key] = set()
        self.to_write = asyncio.Event()

    async def read(self, keys: Sequence[Key]) -> list[Reading]:
        """Give what Redis holds of `keys`; nothing when it does not answer in time, or is known not to."""
        if not keys:
            return []
        self.metrics.keys.labels("redis").inc(len(keys))
        if self.away:
            self.metrics.reads.labels("redis", "skipped").inc()
            return []
        if not self.has_asked:
            # In the first moment of a process: nothing has been learnt of Redis yet.
            await self.read_history()
        if self.epoch is None:
            return []
        epoch, values = self.epoch, await self.get(keys)
        readings = (self.read_value(key, epoch, data) for key, data in zip(keys, values, strict=False))
        return [reading for reading in readings if reading is not None]

    def read_value(self, key: Key, epoch: bytes, data: object) -> Reading | None:
        if data is None:
            return None
        packed = unseal(self.get_signer(), self.name(key).encode(), epoch, data)
        reading = None if packed is None else unpack(key, packed)
        if reading is None:
            self.metrics.redis_refused.inc()
            if len(self.disbelieved) < MOST_UNWRITTEN:
                self.disbelieved.add(key)
        return reading

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
        """Learn, until cancelled, whether Redis answers, and which epoch its values are of."""
        while True:
            await self.read_history()
            await asyncio.sleep(PROBE_S)

    async def read_history(self) -> tuple[bytes, History | None] | None:
        """Read the record of the history, and believe its epoch; null when Redis does not answer."""
        name = self.name(HISTORY)
        outcome = "away"
        try:
            async with self.bounded():
                data = await self.client.get(name)
            outcome = "ok"
        except AWAY:
            return None
        finally:
            self.has_asked = True
            self.metrics.reads.labels("redis", outcome).inc()
        raw = data if isinstance(data, bytes) else b""
        history = unpack_history(self.get_signer(), name.encode(), raw)
        is_ours = history is not None and self.origin in (None, history.origin)
        self.epoch = history.epoch if history and is_ours and not self.is_doubted else None
        return raw, history

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State:
        """Tell Redis which database is followed, and at which version; `behind` when Redis knows a higher one of it.

        With `is_restored` that is taken for certain, and what Redis holds is not believed any more.
        """
        self.origin = origin
        if self.away:
            return "away"
        there = await self.read_history()
        if there is None:
            return "away"
        raw, history = there
        self.is_doubted = is_behind(history, origin, version) and not is_restored
        if self.is_doubted:
            self.epoch = None
            return "behind"
        if is_restored:
            self.unwritten.clear()
        wanted = update(history, origin, version, is_restored=is_restored)
        return "agrees" if wanted == history or await self.write_history(raw, wanted) else "away"

    async def write_history(self, before: bytes, history: History) -> bool:
        name = self.name(HISTORY)
        packed = pack_history(self.get_signer(), name.encode(), history)
        try:
            async with self.bounded():
                written = await self.replace(keys=[name], args=[before, packed])
        except AWAY:
            return False
        if written:
            self.epoch = history.epoch
        return bool(written)

    def write(self, values: Iterable[Referral], as_of: int) -> None:
        """Have values written that were read at version `as_of`. Returns at once; too many are dropped, and counted."""
        for value in values:
            if len(self.unwritten) >= MOST_UNWRITTEN:
                self.metrics.redis_writes.labels("dropped").inc()
                continue
            self.unwritten[key_of(value)] = Reading(value, as_of)
            self.to_write.set()

    async def run(self) -> None:
        """Write what is queued, until cancelled. While Redis is away, values are dropped: they will be read again."""
        while True:
            await self.to_write.wait()
            if self.epoch is None and not self.away:
                # It is not known yet which history these values are to be part of.
                await asyncio.sleep(EPOCH_PAUSE_S)
                continue
            await self.write_some()
            await asyncio.sleep(WRITE_PAUSE_S)

    async def write_some(self) -> None:
        keys = list(self.unwritten)[:WRITTEN_AT_ONCE]
        readings = [self.unwritten.pop(key) for key in keys]
        if not self.unwritten:
            self.to_write.clear()
        outcome = "away"
        if not self.away and self.epoch is not None:
            names, signer = [self.name(key) for key in keys], self.get_signer()
            values = [
                seal(signer, name.encode(), self.epoch, pack(reading))
                for name, reading in zip(names, readings, strict=True)
            ]
            to_replace = "".join(f" {place} " for place, key in enumerate(keys, start=1) if key in self.disbelieved)
            try:
                async with self.bounded():
                    await self.write_newer(keys=names, args=[KEEP_S, to_replace, *values])
                outcome = "ok"
                self.disbelieved.difference_update(keys)
            except AWAY:
                pass
        self.metrics.redis_writes.labels(outcome).inc(len(keys))

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.bound_s):
                yield
        except ResponseError as error:
            # It answers, if only with an error (full, or not permitted): asking again costs no time-out.
            self.away = False
            REFUSALS.note(error)
            raise
        except AWAY as error:
            self.away = True
            REFUSALS.note(error)
            raise
        self.away = False

    def name(self, key: Key | tuple[str]) -> str:
        return ":".join((self.prefix, "referrals", *key))

"""The shared cache: values that any process has read, in Redis. An error, a time-out or an invalid value is a miss.

Keys are `{prefix}:referrals:{kind}:{id}`. Reads have a time-out and are not retried. Writes happen in the background,
and a script on the server keeps an older version from replacing a newer one. While Redis is away, a background probe
finds out when it is back, and no visitor waits for it. Values are authenticated: write access to Redis is not enough to
send a visitor to another page.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from referrals.lookup.redis_codec import VersionedValue, pack, seal, unpack, unseal
from referrals.lookup.redis_history import (
    GetSigner,
    History,
    State,
    advance_history,
    is_behind,
    pack_history,
    unpack_history,
)
from referrals.lookup.redis_refusals import REFUSALS
from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of
from runtime.redis import REDIS_TIMEOUT_S

EXTRA_TIMEOUT_S: Final = 0.005
REQUEST_TIMEOUT_S: Final = REDIS_TIMEOUT_S + EXTRA_TIMEOUT_S
"""For a whole request; the client's own time-outs apply to each step (connect, send, receive) separately."""
PROBE_S: Final = 1.0
HISTORY: Final = ("history",)
TTL_S: Final = 43_200
MAX_PENDING: Final = 5_000
WRITE_BATCH_SIZE: Final = 100
WRITE_PAUSE_S: Final = 0.005
EPOCH_PAUSE_S: Final = 0.05

AWAY: Final = (RedisError, OSError, TimeoutError)

# ARGV: TTL in seconds; positions of the keys whose present value was rejected, as " 1  3 "; then the values.
WRITE_NEWER: Final = """
for i, key in ipairs(KEYS) do
    local our_epoch, ours, our_as_of = string.match(ARGV[i + 2], '^%S+ (%x+) (%d+) (%d+) ')
    local present = redis.pcall('GET', key)
    local epoch, theirs, their_as_of
    if type(present) == 'string' and not string.find(ARGV[2], ' ' .. i .. ' ', 1, true) then
        epoch, theirs, their_as_of = string.match(present, '^%S+ (%x+) (%d+) (%d+) %{')
    end
    local v, present_v = tonumber(ours), tonumber(theirs)
    if not present_v or epoch ~= our_epoch or v > present_v
        or (v == present_v and tonumber(our_as_of) >= tonumber(their_as_of)) then
        redis.call('SET', key, ARGV[i + 2], 'EX', ARGV[1])
    end
end
"""


# Compare and set: several processes may try at once, and only one may write.
REPLACE: Final = """
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end
return 0
"""


class RedisCache:
    """`read` never raises. `write` queues values, and `run` writes them. `watch` probes Redis each `PROBE_S` seconds.

    `away` means that Redis did not answer the last request; then only the probe is sent. Values of another epoch than
    `epoch` are misses. It is null while it is unknown, or while the database seems to have been restored.
    """

    def __init__(
        self,
        client: redis.asyncio.Redis,
        prefix: str,
        get_signer: GetSigner,
        metrics: LookupMetrics,
        *,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self.client = client
        self.prefix = prefix
        self.get_signer = get_signer
        self.metrics = metrics
        self.request_timeout_s = request_timeout_s
        self.away = False
        self.epoch: bytes | None = None
        self.origin: bytes | None = None
        self.is_doubted = False
        self.has_read_history = False
        self.write_newer = client.register_script(WRITE_NEWER)
        self.replace = client.register_script(REPLACE)
        self.pending: dict[Key, VersionedValue] = {}
        self.rejected: set[Key] = set()
        self.has_pending = asyncio.Event()

    async def read(self, keys: Sequence[Key]) -> list[VersionedValue]:
        """Read the values of `keys` that Redis has; none when it is away."""
        if not keys:
            return []
        self.metrics.keys.labels("redis").inc(len(keys))
        if self.away:
            self.metrics.reads.labels("redis", "skipped").inc()
            return []
        if not self.has_read_history:
            # The process has just started and `watch` has not read the epoch yet.
            await self.read_history()
        if self.epoch is None:
            return []
        epoch, values = self.epoch, await self.get(keys)
        readings = (self.read_value(key, epoch, data) for key, data in zip(keys, values, strict=False))
        return [reading for reading in readings if reading is not None]

    def read_value(self, key: Key, epoch: bytes, data: object) -> VersionedValue | None:
        if data is None:
            return None
        packed = unseal(self.get_signer(), self.name(key).encode(), epoch, data)
        reading = None if packed is None else unpack(key, packed)
        if reading is None:
            self.metrics.redis_refused.inc()
            if len(self.rejected) < MAX_PENDING:
                self.rejected.add(key)
        return reading

    async def get(self, keys: Sequence[Key]) -> Sequence[object]:
        """Read the raw values of `keys`; empty when Redis does not answer."""
        outcome = "away"
        values: Sequence[object] = ()
        try:
            async with self.request_timeout():
                values = await self.client.mget([self.name(key) for key in keys])
            outcome = "ok"
        except AWAY:
            pass
        self.metrics.reads.labels("redis", outcome).inc()
        return values

    async def watch(self) -> None:
        """Probe whether Redis answers, and read the current epoch, until cancelled."""
        while True:
            await self.read_history()
            await asyncio.sleep(PROBE_S)

    async def read_history(self) -> tuple[bytes, History | None] | None:
        """Read the history record, raw and decoded, and use its epoch; null when Redis does not answer."""
        name = self.name(HISTORY)
        outcome = "away"
        try:
            async with self.request_timeout():
                data = await self.client.get(name)
            outcome = "ok"
        except AWAY:
            return None
        finally:
            self.has_read_history = True
            self.metrics.reads.labels("redis", outcome).inc()
        raw = data if isinstance(data, bytes) else b""
        history = unpack_history(self.get_signer(), name.encode(), raw)
        is_ours = history is not None and self.origin in (None, history.origin)
        self.epoch = history.epoch if history and is_ours and not self.is_doubted else None
        return raw, history

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State:
        """Register the database we follow and its version; `behind` if Redis has seen a higher version of it.

        With `is_restored` the database is known to be restored, and all values in Redis become invalid.
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
            self.pending.clear()
        wanted = advance_history(history, origin, version, is_restored=is_restored)
        return "agrees" if wanted == history or await self.write_history(raw, wanted) else "away"

    async def write_history(self, before: bytes, history: History) -> bool:
        name = self.name(HISTORY)
        packed = pack_history(self.get_signer(), name.encode(), history)
        try:
            async with self.request_timeout():
                written = await self.replace(keys=[name], args=[before, packed])
        except AWAY:
            return False
        if written:
            self.epoch = history.epoch
        return bool(written)

    def write(self, values: Iterable[Referral], as_of: int) -> None:
        """Queue values that were read at version `as_of`. Returns at once; values beyond MAX_PENDING are dropped."""
        for value in values:
            if len(self.pending) >= MAX_PENDING:
                self.metrics.redis_writes.labels("dropped").inc()
                continue
            self.pending[key_of(value)] = VersionedValue(value, as_of)
            self.has_pending.set()

    async def run(self) -> None:
        """Write queued values, until cancelled. Drops them while Redis is away: they will be read again."""
        while True:
            await self.has_pending.wait()
            if self.epoch is None and not self.away:
                # The epoch of these values is not known yet.
                await asyncio.sleep(EPOCH_PAUSE_S)
                continue
            await self.write_batch()
            await asyncio.sleep(WRITE_PAUSE_S)

    async def write_batch(self) -> None:
        keys = list(self.pending)[:WRITE_BATCH_SIZE]
        readings = [self.pending.pop(key) for key in keys]
        if not self.pending:
            self.has_pending.clear()
        outcome = "away"
        if not self.away and self.epoch is not None:
            names, signer = [self.name(key) for key in keys], self.get_signer()
            values = [
                seal(signer, name.encode(), self.epoch, pack(reading))
                for name, reading in zip(names, readings, strict=True)
            ]
            to_replace = "".join(f" {place} " for place, key in enumerate(keys, start=1) if key in self.rejected)
            try:
                async with self.request_timeout():
                    await self.write_newer(keys=names, args=[TTL_S, to_replace, *values])
                outcome = "ok"
                self.rejected.difference_update(keys)
            except AWAY:
                pass
        self.metrics.redis_writes.labels(outcome).inc(len(keys))

    @asynccontextmanager
    async def request_timeout(self) -> AsyncIterator[None]:
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
        return ":".join((self.prefix, "referrals", *key))

"""The shared cache: values that any process has read, in Redis. An error, a time-out or an invalid value is a miss.

Keys are `{prefix}:referrals:{kind}:{id}`. Reads have a time-out and are not retried. Writes happen in the background,
and a script on the server keeps an older version from replacing a newer one. While Redis is away, a background probe
finds out when it is back, and no visitor waits for it. Values are authenticated: write access to Redis is not enough to
send a visitor to another page.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import redis.asyncio

from referrals.lookup.epoch_tracker import EpochTracker
from referrals.lookup.redis_codec import VersionedValue, pack, seal, unpack, unseal
from referrals.lookup.redis_history import GetSigner, State
from referrals.lookup.redis_requests import AWAY, REQUEST_TIMEOUT_S, RedisRequests
from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of

PROBE_S: Final = 1.0
TTL_S: Final = 43_200
MAX_PENDING: Final = 5_000
WRITE_BATCH_SIZE: Final = 100
WRITE_PAUSE_S: Final = 0.005
EPOCH_PAUSE_S: Final = 0.05

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


class RedisCache:
    """`read` never raises. `write` queues values, and `run` writes them. `watch` probes Redis each `PROBE_S` seconds.

    While Redis is away, only the probe is sent. Values of another epoch than `history.epoch` are misses.
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
        self.requests = RedisRequests(client, prefix, request_timeout_s=request_timeout_s)
        self.history = EpochTracker(self.requests, get_signer, metrics)
        self.get_signer = get_signer
        self.metrics = metrics
        self.write_newer = client.register_script(WRITE_NEWER)
        self.pending: dict[Key, VersionedValue] = {}
        self.rejected: set[Key] = set()
        self.has_pending = asyncio.Event()

    async def read(self, keys: Sequence[Key]) -> list[VersionedValue]:
        """Read the values of `keys` that Redis has; none when it is away."""
        if not keys:
            return []
        self.metrics.keys.labels("redis").inc(len(keys))
        if self.requests.away:
            self.metrics.reads.labels("redis", "skipped").inc()
            return []
        if not self.history.has_read:
            # The process has just started and `watch` has not read the epoch yet.
            await self.history.read()
        if self.history.epoch is None:
            return []
        epoch, values = self.history.epoch, await self.get(keys)
        readings = (self.read_value(key, epoch, data) for key, data in zip(keys, values, strict=False))
        return [reading for reading in readings if reading is not None]

    def read_value(self, key: Key, epoch: bytes, data: object) -> VersionedValue | None:
        if data is None:
            return None
        packed = unseal(self.get_signer(), self.requests.name(key).encode(), epoch, data)
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
            async with self.requests.watched():
                values = await self.requests.client.mget([self.requests.name(key) for key in keys])
            outcome = "ok"
        except AWAY:
            pass
        self.metrics.reads.labels("redis", outcome).inc()
        return values

    async def watch(self) -> None:
        """Probe whether Redis answers, and read the current epoch, until cancelled."""
        while True:
            await self.history.read()
            await asyncio.sleep(PROBE_S)

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State:
        """Register the database we follow and its version, as `EpochTracker.join` does."""
        if is_restored:
            # Read before the restore: these values must not get the new epoch.
            self.pending.clear()
        return await self.history.join(origin, version, is_restored=is_restored)

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
            if self.history.epoch is None and not self.requests.away:
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
        if not self.requests.away and self.history.epoch is not None:
            names, signer = [self.requests.name(key) for key in keys], self.get_signer()
            values = [
                seal(signer, name.encode(), self.history.epoch, pack(reading))
                for name, reading in zip(names, readings, strict=True)
            ]
            to_replace = "".join(f" {place} " for place, key in enumerate(keys, start=1) if key in self.rejected)
            try:
                async with self.requests.watched():
                    await self.write_newer(keys=names, args=[TTL_S, to_replace, *values])
                outcome = "ok"
                self.rejected.difference_update(keys)
            except AWAY:
                pass
        self.metrics.redis_writes.labels(outcome).inc(len(keys))

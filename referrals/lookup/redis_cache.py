"""The shared cache: values that any process has read, in Redis. An error, a time-out or an invalid value is a miss.

Keys are `{prefix}:referrals:{kind}:{id}`. Reads have a time-out and are not retried. Writes happen in the background,
and a script on the server keeps an older version from replacing a newer one. A change that Redis did not take in time
is written when it answers again: else it would keep the older value. While Redis is away, a background probe finds out
when it is back, and no visitor waits for it. Values are authenticated: write access to Redis is not enough to send a
visitor to another page.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import redis.asyncio

from referrals.lookup.epoch_tracker import EpochTracker
from referrals.lookup.redis_codec import VersionedValue, pack, seal, unpack, unseal
from referrals.lookup.redis_history import GetSigner, State
from referrals.lookup.redis_requests import AWAY, REQUEST_TIMEOUT_S, RedisRequests
from referrals.lookup.write_queue import MAX_PENDING, Pending, WriteQueue
from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of

PROBE_S: Final = 1.0
TTL_S: Final = 43_200
WRITE_BATCH_SIZE: Final = 100
WRITE_PAUSE_S: Final = 0.005
RETRY_PAUSE_S: Final = 0.05

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
        self.queue = WriteQueue()
        self.batch_size = WRITE_BATCH_SIZE
        self.rejected: set[Key] = set()

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
            self.forget()
        return await self.history.join(origin, version, is_restored=is_restored)

    @property
    def is_history_lost(self) -> bool:
        """Whether Redis answers and has no record of the history."""
        return self.history.is_lost and not self.requests.away

    def forget(self) -> None:
        """Write nothing that was read until now: it must not get the epoch of what comes."""
        self.queue.clear()

    def write(self, values: Iterable[Referral], as_of: int, *, is_change: bool = False) -> None:
        """Queue values that were read at version `as_of`, and return at once.

        While Redis is away, or when it does not take them in time, only changes wait for it: it may have the value from
        before. The others are read again when they are needed. What is beyond MAX_PENDING is dropped.
        """
        for value in values:
            pending = Pending(VersionedValue(value, as_of), self.history.epoch, is_change)
            if self.requests.away and not is_change:
                self.count(1, "away")
            elif not self.queue.add(pending):
                self.count(1, "dropped")

    def count(self, values: int, outcome: str) -> None:
        self.metrics.redis_writes.labels(outcome).inc(values)

    async def run(self) -> None:
        """Write queued values, until cancelled. They wait while Redis is away or its epoch is not known."""
        while True:
            await self.queue.wait()
            if self.requests.away or self.history.epoch is None:
                await asyncio.sleep(RETRY_PAUSE_S)
                continue
            await self.write_batch(self.history.epoch)
            await asyncio.sleep(WRITE_PAUSE_S)

    async def write_batch(self, epoch: bytes) -> None:
        """Write the values that have waited longest, but for those that were read in another epoch."""
        batch = self.queue.take(self.batch_size)
        current = [pending for pending in batch if pending.epoch in (None, epoch)]
        self.count(len(batch) - len(current), "dropped")
        try:
            await self.write_values(epoch, [pending.reading for pending in current])
        except AWAY:
            self.count(len(current), "away")
            # An answer that is a refusal would be given again; no answer leaves open what Redis has.
            if self.requests.away:
                self.queue.put_back_changes()
            # As many at once may take longer than a request may.
            self.batch_size = max(1, self.batch_size // 2)
        else:
            self.count(len(current), "ok")
            self.batch_size = min(2 * self.batch_size, WRITE_BATCH_SIZE)

    async def write_values(self, epoch: bytes, readings: Sequence[VersionedValue]) -> None:
        """Write values, unless Redis has newer ones. Raises one of `AWAY`."""
        if not readings:
            return
        keys, signer = [key_of(reading.value) for reading in readings], self.get_signer()
        names = [self.requests.name(key) for key in keys]
        values = [
            seal(signer, name.encode(), epoch, pack(reading)) for name, reading in zip(names, readings, strict=True)
        ]
        to_replace = "".join(f" {place} " for place, key in enumerate(keys, start=1) if key in self.rejected)
        async with self.requests.watched():
            await self.write_newer(keys=names, args=[TTL_S, to_replace, *values])
        self.rejected.difference_update(keys)

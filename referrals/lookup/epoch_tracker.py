"""Tracks the epoch that values in Redis must have to be used, and records in Redis how far our database is.

`redis_history` explains the record and why there are epochs.
"""

from typing import Final

from referrals.lookup.redis_history import (
    GetSigner,
    History,
    State,
    advance_history,
    is_behind,
    pack_history,
    unpack_history,
)
from referrals.lookup.redis_requests import AWAY, RedisRequests
from referrals.metrics import LookupMetrics

HISTORY: Final = ("history",)

# Compare and set: several processes may try at once, and only one may write.
REPLACE: Final = """
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end
return 0
"""


class EpochTracker:
    """`epoch` is null while it is unknown, or while the database seems to have been restored.

    `is_lost`: Redis answers and has no record, for example because it was started again without its data.
    """

    def __init__(self, requests: RedisRequests, get_signer: GetSigner, metrics: LookupMetrics) -> None:
        self.requests = requests
        self.get_signer = get_signer
        self.metrics = metrics
        self.epoch: bytes | None = None
        self.origin: bytes | None = None
        self.is_doubted = False
        self.has_read = False
        self.is_lost = False
        self.replace = requests.client.register_script(REPLACE)

    async def read(self) -> tuple[bytes, History | None] | None:
        """Read the history record, raw and decoded, and use its epoch; null when Redis does not answer."""
        name = self.requests.name(HISTORY)
        outcome = "away"
        try:
            async with self.requests.watched():
                data = await self.requests.client.get(name)
            outcome = "ok"
        except AWAY:
            return None
        finally:
            self.has_read = True
            self.metrics.reads.labels("redis", outcome).inc()
        raw = data if isinstance(data, bytes) else b""
        self.is_lost = not raw
        history = unpack_history(self.get_signer(), name.encode(), raw)
        is_ours = history is not None and self.origin in (None, history.origin)
        self.epoch = history.epoch if history and is_ours and not self.is_doubted else None
        return raw, history

    async def join(self, origin: bytes, version: int, *, is_restored: bool = False) -> State:
        """Register the database we follow and its version; `behind` if Redis has seen a higher version of it.

        With `is_restored` the database is known to be restored, and all values in Redis become invalid.
        """
        self.origin = origin
        if self.requests.away:
            return "away"
        there = await self.read()
        if there is None:
            return "away"
        raw, history = there
        self.is_doubted = is_behind(history, origin, version) and not is_restored
        if self.is_doubted:
            self.epoch = None
            return "behind"
        wanted = advance_history(history, origin, version, is_restored=is_restored)
        return "agrees" if wanted == history or await self.write(raw, wanted) else "away"

    async def write(self, before: bytes, history: History) -> bool:
        """Replace the record, and use its epoch; False if Redis is away or no longer has the record `before`."""
        name = self.requests.name(HISTORY)
        packed = pack_history(self.get_signer(), name.encode(), history)
        try:
            async with self.requests.watched():
                written = await self.replace(keys=[name], args=[before, packed])
        except AWAY:
            return False
        if written:
            self.epoch, self.is_lost = history.epoch, False
        return bool(written)

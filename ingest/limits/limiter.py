"""One limit, for clients or for codes: within it, over it, or ten times over."""

from typing import Final, Literal, TypeAlias

import msgspec

from ingest.limits.gcra import Limit
from ingest.limits.meter import Key, Meter

Verdict: TypeAlias = Literal["within", "over", "far_over"]

FAR_OVER: Final = 10
SHARES: Final = 16
"""The number of processes that can share a limit without unnoticed excess."""
MAX_PENDING: Final = 5_000


class Decision(msgspec.Struct, frozen=True, gc=False):
    """The decision on a click. `wait_ns` is how much too early it came, 0 within the limit.

    `far_over`: the clicks over the limit exceed a limit ten times as large. So a key that keeps within ten times the
    limit is never far over, and clicks that are not far over are at most eleven times the limit.
    """

    verdict: Verdict
    wait_ns: int = 0


WITHIN: Final = Decision("within")


class PendingCounts:
    """What this process has counted and not reported to the others yet, in nanoseconds by key.

    Bounded: `unreported` counts clicks of keys for which there was no room.
    """

    __slots__ = ("pending", "unreported")

    def __init__(self) -> None:
        self.pending: dict[Key, int] = {}
        self.unreported = 0

    def add(self, key: Key, used: int) -> None:
        pending = self.pending.get(key)
        if pending is not None:
            self.pending[key] = pending + used
        elif len(self.pending) < MAX_PENDING:
            self.pending[key] = used
        else:
            self.unreported += 1


class SharedMeter:
    """A meter that notes what its keys used, for other processes."""

    __slots__ = ("counts", "meter", "name")

    def __init__(self, name: str, meter: Meter) -> None:
        self.name = name
        self.meter = meter
        self.counts = PendingCounts()

    def count_click(self, key: Key, now: int) -> int:
        """Count one click as the meter does, and note it for other processes."""
        wait = self.meter.count_click(key, now)
        if not wait:
            self.counts.add(key, self.meter.interval)
        return wait


class Limiter:
    """Decides on the clicks of many keys. `shared_meters` are synchronized with other processes, if it is `shared`.

    Most keys have few clicks, and other processes need not know them. A third meter, the probe, finds the others: keys
    that use more than one of 16 equal shares of the limit. While each of up to 16 processes is within its share, the
    sum is within the limit; a process that exceeds its share starts to report the key.
    """

    def __init__(self, name: str, limit: Limit, most: int, *, shared: bool) -> None:
        self._all = SharedMeter(name, Meter(limit, most))
        self._excess = SharedMeter(f"{name}_excess", Meter(limit.times(FAR_OVER), most))
        self._probe = Meter(limit.share(SHARES), most) if shared else None
        self.shared_meters: tuple[SharedMeter, ...] = (self._all, self._excess) if shared else ()

    @property
    def keys(self) -> int:
        """The number of remembered keys."""
        return len(self._all.meter)

    def peek(self, key: Key, now: int) -> Decision:
        """Decide on a click of a key at `now` (ns) without counting it."""
        wait = self._all.meter.wait(key, now)
        if not wait:
            return WITHIN
        return Decision("far_over" if self._excess.meter.wait(key, now) else "over", wait)

    def decide(self, key: Key, now: int) -> Decision:
        """Count one click of a key at `now` (ns), and decide on it."""
        wait = self._all.meter.count_click(key, now)
        if self._probe is not None and (wait or self._probe.count_click(key, now)):
            # Keep the probe full: while a key exceeds its share, report all its clicks, not only the excess.
            self._probe.raise_to(key, now + self._probe.tolerance)
            if not wait:
                self._all.counts.add(key, self._all.meter.interval)
        if not wait:
            return WITHIN
        exceeds = (self._excess.meter if self._probe is None else self._excess).count_click(key, now)
        return Decision("far_over" if exceeds else "over", wait)

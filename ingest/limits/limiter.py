"""One limit, for clients or for codes: within it, over it, or ten times over."""

from typing import Final, Literal, TypeAlias

import msgspec

from ingest.limits.gcra import Limit
from ingest.limits.meter import Key, Meter

Verdict: TypeAlias = Literal["within", "over", "far_over"]

FAR: Final = 10
SHARES: Final = 16
"""How many processes can share a limit so that none of its excess goes unnoticed."""
MOST_OWED: Final = 5_000


class Decision(msgspec.Struct, frozen=True, gc=False):
    """Where a click stands: `wait_ns` is for how long it came too early, 0 within the limit.

    Far over is what is over by ten times: the clicks over the limit are themselves over a limit ten times as large.
    So whoever keeps within ten times the limit is never far over, and what is not far over is never more than eleven
    times the limit.
    """

    verdict: Verdict
    wait_ns: int = 0


WITHIN: Final = Decision("within")


class PendingCounts:
    """What this process has counted and not yet told the others: nanoseconds by key. Bounded; `untold` is the rest."""

    __slots__ = ("owed", "untold")

    def __init__(self) -> None:
        self.owed: dict[Key, int] = {}
        self.untold = 0

    def add(self, key: Key, used: int) -> None:
        owed = self.owed.get(key)
        if owed is not None:
            self.owed[key] = owed + used
        elif len(self.owed) < MOST_OWED:
            self.owed[key] = used
        else:
            self.untold += 1


class SharedMeter:
    """A meter whose keys are shared with other processes, by what they used."""

    __slots__ = ("ledger", "meter", "name")

    def __init__(self, name: str, meter: Meter) -> None:
        self.name = name
        self.meter = meter
        self.ledger = PendingCounts()

    def take(self, key: Key, now: int) -> int:
        """As the meter does, and note what has been used, for the others."""
        wait = self.meter.take(key, now)
        if not wait:
            self.ledger.add(key, self.meter.interval)
        return wait


class Limiter:
    """Decides on the clicks of many keys. `accounts` are what an exchange has to share, where it is `shared`.

    Most keys are quiet, and of no interest to others. A third meter, the scout, finds those that are not: keys that use
    more than one of 16 equal shares of the limit. As long as every one of up to 16 processes is within its share, the
    sum is within the limit; where one is not, it begins to tell.
    """

    def __init__(self, name: str, limit: Limit, most: int, *, shared: bool) -> None:
        self._all = SharedMeter(name, Meter(limit, most))
        self._excess = SharedMeter(f"{name}_excess", Meter(limit.times(FAR), most))
        self._scout = Meter(limit.share(SHARES), most) if shared else None
        self.accounts: tuple[SharedMeter, ...] = (self._all, self._excess) if shared else ()

    @property
    def keys(self) -> int:
        """How many keys it remembers."""
        return len(self._all.meter)

    def look(self, key: Key, now: int) -> Decision:
        """Tell where a click of a key would stand at `now` (ns), and count none."""
        wait = self._all.meter.wait(key, now)
        if not wait:
            return WITHIN
        return Decision("far_over" if self._excess.meter.wait(key, now) else "over", wait)

    def decide(self, key: Key, now: int) -> Decision:
        """Count one click of a key at `now` (ns), and tell where it stands."""
        wait = self._all.meter.take(key, now)
        if self._scout is not None and (wait or self._scout.take(key, now)):
            # Kept full: while a key goes on beyond its share, every one of its clicks is told, not just the excess.
            self._scout.raise_to(key, now + self._scout.tolerance)
            if not wait:
                self._all.ledger.add(key, self._all.meter.interval)
        if not wait:
            return WITHIN
        exceeds = (self._excess.meter if self._scout is None else self._excess).take(key, now)
        return Decision("far_over" if exceeds else "over", wait)

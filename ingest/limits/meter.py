"""What one process remembers of one limit: a TAT for each key, for as long as it matters, and never too many."""

from typing import Final, TypeAlias

from ingest.limits.gcra import SECOND_NS, Limit, decide

Key: TypeAlias = int | str

SHELVES: Final = 61
"""A prime, so that addresses that end alike are spread. To grow a dict, or to free it, stops the process for as long as
that takes: for a few thousand keys at a time that is a tenth of a millisecond, for all of them ten milliseconds."""


class Meter:
    """Measures keys against a limit; knows at most `most` of them. No step takes longer with more keys.

    `interval` is what one click uses, `tolerance` what can be used at once (ns).
    """

    __slots__ = ("_shelves", "interval", "tolerance")

    def __init__(self, limit: Limit, most: int) -> None:
        self.interval = limit.interval_ns
        self.tolerance = limit.tolerance_ns
        self._shelves = tuple(TatTable(limit, most // SHELVES) for _ in range(SHELVES))

    def __len__(self) -> int:
        return sum(map(len, self._shelves))

    def take(self, key: Key, now: int) -> int:
        """Count one click, if it is within the limit; give for how long it came too early (ns), 0 when counted."""
        return self._shelves[hash(key) % SHELVES].take(key, now)

    def level(self, key: Key, now: int) -> int:
        """Tell how much a key has used of the tolerance (ns)."""
        return max(0, self._shelves[hash(key) % SHELVES].find(key) - now)

    def wait(self, key: Key, now: int) -> int:
        """Tell for how long a click would come too early (ns), 0 when it would be counted."""
        return max(0, self.level(key, now) + self.interval - self.tolerance)

    def raise_to(self, key: Key, tat: int) -> None:
        """Let a key have used at least so much: others have seen clicks of it as well."""
        self._shelves[hash(key) % SHELVES].raise_to(key, tat)


class TatTable:
    """Some of a meter's keys, in two generations.

    Whatever is asked for moves to the young one. Once in a tolerance the young one becomes old, and what is still in
    the old one then has not been asked for in that time: its level is 0, and forgetting it changes nothing. (Where
    others have raised it higher, they know it still.) Only where there are too many keys are some forgotten before, in
    their favour: those asked for longest ago.
    """

    __slots__ = ("_interval", "_most_young", "_old", "_period", "_since", "_tolerance", "_turn_at", "_young")

    def __init__(self, limit: Limit, most: int) -> None:
        self._interval = limit.interval_ns
        self._tolerance = limit.tolerance_ns
        self._period = max(limit.tolerance_ns, SECOND_NS)
        self._most_young = max(1, most // 2)
        self._young: dict[Key, int] = {}
        self._old: dict[Key, int] = {}
        self._since = self._turn_at = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, key: Key, now: int) -> int:
        # A clock that steps back makes levels seem higher: by one period at most, further back all is forgotten.
        if not self._since <= now < self._turn_at or len(self._young) >= self._most_young:
            self._turn(now)
        tat = self._young.get(key)
        if tat is None:
            tat = self._old.pop(key, None)
        self._young[key], wait = decide(tat, now, self._interval, self._tolerance)
        return wait

    def raise_to(self, key: Key, tat: int) -> None:
        if tat > self.find(key):
            self._young[key] = tat
            self._old.pop(key, None)

    def find(self, key: Key) -> int:
        tat = self._young.get(key)
        return self._old.get(key, 0) if tat is None else tat

    def _turn(self, now: int) -> None:
        self._young, self._old = {}, {} if now < self._since else self._young
        self._since, self._turn_at = now, now + self._period

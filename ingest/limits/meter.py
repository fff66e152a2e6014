"""The keys of one limit in one process: a TAT for each key while it matters, in bounded memory."""

from typing import Final, TypeAlias

from ingest.limits.gcra import SECOND_NS, Limit, decide

Key: TypeAlias = int | str

TABLES: Final = 61
"""A prime, so that addresses with equal endings are spread. Growing or freeing a dict blocks the process: 0.1 ms for
the few thousand keys of one table, 10 ms for all keys in one dict."""


class Meter:
    """Measures at most `most` keys against a limit, in constant time per click.

    `interval` is what one click uses, `tolerance` what may be used at once (ns).
    """

    __slots__ = ("_tables", "interval", "tolerance")

    def __init__(self, limit: Limit, most: int) -> None:
        self.interval = limit.interval_ns
        self.tolerance = limit.tolerance_ns
        self._tables = tuple(TatTable(limit, most // TABLES) for _ in range(TABLES))

    def __len__(self) -> int:
        return sum(map(len, self._tables))

    def count_click(self, key: Key, now: int) -> int:
        """Count one click if it is within the limit; give how much too early it came (ns), 0 when counted."""
        return self._tables[hash(key) % TABLES].count_click(key, now)

    def level(self, key: Key, now: int) -> int:
        """Give the used part of a key's tolerance (ns)."""
        return max(0, self._tables[hash(key) % TABLES].find(key) - now)

    def wait(self, key: Key, now: int) -> int:
        """Give how much too early a click would come (ns), 0 when it would be counted."""
        return max(0, self.level(key, now) + self.interval - self.tolerance)

    def raise_to(self, key: Key, tat: int) -> None:
        """Raise a key's TAT to at least `tat`, because other processes have seen clicks of it."""
        self._tables[hash(key) % TABLES].raise_to(key, tat)


class TatTable:
    """Some of a meter's keys, in two generations.

    A used key moves to the young generation. Once per tolerance the young generation becomes the old one, and the old
    one is dropped: its keys were not used for a whole tolerance, so their level is 0 and nothing is lost. (Levels that
    other processes raised are still known to them.) With too many keys the least recently used ones are dropped
    earlier, in their favour.
    """

    __slots__ = ("_interval", "_most_young", "_old", "_period", "_rotated_at", "_rotates_at", "_tolerance", "_young")

    def __init__(self, limit: Limit, most: int) -> None:
        self._interval = limit.interval_ns
        self._tolerance = limit.tolerance_ns
        self._period = max(limit.tolerance_ns, SECOND_NS)
        self._most_young = max(1, most // 2)
        self._young: dict[Key, int] = {}
        self._old: dict[Key, int] = {}
        self._rotated_at = self._rotates_at = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def count_click(self, key: Key, now: int) -> int:
        # A clock that steps back makes levels seem higher, by one period at most; further back, drop all keys.
        if not self._rotated_at <= now < self._rotates_at or len(self._young) >= self._most_young:
            self._rotate(now)
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

    def _rotate(self, now: int) -> None:
        self._young, self._old = {}, {} if now < self._rotated_at else self._young
        self._rotated_at, self._rotates_at = now, now + self._period

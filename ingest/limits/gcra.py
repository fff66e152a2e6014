"""GCRA, the generic cell rate algorithm: one number per key holds all that is needed of its past. Pure.

The number is the theoretical arrival time (TAT): when the next click would be due if all clicks had come evenly. Its
distance from now is the *level*: the used part of the tolerance. A click raises the level by one interval, and time
lowers it. Times are whole nanoseconds of a monotonic clock, so nothing is rounded.
"""

from typing import Final

import msgspec

SECOND_NS: Final = 1_000_000_000
RATES: Final = (0.001, 1_000_000)
BURSTS: Final = (1, 10_000_000)


class Limit(msgspec.Struct, frozen=True, gc=False):
    """A rate and a burst as GCRA uses them: a click uses `interval_ns`, and `tolerance_ns` may be used at once."""

    interval_ns: int
    tolerance_ns: int

    def times(self, factor: int) -> "Limit":
        """Give a limit with rate and burst multiplied by `factor`."""
        return Limit(max(1, self.interval_ns // factor), self.tolerance_ns)

    def share(self, parts: int) -> "Limit":
        """Give a limit with rate and burst divided by `parts`."""
        return Limit(self.interval_ns * parts, self.tolerance_ns)


def make_limit(rate_per_s: float, burst: int) -> Limit | None:
    """Make a limit of a rate and a burst; null when the rate is 0, which means no limit.

    Raises ValueError when the rate is neither 0 nor from 0.001 to 1,000,000, or the burst not from 1 to 10,000,000.
    """
    if not (rate_per_s == 0 or RATES[0] <= rate_per_s <= RATES[1]) or not BURSTS[0] <= burst <= BURSTS[1]:
        raise ValueError(
            f"{rate_per_s} clicks a second and {burst} at once is out of range: the rate must be 0 (no limit) or from"
            " 0.001 to 1,000,000, the burst from 1 to 10,000,000"
        )
    if rate_per_s == 0:
        return None
    interval_ns = round(SECOND_NS / rate_per_s)
    return Limit(interval_ns, interval_ns * burst)


def decide(tat: int | None, now: int, interval: int, tolerance: int) -> tuple[int, int]:
    """Decide on one click of a key: give the key's new TAT, and how much too early the click came (ns).

    0 means that the click is within the limit and is counted. A click over the limit is not counted: at ten times the
    rate, one click in ten is still within the limit.
    """
    if tat is None or tat < now:
        tat = now
    wait = tat + interval - tolerance - now
    return (tat, wait) if wait > 0 else (tat + interval, 0)

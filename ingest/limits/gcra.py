"""GCRA, the generic cell rate algorithm: one number a key says all there is to know about its past. Pure.

The number is the theoretical arrival time (TAT): when the next click would be due, had all clicks come evenly. How far
it lies ahead of now is the *level*: what has been used of the tolerance. A click adds one interval, time takes it
away again. Times are whole nanoseconds of a clock that only grows, so that nothing is rounded.
"""

from typing import Final

import msgspec

SECOND_NS: Final = 1_000_000_000
RATES: Final = (0.001, 1_000_000)
BURSTS: Final = (1, 10_000_000)


class Limit(msgspec.Struct, frozen=True, gc=False):
    """So many clicks a second and so many at once, as GCRA counts them: in nanoseconds.

    `interval_ns` is what one click uses, `tolerance_ns` what can be used at once: the burst.
    """

    interval_ns: int
    tolerance_ns: int

    def times(self, factor: int) -> "Limit":
        """Give a limit so many times as large: rate and burst."""
        return Limit(max(1, self.interval_ns // factor), self.tolerance_ns)

    def share(self, parts: int) -> "Limit":
        """Give one of so many equal parts of this limit: rate and burst."""
        return Limit(self.interval_ns * parts, self.tolerance_ns)


def make_limit(rate_per_s: float, burst: int) -> Limit | None:
    """Give the limit of a rate and a burst; null when the rate is 0, which means no limit.

    Raises ValueError when the rate is neither 0 nor from 0.001 to 1,000,000, or the burst not from 1 to 10,000,000.
    """
    if not (rate_per_s == 0 or RATES[0] <= rate_per_s <= RATES[1]) or not BURSTS[0] <= burst <= BURSTS[1]:
        raise ValueError(f"{rate_per_s} clicks a second, {burst} at once: that is no limit")
    if rate_per_s == 0:
        return None
    interval_ns = round(SECOND_NS / rate_per_s)
    return Limit(interval_ns, interval_ns * burst)


def decide(tat: int | None, now: int, interval: int, tolerance: int) -> tuple[int, int]:
    """Decide on one click of a key: give its TAT from now on, and for how long the click came too early (ns).

    0 means that it is within the limit, and has been counted. One that is not uses nothing: whoever goes on at ten
    times the rate is still within the limit one time in ten.
    """
    if tat is None or tat < now:
        tat = now
    wait = tat + interval - tolerance - now
    return (tat, wait) if wait > 0 else (tat + interval, 0)

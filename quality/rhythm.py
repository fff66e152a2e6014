"""How evenly clicks are spaced. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Final

DIGITS: Final = 4


def measure_rhythm(times_ms: Sequence[int]) -> float | None:
    """Give the deviation of the gaps divided by their mean: 0 for a clock, about 1 for people. None without a gap."""
    gaps = len(times_ms) - 1
    total = times_ms[-1] - times_ms[0]
    if gaps < 1 or total == 0:
        return None
    squares = sum((after - before) ** 2 for before, after in pairwise(times_ms))
    # Integers until here: the result does not depend on the order of additions.
    return round(sqrt(max(squares * gaps - total * total, 0)) / total, DIGITS)

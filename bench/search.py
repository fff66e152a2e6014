"""Find the highest rate that holds: double it until it does not, then halve the interval."""

from collections.abc import Awaitable, Callable

Holds = Callable[[float], Awaitable[bool]]


async def find_highest(holds: Holds, first: float, *, precision: float = 0.1, most: float = 100_000) -> float:
    """Give the highest rate found to hold, at most `precision` (a share) below the lowest that does not.

    Gives 0 where not even a sixteenth of `first` holds, and does not go beyond `most`.
    """
    low, high = 0.0, first
    while high <= most and await holds(high):
        low, high = high, high * 2
    if high > most:
        return low
    while not low and high > first / 16:
        half = high / 2
        low, high = (half, high) if await holds(half) else (low, half)
    while low and high / low > 1 + precision:
        middle = (low + high) / 2
        low, high = (middle, high) if await holds(middle) else (low, middle)
    return low

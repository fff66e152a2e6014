"""Finding the bad ones among many, by trying ever smaller parts of them: about log2(n) tries for each. Pure.

What a try takes in stays: the search goes on behind it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

Attempt = Callable[[Sequence[T]], Awaitable[str | None]]
"""Takes all of a part in and gives null, or takes nothing in and gives what is wrong with one of it."""
OnBad = Callable[[T, str], None]
"""Told of each bad one, in their order, with what is wrong with it. What it raises ends the search."""

GROWTH: Final = 8
"""By how much a part that follows a good one is larger than it."""


async def process_good_items(items: Sequence[T], attempt: Attempt[T], found: OnBad[T]) -> list[T]:
    """Have everything taken in but the bad ones, of which `found` is told; give what was taken in."""
    start, size, bad = 0, len(items), set[int]()
    while start < len(items):
        part = items[start : start + size]
        problem = await attempt(part)
        if problem is None:
            start, size = start + len(part), size * GROWTH
            continue
        good, problem = await find_first_bad(part, attempt, problem)
        bad.add(start + good)
        found(part[good], problem)
        # Where bad ones stand close together, large parts are tried in vain.
        start, size = start + good + 1, max(1, 2 * good)
    return [item for place, item in enumerate(items) if place not in bad]


async def find_first_bad(part: Sequence[T], attempt: Attempt[T], problem: str) -> tuple[int, str]:
    """Take in what stands before the first bad one of a part with at least one; give its place, and what is wrong."""
    good, behind = 0, len(part)
    while behind - good > 1:
        middle = (good + behind) // 2
        of_half = await attempt(part[good:middle])
        if of_half is None:
            good = middle
        else:
            behind, problem = middle, of_half
    return good, problem

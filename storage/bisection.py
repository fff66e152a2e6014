"""Find the bad items among many by bisection, with about log2(n) attempts for each bad one. Pure.

An attempt that succeeds is final: the search continues after its items.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

Attempt = Callable[[Sequence[T]], Awaitable[str | None]]
"""Processes all items of a part and returns None, or processes none and returns what is wrong with one of them."""
OnBad = Callable[[T, str], None]
"""Called with each bad item, in order, and what is wrong with it. An exception from it ends the search."""

GROWTH: Final = 8
"""After a successful attempt the next part is this many times larger."""


async def process_good_items(items: Sequence[T], attempt: Attempt[T], found: OnBad[T]) -> list[T]:
    """Process all items but the bad ones, and pass those to `found`; return the processed items."""
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
        # Bad items are often close together, so large parts would fail again.
        start, size = start + good + 1, max(1, 2 * good)
    return [item for place, item in enumerate(items) if place not in bad]


async def find_first_bad(part: Sequence[T], attempt: Attempt[T], problem: str) -> tuple[int, str]:
    """Process the items before the first bad one of a part that has one; return its index, and what is wrong."""
    good, behind = 0, len(part)
    while behind - good > 1:
        middle = (good + behind) // 2
        of_half = await attempt(part[good:middle])
        if of_half is None:
            good = middle
        else:
            behind, problem = middle, of_half
    return good, problem

"""How long to wait before trying a dependency again."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Final

TICK_S: Final = 0.1


def pauses(first_s: float = 0.2, most_s: float = 10.0) -> Iterator[float]:
    """Give waits in seconds for ever: doubling up to `most_s`, with a quarter of jitter so that not all ask at once."""
    wait = first_s
    while True:
        yield wait * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
        wait = min(wait * 2, most_s)


async def sleep_unless(given_up: Callable[[], bool], seconds: float) -> bool:
    """Sleep, but no longer than until `given_up` says so; tell whether it did."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not given_up():
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.sleep(min(left, TICK_S))
    return True

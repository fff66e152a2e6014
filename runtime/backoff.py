"""How long to wait: before the next attempt at a dependency, and for running work when a service stops."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

TICK_S: Final = 0.1


def backoff_delays(first_s: float = 0.2, most_s: float = 4.0) -> Iterator[float]:
    """Yield delays in seconds without end: they double up to `most_s`, each with 25 % of jitter.

    Jitter keeps processes from retrying at the same moment. The longest default delay is 5 s: a dependency that
    is back is used again soon, and one that is down gets an attempt every few seconds.
    """
    wait = first_s
    while True:
        yield wait * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, needs no secure randomness
        wait = min(wait * 2, most_s)


async def sleep_unless(should_stop: Callable[[], bool], seconds: float) -> bool:
    """Sleep for `seconds`, but stop as soon as `should_stop()` is true; return whether it stopped early."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not should_stop():
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.sleep(min(left, TICK_S))
    return True


@asynccontextmanager
async def grace_period(stop: asyncio.Event, seconds: float) -> AsyncIterator[None]:
    """Cancel the block if it is still running `seconds` after `stop` was set."""

    async def start_timeout(limit: asyncio.Timeout) -> None:
        await stop.wait()
        limit.reschedule(asyncio.get_running_loop().time() + seconds)

    limit = asyncio.timeout(None)
    try:
        async with limit:
            starting = asyncio.ensure_future(start_timeout(limit))
            try:
                yield
            finally:
                starting.cancel()
    except TimeoutError:
        if not limit.expired():
            raise

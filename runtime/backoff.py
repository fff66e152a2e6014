"""How long to wait: before trying a dependency again, and for what is still in work when a service is to stop."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

TICK_S: Final = 0.1


def backoff_delays(first_s: float = 0.2, most_s: float = 4.0) -> Iterator[float]:
    """Give waits in seconds for ever: doubling up to `most_s`, with a quarter of jitter so that not all ask at once.

    By default the longest is 5 s: a dependency that is back is in use again soon, and while it is away a process costs
    it an attempt every few seconds.
    """
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


@asynccontextmanager
async def grace_period(stop: asyncio.Event, seconds: float) -> AsyncIterator[None]:
    """Cut the block off so many seconds after `stop` was set, if it is still running then."""

    async def cut(limit: asyncio.Timeout) -> None:
        await stop.wait()
        limit.reschedule(asyncio.get_running_loop().time() + seconds)

    limit = asyncio.timeout(None)
    try:
        async with limit:
            cutting = asyncio.ensure_future(cut(limit))
            try:
                yield
            finally:
                cutting.cancel()
    except TimeoutError:
        if not limit.expired():
            raise

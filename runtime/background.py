"""Work that goes on while a context is open."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Final

CANCEL_AGAIN_S: Final = 5.0
"""Longer than what is cancelled takes to clean up: it must not be cut off in that."""


@asynccontextmanager
async def in_background(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run `work` beside the body and cancel it at the end; if some of it fails, cancel the body and raise that."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
            try:
                yield
            finally:
                await cancel(tasks)
    except BaseExceptionGroup as errors:
        # The caller handles its own exceptions as they are: a group around them would hide them.
        raise errors.exceptions[0] from None


async def cancel(tasks: Iterable[asyncio.Task[None]], again_s: float = CANCEL_AGAIN_S) -> None:
    # More than once if need be: before Python 3.12, asyncio.wait_for (which redis-py uses) loses a cancellation that
    # arrives together with its result.
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again_s)

"""Work that goes on while a context is open."""

import asyncio
import concurrent.futures
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

log = logging.getLogger(__name__)

CANCEL_AGAIN_S: Final = 5.0
"""Longer than what is cancelled takes to clean up: it must not be cut off in that."""


@asynccontextmanager
async def task_scope(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
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


def report_failure(work: asyncio.Future[Any] | concurrent.futures.Future[Any]) -> None:
    """Log what raised in a task, or a call in a thread, that nobody waits for: for its `add_done_callback`."""
    if not work.cancelled() and (error := work.exception()) is not None:
        log.error("background work failed", exc_info=error)


async def cancel(tasks: Iterable[asyncio.Task[None]], again_s: float = CANCEL_AGAIN_S) -> None:
    # More than once if need be: before Python 3.12, asyncio.wait_for (which redis-py uses) loses a cancellation that
    # arrives together with its result.
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again_s)

"""Background tasks that run while a context is open."""

import asyncio
import concurrent.futures
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

log = logging.getLogger(__name__)

CANCEL_AGAIN_S: Final = 5.0
"""Wait before the next cancellation: longer than a task's clean-up, which must not be interrupted."""


@asynccontextmanager
async def task_scope(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run `work` next to the body, then cancel it. If some of it fails, cancel the body and raise its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
            try:
                yield
            finally:
                await cancel(tasks)
    except BaseExceptionGroup as errors:
        # Raise the first exception without its group: callers catch their own exception types.
        raise errors.exceptions[0] from None


def report_failure(work: asyncio.Future[Any] | concurrent.futures.Future[Any]) -> None:
    """Log the exception of a task or thread call that nobody awaits. Pass it to `add_done_callback`."""
    if not work.cancelled() and (error := work.exception()) is not None:
        log.error("background work failed", exc_info=error)


async def cancel(tasks: Iterable[asyncio.Task[None]], again_s: float = CANCEL_AGAIN_S) -> None:
    # Repeat the cancellation: before Python 3.12, asyncio.wait_for (which redis-py uses) loses one that arrives
    # together with its result.
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=again_s)

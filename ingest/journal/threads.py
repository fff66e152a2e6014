"""Where system calls wait that may take long, so that the event loop does not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from runtime.task_scope import report_failure

T = TypeVar("T")

THREADS: Final = 3
"""One for `fdatasync`, one for reading back, one for making, counting and removing files."""


class Threads:
    """A few threads. Started when first needed."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "journal")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Call `work` in a thread and give what it gives, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def leave(self, work: Callable[..., object], *arguments: object) -> None:
        """Have `work` called some time before `close` returns. What it raises is logged."""
        self._pool.submit(work, *arguments).add_done_callback(report_failure)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)

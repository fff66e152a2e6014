"""Threads for system calls that may block, so that the event loop does not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from runtime.task_scope import report_failure

T = TypeVar("T")

THREADS: Final = 3
"""One each for `fdatasync`, for reading back, and for making, counting and removing files."""


class Threads:
    """A small thread pool, started on first use."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "journal")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Run `work` in a thread; return its result or raise its exception."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def submit(self, work: Callable[..., object], *arguments: object) -> None:
        """Run `work` in a thread before `close` returns. Its exceptions are logged."""
        self._pool.submit(work, *arguments).add_done_callback(report_failure)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)

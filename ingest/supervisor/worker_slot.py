"""One listening socket and its worker, which is kept running and can be replaced by a successor."""

import asyncio
import logging
import math
import socket
from contextlib import suppress
from typing import Final

from ingest.supervisor.child import COMMAND, SILENT, STARTING, Child, Timeouts, start_worker
from ingest.supervisor.listener import renew
from runtime.backoff import backoff_delays, sleep_unless
from runtime.task_scope import report_failure

log = logging.getLogger(__name__)

WAIT_S: Final = 2.0
"""How long a worker may let visitors wait until codes can be looked up. Then it responds without them."""
SETTLED_S: Final = 10.0
"""After a worker that lived this long, its successor starts without a pause."""
QUEUE_S: Final = 1.0
"""In a longer pause visitors do not wait: the kernel gives them to other workers."""
SUCCESSOR_S: Final = 30.0
"""How long a successor may take to become ready. After that the old worker stays."""


class WorkerSlot:
    """`restarts` counts workers that died, or hung and were killed."""

    def __init__(
        self, number: int, listener: socket.socket, timeouts: Timeouts, command: tuple[str, ...] = COMMAND
    ) -> None:
        self.number = number
        self.worker: Child | None = None
        self.restarts = 0
        self._listener = listener
        self._timeouts = timeouts
        self._command = command
        self._lock = asyncio.Lock()
        self._children: set[Child] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._last_failure: str | None = None

    @property
    def problem(self) -> str | None:
        """Why no worker is ready here, or null."""
        problem = self.worker.problem if self.worker else "not started"
        if problem == STARTING and self._last_failure is not None:
            return f"{problem}; the one before: {self._last_failure}"
        return problem

    @property
    def degraded(self) -> str | None:
        """What the worker here works without, or null."""
        return self.worker.degraded if self.worker else None

    async def start(self) -> Child | None:
        """Start a worker if there is none; give it, or null if the machine cannot start one now."""
        async with self._lock:
            if self.worker is None or self.worker.is_leaving:
                self.worker = await self._start_child(WAIT_S)
            return self.worker

    async def keep_running(self) -> None:
        """Keep a worker running until cancelled; with growing pauses if workers die at once."""
        waits = backoff_delays(first_s=0.1)
        while True:
            worker = await self.start()
            if worker is not None:
                answers = await worker.wait_until_leaving(self._timeouts)
                if worker is not self.worker:
                    continue
                await self._on_lost(worker, worker.problem if answers else SILENT)
                if worker.age_s >= SETTLED_S:
                    waits = backoff_delays(first_s=0.1)
                    continue
            await self._pause(next(waits))

    async def roll(self) -> bool:
        """Replace the worker by a successor; false if that does not become ready, and the old worker stays.

        If the old worker dies first, the roll fails too: `keep_running` then starts a worker that lets visitors wait
        for at most WAIT_S.
        """
        old = await self.start()
        if old is None:
            return False
        async with self._lock:
            successor = await self._start_child(math.inf)
            if successor is None:
                return False
            # Poll both: each has an event of its own.
            await sleep_unless(lambda: successor.problem is None or successor.is_leaving or old.is_leaving, SUCCESSOR_S)
            succeeds = successor.problem is None
            if succeeds:
                self.worker = successor
            else:
                log.error("successor not ready", extra={"worker": self.number, "problem": successor.problem})
        await self._end_child(old if succeeds else successor)
        return succeeds

    def close(self) -> None:
        """Close the socket. Once its workers have closed it too, connections are refused."""
        self._listener.close()

    async def stop(self) -> None:
        """End all workers, including those that still drain or are not ready yet."""
        await asyncio.gather(*map(self._end_child, self._children))

    async def _start_child(self, wait_s: float) -> Child | None:
        try:
            child = await start_worker(self.number, self._listener, wait_s, self._command)
        except OSError as error:
            log.warning("cannot start a worker", extra={"worker": self.number, "error": str(error)})
            return None
        log.info("worker started", extra={"worker": self.number, "pid": child.pid})
        self._children.add(child)
        child.ended.add_done_callback(lambda _: self._children.discard(child))
        return child

    async def _on_lost(self, worker: Child, problem: str | None) -> None:
        """Count a worker that died, hung or was stopped by others, and make sure that it ends."""
        self.restarts += 1
        self._last_failure = problem
        log.error("worker gone", extra={"worker": self.number, "pid": worker.pid, "problem": problem})
        if problem == SILENT:
            await worker.kill()
            if worker.code is None:
                log.error("killed worker has not ended", extra={"worker": self.number, "pid": worker.pid})
        else:
            # Another program may have stopped it: give it the usual time to drain.
            ending = asyncio.create_task(self._end_child(worker))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            ending.add_done_callback(report_failure)

    async def _end_child(self, child: Child) -> None:
        if not await child.end(self._timeouts.stop_s):
            log.error("worker killed: it did not stop in time", extra={"worker": self.number, "pid": child.pid})

    async def _pause(self, seconds: float) -> None:
        async with self._lock:
            nobody = self.worker is None or self.worker.code is not None
            if nobody and seconds > QUEUE_S:
                with suppress(OSError):
                    self._listener = renew(self._listener)
        await asyncio.sleep(seconds)

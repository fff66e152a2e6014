"""One listening socket, and the worker on it: kept alive, and replaced by a successor."""

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
"""How long a worker may make visitors wait until it knows the codes. Then it answers as one that does not."""
SETTLED_S: Final = 10.0
"""A worker that lived so long did not die at once: its successor starts without a pause."""
QUEUE_S: Final = 1.0
"""A pause longer than this is too long for visitors to wait through: they go to other workers."""
SUCCEED_S: Final = 30.0
"""How long a successor may take to become ready. After that the old worker goes on."""


class WorkerSlot:
    """`restarts` counts workers that ended unasked, or stood still and were killed."""

    def __init__(
        self, number: int, listener: socket.socket, patience: Timeouts, command: tuple[str, ...] = COMMAND
    ) -> None:
        self.number = number
        self.worker: Child | None = None
        self.restarts = 0
        self._listener = listener
        self._patience = patience
        self._command = command
        self._turn = asyncio.Lock()
        self._children: set[Child] = set()
        self._leavers: set[asyncio.Task[None]] = set()
        self._last_failure: str | None = None

    @property
    def problem(self) -> str | None:
        """Why nobody is ready here, or null."""
        problem = self.worker.problem if self.worker else "not started"
        if problem == STARTING and self._last_failure is not None:
            return f"{problem}; the one before: {self._last_failure}"
        return problem

    @property
    def degraded(self) -> str | None:
        """What the worker here works without, or null."""
        return self.worker.degraded if self.worker else None

    async def start(self) -> Child | None:
        """Start a worker if there is none; give the worker, or null when the machine cannot start one now."""
        async with self._turn:
            if self.worker is None or self.worker.is_leaving:
                self.worker = await self._add(WAIT_S)
            return self.worker

    async def keep(self) -> None:
        """Start a worker whenever there is none that answers, for ever; ever more slowly when they die at once."""
        waits = backoff_delays(first_s=0.1)
        while True:
            worker = await self.start()
            if worker is not None:
                answers = await worker.until_leaving(self._patience)
                if worker is not self.worker:
                    continue
                await self._lose(worker, worker.problem if answers else SILENT)
                if worker.age_s >= SETTLED_S:
                    waits = backoff_delays(first_s=0.1)
                    continue
            await self._pause(next(waits))

    async def roll(self) -> bool:
        """Put a successor in the worker's place; false, and all is as before, when it does not become ready.

        It is given up too when the worker goes first: `keep` starts one that makes visitors wait for WAIT_S at most.
        """
        old = await self.start()
        if old is None:
            return False
        async with self._turn:
            successor = await self._add(math.inf)
            if successor is None:
                return False
            # Each of the two has news of its own: both are looked at, ten times a second.
            await sleep_unless(lambda: successor.problem is None or successor.is_leaving or old.is_leaving, SUCCEED_S)
            succeeds = successor.problem is None
            if succeeds:
                self.worker = successor
            else:
                log.error("successor not ready", extra={"worker": self.number, "problem": successor.problem})
        await self._end(old if succeeds else successor)
        return succeeds

    def close(self) -> None:
        """Hold the socket no longer: as soon as its workers do not either, visitors are turned away at once."""
        self._listener.close()

    async def stop(self) -> None:
        """End all workers, also one that is still draining or not ready yet."""
        await asyncio.gather(*map(self._end, self._children))

    async def _add(self, wait_s: float) -> Child | None:
        try:
            child = await start_worker(self.number, self._listener, wait_s, self._command)
        except OSError as error:
            log.warning("no worker can be started", extra={"worker": self.number, "error": str(error)})
            return None
        log.info("worker started", extra={"worker": self.number, "pid": child.pid})
        self._children.add(child)
        child.ended.add_done_callback(lambda _: self._children.discard(child))
        return child

    async def _lose(self, worker: Child, problem: str | None) -> None:
        """Count a worker that is gone without our asking, and see to it that it goes."""
        self.restarts += 1
        self._last_failure = problem
        log.error("worker gone", extra={"worker": self.number, "pid": worker.pid, "problem": problem})
        if problem == SILENT:
            await worker.kill()
            if worker.code is None:
                log.error("worker killed and not gone", extra={"worker": self.number, "pid": worker.pid})
        else:
            # Somebody else may have asked it to leave: it may take as long as if it had been us.
            leaver = asyncio.create_task(self._end(worker))
            self._leavers.add(leaver)
            leaver.add_done_callback(self._leavers.discard)
            leaver.add_done_callback(report_failure)

    async def _end(self, child: Child) -> None:
        if not await child.end(self._patience.stop_s):
            log.error("worker killed: it did not stop in time", extra={"worker": self.number, "pid": child.pid})

    async def _pause(self, seconds: float) -> None:
        async with self._turn:
            nobody = self.worker is None or self.worker.code is not None
            if nobody and seconds > QUEUE_S:
                with suppress(OSError):
                    self._listener = renew(self._listener)
        await asyncio.sleep(seconds)

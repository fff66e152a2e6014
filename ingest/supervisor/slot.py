"""One listening socket, and the worker on it: kept alive, and replaced by a successor."""

import asyncio
import logging
import math
import socket
from contextlib import suppress
from typing import Final

from ingest.supervisor.child import COMMAND, Child, start_worker
from ingest.supervisor.listener import renew
from runtime.pauses import pauses

log = logging.getLogger(__name__)

WAIT_S: Final = 2.0
"""How long a worker may make visitors wait until it knows the codes. Then it answers as one that does not."""
SETTLED_S: Final = 10.0
"""A worker that lived so long did not die at once: its successor starts without a pause."""
QUEUE_S: Final = 1.0
"""A pause longer than this is too long for visitors to wait through: they go to other workers."""
SUCCEED_S: Final = 30.0
"""How long a successor may take to become ready. After that the old worker goes on."""


class Slot:
    """`restarts` counts workers that ended unasked. `stop_s` is how long one may take to stop before it is killed."""

    def __init__(self, number: int, listener: socket.socket, stop_s: float, command: tuple[str, ...] = COMMAND) -> None:
        self.number = number
        self.worker: Child | None = None
        self.restarts = 0
        self._listener = listener
        self._stop_s = stop_s
        self._command = command
        self._turn = asyncio.Lock()
        self._children: set[Child] = set()

    @property
    def problem(self) -> str | None:
        """Why nobody is ready here, or null."""
        return self.worker.problem if self.worker else "not started"

    async def start(self) -> Child | None:
        """Start a worker if there is none; give the worker, or null when the machine cannot start one now."""
        async with self._turn:
            if self.worker is None or self.worker.is_leaving:
                self.worker = await self._add(WAIT_S)
            return self.worker

    async def keep(self) -> None:
        """Start a worker whenever there is none, for ever; ever more slowly when they die at once."""
        waits = pauses(first_s=0.1)
        while True:
            worker = await self.start()
            if worker is not None:
                await worker.until_leaving()
                if worker is not self.worker:
                    continue
                self.restarts += 1
                log.error("worker gone", extra={"worker": self.number, "pid": worker.pid, "problem": worker.problem})
                if worker.age_s >= SETTLED_S:
                    waits = pauses(first_s=0.1)
                    continue
            await self._pause(next(waits))

    async def roll(self) -> bool:
        """Put a successor in the worker's place; false, and all is as before, when it does not become ready."""
        async with self._turn:
            old, successor = self.worker, await self._add(math.inf)
            if successor is None:
                return False
            succeeds = await successor.until(lambda: successor.problem is None, SUCCEED_S)
            if succeeds:
                self.worker = successor
            else:
                log.error("successor not ready", extra={"worker": self.number, "problem": successor.problem})
        if leaver := old if succeeds else successor:
            await self._end(leaver)
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

    async def _end(self, child: Child) -> None:
        if not await child.end(self._stop_s):
            log.error("worker killed: it did not stop in time", extra={"worker": self.number, "pid": child.pid})

    async def _pause(self, seconds: float) -> None:
        async with self._turn:
            nobody = self.worker is None or self.worker.code is not None
            if nobody and seconds > QUEUE_S:
                with suppress(OSError):
                    self._listener = renew(self._listener)
        await asyncio.sleep(seconds)

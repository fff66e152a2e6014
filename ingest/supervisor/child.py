"""A worker as its supervisor sees it: a process and a lifeline to it.

The lifeline is a socket pair that only these two processes hold. When either ends, for whatever reason, the other sees
it, so that a worker outlives its supervisor only for the time it needs to drain.
"""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from ingest.supervisor.heartbeat import (
    HEARTBEAT_S,
    LEAVE,
    Heartbeat,
    find_degraded,
    find_problem,
    is_stopping,
    read_heartbeat,
)
from runtime.task_scope import report_failure

SILENT_AFTER_S: Final = 5
"""After this time without a heartbeat a worker is not ready on /readyz."""
KILL_TIMEOUT_S: Final = 2.0
"""How long to wait for the end of a killed process: a write to a disk that hangs can delay it for ever."""
STARTING: Final = "starting"
SILENT: Final = "does not answer"
COMMAND: Final = (sys.executable, "-m", "ingest.supervisor.worker")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds a worker may take to its first heartbeat, between heartbeats, and to stop. Then it is killed."""

    first_s: int = 60
    silent_s: int = 10
    stop_s: float


async def start_worker(
    slot: int, listener: socket.socket, wait_s: float, command: tuple[str, ...] = COMMAND
) -> "Child":
    """Start a worker on an inherited socket. It listens when it is ready, or `wait_s` after its start.

    Raises OSError when the machine cannot start one.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        inherited = (listener.fileno(), theirs.fileno())
        arguments = (slot, *inherited, wait_s)
        # Block SIGHUP; the child inherits that. A closing terminal sends it to all processes, and it would end a worker
        # that is still importing. The supervisor gets its own SIGHUP when it is unblocked below.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            process = await asyncio.create_subprocess_exec(
                *command, *map(str, arguments), stdin=asyncio.subprocess.DEVNULL, pass_fds=inherited
            )
        except (OSError, asyncio.CancelledError):
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    return Child(process, *await asyncio.open_connection(sock=ours))


class Child:
    """A process from start to end. `heartbeat` is its last heartbeat, or null; `ended` is done when the process is.

    `silent_s` counts seconds without a heartbeat while the supervisor itself was running, so that workers do not look
    hung after the machine or the supervisor was suspended.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, lifeline: asyncio.StreamWriter
    ) -> None:
        self.heartbeat: Heartbeat | None = None
        self.silent_s = 0
        self.ended = asyncio.create_task(self._follow(reader))
        self.ended.add_done_callback(report_failure)
        self._started = self._heard = time.monotonic()
        self._process = process
        self._lifeline = lifeline
        self._has_changed = asyncio.Event()
        self._killed = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; null while it lives."""
        return self._process.returncode

    @property
    def age_s(self) -> float:
        """Its age at its last heartbeat."""
        return self._heard - self._started

    @property
    def problem(self) -> str | None:
        """Why it is not ready, or null."""
        if self.code is not None:
            return f"ended with exit code {self.code}"
        if self.heartbeat is None:
            return STARTING
        return SILENT if self.silent_s >= SILENT_AFTER_S else find_problem(self.heartbeat)

    @property
    def degraded(self) -> str | None:
        """What it works without (degraded), or null."""
        return find_degraded(self.heartbeat or {})

    @property
    def is_leaving(self) -> bool:
        """Whether it has stopped accepting, has ended, or was killed (a killed process runs no more code)."""
        return self._killed or self.code is not None or (self.heartbeat is not None and is_stopping(self.heartbeat))

    async def wait_for(self, condition: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until the condition holds, the process has ended, or `seconds` have passed; tell whether it holds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition() and self.code is None:
                    self._has_changed.clear()
                    await self._has_changed.wait()
        return condition()

    async def wait_until_leaving(self, timeouts: Timeouts) -> bool:
        """Wait until it is leaving, or has been silent for too long; tell whether it is leaving."""
        while not self.is_leaving:
            if self.silent_s >= (timeouts.first_s if self.heartbeat is None else timeouts.silent_s):
                return False
            await self.wait_for(lambda: self.is_leaving, HEARTBEAT_S)
            self.silent_s += 1
        return True

    async def end(self, seconds: float) -> bool:
        """Ask it to stop now, and kill it after `seconds`; tell whether it ended without being killed."""
        if not self._lifeline.is_closing():
            # SIGTERM alone means: keep accepting until load balancers see it. The supervisor has waited for that.
            self._lifeline.write(LEAVE)
        with suppress(ProcessLookupError):
            self._process.terminate()
        done, _ = await asyncio.wait({self.ended}, timeout=seconds)
        if not done:
            await self.kill()
        return bool(done)

    async def kill(self) -> None:
        """Kill it, and wait at most KILL_TIMEOUT_S for its end."""
        self._killed = True
        with suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.wait({self.ended}, timeout=KILL_TIMEOUT_S)
        self._has_changed.set()

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        # ValueError: a line longer than asyncio reads. Such a worker counts as silent.
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                self.heartbeat, self.silent_s, self._heard = read_heartbeat(line), 0, time.monotonic()
                self._has_changed.set()
        await self._process.wait()
        self._lifeline.close()
        self._has_changed.set()

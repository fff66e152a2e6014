"""A worker as its supervisor sees it: a process, and a line to it.

The line is a socket pair that nobody else has an end of. It tells each of the two when the other is gone, however that
went, so that no worker outlives its supervisor for longer than it takes to drain.
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

from ingest.supervisor.heartbeat import BEAT_S, LEAVE, Report, find_degraded, find_wrong, is_stopping, read_report
from runtime.task_scope import report_failure

WORRY_S: Final = 5
"""A worker that has said nothing for so long is named on /readyz."""
KILLED_S: Final = 2.0
"""How long the end of a killed process is waited for. A write to a disk that does not answer can hold it for ever."""
STARTING: Final = "starting"
SILENT: Final = "does not answer"
COMMAND: Final = (sys.executable, "-m", "ingest.supervisor.worker")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds a worker may take: to say its first word, from one word to the next, and to stop. Then it is killed."""

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
        # SIGHUP is for the supervisor, and a terminal that closes, or a broad kill, sends it to all: it would end a
        # worker that is still importing. What is blocked here is blocked there; ours is delivered a moment later.
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
    """A process from its start to its end. `report` is the last thing it said, or null; `ended` ends when it does.

    `silent_s` is how long it has said nothing, in seconds through which this process ran as well: nobody is blamed for
    the time in which the machine, or the supervisor itself, was stopped.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, lifeline: asyncio.StreamWriter
    ) -> None:
        self.report: Report | None = None
        self.silent_s = 0
        self.ended = asyncio.create_task(self._follow(reader))
        self.ended.add_done_callback(report_failure)
        self._started = self._heard = time.monotonic()
        self._process = process
        self._lifeline = lifeline
        self._news = asyncio.Event()
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
        """How old it was when it was heard last."""
        return self._heard - self._started

    @property
    def problem(self) -> str | None:
        """Why it is not ready, or null."""
        if self.code is not None:
            return f"ended with exit code {self.code}"
        if self.report is None:
            return STARTING
        return SILENT if self.silent_s >= WORRY_S else find_wrong(self.report)

    @property
    def degraded(self) -> str | None:
        """What it works without, or null."""
        return find_degraded(self.report or {})

    @property
    def is_leaving(self) -> bool:
        """Whether it takes no connections any more, has ended, or was killed: then nothing of it runs, ended or not."""
        return self._killed or self.code is not None or (self.report is not None and is_stopping(self.report))

    async def until(self, condition: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until it fulfils the condition, has ended, or so long; tell whether the condition is fulfilled."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition() and self.code is None:
                    self._news.clear()
                    await self._news.wait()
        return condition()

    async def until_leaving(self, patience: Timeouts) -> bool:
        """Wait until it takes no connections any more, or has been silent for too long; tell whether it is leaving."""
        while not self.is_leaving:
            if self.silent_s >= (patience.first_s if self.report is None else patience.silent_s):
                return False
            await self.until(lambda: self.is_leaving, BEAT_S)
            self.silent_s += 1
        return True

    async def end(self, seconds: float) -> bool:
        """Ask it to leave now, and kill it when it has not within so many seconds; tell whether it left by itself."""
        if not self._lifeline.is_closing():
            # SIGTERM alone means to go on for as long as balancers need. They are not its business: we have told them.
            self._lifeline.write(LEAVE)
        with suppress(ProcessLookupError):
            self._process.terminate()
        done, _ = await asyncio.wait({self.ended}, timeout=seconds)
        if not done:
            await self.kill()
        return bool(done)

    async def kill(self) -> None:
        """Kill it, and wait for its end, at most KILLED_S."""
        self._killed = True
        with suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.wait({self.ended}, timeout=KILLED_S)
        self._news.set()

    async def _follow(self, reader: asyncio.StreamReader) -> None:
        # ValueError: a line longer than asyncio reads. Whoever says that is not understood, and counts as silent.
        with suppress(OSError, ValueError):
            while line := await reader.readline():
                self.report, self.silent_s, self._heard = read_report(line), 0, time.monotonic()
                self._news.set()
        await self._process.wait()
        self._lifeline.close()
        self._news.set()

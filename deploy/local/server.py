"""One server as a child process: start, stop, and the faults that tests need."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.diagnosis import diagnose
from deploy.local.launch import child_command, rotate_log
from deploy.local.niceness import raise_niceness
from deploy.local.traces import remove_traces, write_traces
from deploy.local.tree import resident_bytes, signal_tree

POLL_SECONDS: Final = 0.05
TAIL_BYTES: Final = 16 * 1024


class ServerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is run. `ready` is called repeatedly; each call returns within seconds.

    Without `environ` it gets the environment of this process.
    """

    name: str
    command: tuple[str, ...]
    address: str
    port: int
    folder: Path
    log: Path
    ready: Callable[[], Awaitable[bool]]
    account: str = "same"
    environ: Mapping[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float
    stop_seconds: float


class Server:
    """A server and its process, which has its own session, so that Ctrl-C in the terminal does not reach it.

    Start it from the main thread: the kernel ends the server when the thread that started it ends.
    """

    def __init__(self, plan: ServerPlan) -> None:
        self.plan = plan
        self.process: asyncio.subprocess.Process | None = None
        self.niceness = 0

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def address(self) -> str:
        return self.plan.address

    @property
    def pid(self) -> int:
        """The process id. Raises ProcessLookupError if the server does not run."""
        if self.process is None or self.process.returncode is not None:
            raise ProcessLookupError(f"{self.name} does not run")
        return self.process.pid

    async def start(self) -> None:
        """Start, and wait until it answers. Raises a LocalStackError, after which nothing is left running."""
        rotate_log(self.plan.log)
        command = child_command(self.plan.command, self.plan.account, self.plan.stop_signal)
        with self.plan.log.open("ab") as log:
            beginning = log.tell()
            self.process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self.plan.environ,
            )
        try:
            write_traces(self.plan.folder, self.pid, self.plan.stop_signal)
            await self.until_ready(beginning)
            await self.lower_priority(self.niceness)
        except BaseException:
            await self.kill()
            raise

    async def until_ready(self, beginning: int) -> None:
        deadline = time.monotonic() + self.plan.start_seconds
        while not await self.plan.ready():
            code = self.process.returncode if self.process else None
            if code is not None or time.monotonic() > deadline:
                outcome = f"no answer in {self.plan.start_seconds:g} s" if code is None else f"exit code {code}"
                said = self.plan.log.read_bytes()[beginning:][-TAIL_BYTES:].decode(errors="replace")
                raise diagnose(self.name, outcome, said, self.plan.log)
            await asyncio.sleep(POLL_SECONDS)

    async def lower_priority(self, niceness: int) -> None:
        """Set its niceness this much above this process's, now and after each restart."""
        self.niceness = niceness
        if niceness:
            await raise_niceness(self.pid, niceness)

    async def wait(self) -> int:
        """Wait until the process ends, and return its exit code."""
        return await self.process.wait() if self.process else 0

    async def stop(self) -> None:
        """Stop cleanly, or by SIGKILL after `stop_seconds`. May be called when it has stopped."""
        with contextlib.suppress(ProcessLookupError):
            self.thaw()
            os.kill(self.pid, self.plan.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), self.plan.stop_seconds)
        await self.kill()

    async def kill(self) -> None:
        """End it as a crash would: SIGKILL, to the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            signal_tree(self.pid, signal.SIGKILL)
        await self.wait()
        remove_traces(self.plan.folder)

    async def restart(self) -> None:
        """Stop it if it runs, and start it on the same data and port."""
        await self.stop()
        await self.start()

    def freeze(self) -> None:
        """Stop the processes without closing connections, like a machine that hangs."""
        signal_tree(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        signal_tree(self.pid, signal.SIGCONT)

    def resident_bytes(self) -> int:
        """Memory of the process and its children; shared pages are counted once."""
        return resident_bytes(self.pid)


@contextlib.asynccontextmanager
async def running(plan: ServerPlan) -> AsyncIterator[Server]:
    """Run a server for the duration of the block."""
    server = Server(plan)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()

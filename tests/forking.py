"""Programs in Python as processes that need not import: they are forked from one process that has imported already.

A service imports for half a second of processor time, before it looks at its settings; a test of the whole pipeline
starts three. The program has an environment, output and an exit code of its own, as under `python -c`.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from tests.waiting import PATIENCE_S

SERVICES: Final = ("ingest", "enricher", "sink", "settler", "console")
COMMANDS: Final = ("cli.main", "cli.status.checks", "runtime.kafka.groups", "simulate.run", "simulate.request_spec")
"""Some commands, and what they import when they are called."""
IMPORTED: Final = (*(f"{service}.service" for service in SERVICES), *COMMANDS)


_OF_SERVICES: Final[dict[str, "Forker"]] = {}


class Ended(NamedTuple):
    """What a program left: its exit code, below 0 if a signal ended it, and all it wrote."""

    code: int
    output: str
    errors: str


class Forked:
    """A program that runs or has ended: what tests use of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, ended: asyncio.Future[int]) -> None:
        self.pid = pid
        self._ended = ended

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Raises ProcessLookupError when it is known to have ended."""
        if self._ended.done():
            raise ProcessLookupError(self.pid)
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forker:
    """The process that forks. It is started when it is needed, and ends with the process that started it."""

    def __init__(self, imported: Sequence[str] = IMPORTED) -> None:
        self.imported = imported
        self.process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._numbers = itertools.count()
        self._pids: dict[int, asyncio.Future[int]] = {}
        self._codes: dict[int, asyncio.Future[int]] = {}

    async def run_module(self, name: str, environ: Mapping[str, str]) -> Ended:
        """Run what `python -m name` runs."""
        return await self.run(module_program(name), environ)

    async def run(self, program: str, environ: Mapping[str, str], arguments: Sequence[str] = ()) -> Ended:
        """Run what `python -c program arguments` runs, to its end. Raises TimeoutError, and nothing is left running."""
        with TemporaryDirectory() as folder:
            output, errors = Path(folder) / "output", Path(folder) / "errors"
            try:
                async with asyncio.timeout(PATIENCE_S):
                    code = await (await self.start(program, environ, output, errors, arguments)).wait()
            except BaseException:
                await self.stop()
                raise
            return Ended(code, output.read_text(), errors.read_text())

    async def start(
        self, program: str, environ: Mapping[str, str], output: Path, errors: Path, arguments: Sequence[str] = ()
    ) -> Forked:
        """Start what `python -c program arguments` runs. It writes at the end of these files."""
        process = await self._running()
        number = next(self._numbers)
        loop = asyncio.get_running_loop()
        pid, code = self._pids[number], self._codes[number] = loop.create_future(), loop.create_future()
        order = {"number": number, "program": program, "arguments": ["-c", *arguments], "environ": dict(environ)}
        assert process.stdin is not None
        process.stdin.write(json.dumps({**order, "output": str(output), "errors": str(errors)}).encode() + b"\n")
        return Forked(await pid, code)

    async def stop(self) -> None:
        """End the process, and the programs that it runs."""
        if self.process is not None and self._listening is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
            await self._listening
            self.process = None

    async def _running(self) -> asyncio.subprocess.Process:
        if self.process is None or self.process.returncode is not None:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.fork_server", *self.imported),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            self._listening = asyncio.create_task(self._listen(self.process))
        return self.process

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            number, what, value = json.loads(line)
            (self._pids if what == "pid" else self._codes).pop(number).set_result(value)
        for lost in (*self._pids.values(), *self._codes.values()):
            lost.set_result(-signal.SIGKILL)
        self._pids.clear()
        self._codes.clear()


def module_program(name: str) -> str:
    """Give the program that does what `python -m name` does."""
    return f"import runpy; runpy.run_module({name!r}, run_name='__main__', alter_sys=True)"


def forker_of(service: str) -> Forker:
    """Give the process that has imported this service and no other, so that its memory and files are those of one."""
    return _OF_SERVICES.setdefault(service, Forker([f"{service}.service"]))


async def stop_forkers() -> None:
    """End all services, and what they are forked from."""
    for forker in _OF_SERVICES.values():
        await forker.stop()

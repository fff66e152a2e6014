"""Programs in Python as processes that need not import: they are forked from one process that has imported already.

A service imports for a second of processor time, before it looks at its settings. Who starts one only to see it refuse
them starts it here. The program has an environment, output and an exit code of its own, as under `python -c`.
"""

import asyncio
import gc
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from tests.waiting import PATIENCE_S

SERVICES: Final = ("ingest", "enricher", "sink", "settler", "console")
COMMANDS: Final = ("cli.main", "cli.status.checks", "runtime.kafka.groups", "simulate.run", "simulate.request_spec")
"""Some commands, and what they import when they are called."""
IMPORTED: Final = (*(f"{service}.service" for service in SERVICES), *COMMANDS)


class Ended(NamedTuple):
    """What a program left: its exit code, below 0 if a signal ended it, and all it wrote."""

    code: int
    output: str
    errors: str


class Forker:
    """The process that forks. It is started when it is needed, and ends with the process that started it."""

    def __init__(self, folder: Path, imported: Sequence[str] = IMPORTED) -> None:
        self.folder, self.imported = folder, imported
        self.process: asyncio.subprocess.Process | None = None

    async def run_module(self, name: str, environ: Mapping[str, str]) -> Ended:
        """Run what `python -m name` runs."""
        return await self.run(f"import runpy; runpy.run_module({name!r}, run_name='__main__', alter_sys=True)", environ)

    async def run(self, program: str, environ: Mapping[str, str], arguments: Sequence[str] = ()) -> Ended:
        """Run what `python -c program arguments` runs, to its end. Raises TimeoutError, and nothing is left running."""
        output, errors = self.folder / "output", self.folder / "errors"
        order = {"program": program, "arguments": ["-c", *arguments], "environ": dict(environ)}
        try:
            async with asyncio.timeout(PATIENCE_S):
                code = await self.send({**order, "output": str(output), "errors": str(errors)})
        except BaseException:
            await self.stop()
            raise
        return Ended(code, output.read_text(), errors.read_text())

    async def send(self, order: Mapping[str, object]) -> int:
        """Give the order to the process that forks; return the exit code of the program."""
        if self.process is None:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.forking", *self.imported),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return int(await self.process.stdout.readline())

    async def stop(self) -> None:
        """End the process, and the program that it runs."""
        if self.process is not None:
            os.killpg(self.process.pid, 9)
            await self.process.communicate()
            self.process = None


def fork_when_told(imported: Sequence[str]) -> None:
    for name in imported:
        importlib.import_module(name)
    # A program that ends would look through all of it for garbage, for half a second.
    gc.collect()
    gc.freeze()
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            become(order)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the answer


def become(order: dict[str, Any]) -> None:
    """Be the program that is ordered: what it raises ends this process as it would end any."""
    for number, path in enumerate((os.devnull, order["output"], order["errors"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv[:] = order["arguments"]
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(order["program"], "<string>", "exec"), vars(main))  # noqa: S102 - the test's program


if __name__ == "__main__":
    fork_when_told(sys.argv[1:])

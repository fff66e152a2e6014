"""Command lines of child processes, and programs that are run to their end."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from deploy.local.diagnosis import diagnose

CHILD: Final = (sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py")))
LOG_BYTES: Final = 8 * 1024 * 1024


def child_command(command: tuple[str, ...], account: str, death_signal: int) -> tuple[str, ...]:
    """Return a command that runs `command` under an account, and gets the signal when this process ends."""
    return (*CHILD, str(os.getpid()), str(int(death_signal)), account, *command)


async def run_once(name: str, command: tuple[str, ...], log: Path, account: str = "same") -> None:
    """Run a command to its end and append its output to `log`. Raises a LocalStackError with its output if it fails."""
    code, output = await run_to_end(command, account)
    rotate_log(log)
    with log.open("a") as file:
        file.write(output)
    if code:
        raise diagnose(name, f"exit code {code}", output, log)


async def run_to_end(
    command: tuple[str, ...], account: str = "same", environ: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, str]:
    """Run a command to its end and return its exit code and output. It is killed when the caller is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *child_command(command, account, signal.SIGKILL),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, **environ},
    )
    try:
        output, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode(errors="replace")


def rotate_log(log: Path) -> None:
    """Create the folder of a log, and rename a log of more than 8 MiB to `.1`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(log.with_name(log.name + ".1"))

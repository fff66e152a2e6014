"""Runs the three servers together, in one data folder."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.folder import end_leftovers, explain_disk_errors, lock_folder, require_room
from deploy.local.kafka import plan_kafka
from deploy.local.ports import settle_ports
from deploy.local.postgres import plan_postgres
from deploy.local.progress import Progress, silent
from deploy.local.server import Server
from deploy.local.settings import LocalSettings
from deploy.local.task_group import run_concurrently
from deploy.local.valkey import plan_valkey

NEEDED_MIB: Final = 512
PAUSE_SECONDS: Final = 0.5


class Stack(msgspec.Struct, frozen=True):
    """The running servers. `kafka.address` is `host:port`, `postgres.address` and `valkey.address` are URLs."""

    kafka: Server
    postgres: Server
    valkey: Server

    @property
    def servers(self) -> tuple[Server, Server, Server]:
        """In the order of their start; they are stopped in reverse order."""
        return (self.postgres, self.valkey, self.kafka)


@contextlib.asynccontextmanager
async def run_stack(settings: LocalSettings, progress: Progress = silent) -> AsyncIterator[Stack]:
    """Run the three servers for the duration of the block; stop them at its end, however it ends.

    Raises a LocalStackError when they cannot run; nothing is left running then. Enter it from the main thread.
    """
    with ready_folder(settings.data, progress):
        async with run_servers(settle_ports(settings), progress) as stack:
            yield stack


@contextlib.contextmanager
def ready_folder(data: Path, progress: Progress = silent) -> Iterator[None]:
    """Lock the data folder, end servers of an earlier run, and check the free space of its disk.

    Raises FolderInUse, NoDiskSpace, NotWritable.
    """
    with lock_folder(data):
        with explain_disk_errors(data):
            end_leftovers(data, progress)
            require_room(data, NEEDED_MIB)
        yield


@contextlib.asynccontextmanager
async def run_servers(settings: LocalSettings, progress: Progress = silent) -> AsyncIterator[Stack]:
    """Run the three servers on chosen ports in a folder that is ready. The second step of `run_stack`."""
    with explain_disk_errors(settings.data):
        stack = await plan_stack(settings, progress)
    try:
        await start_all(stack.servers, progress)
        yield stack
    finally:
        for server in reversed(stack.servers):
            await server.stop()


async def plan_stack(settings: LocalSettings, progress: Progress) -> Stack:
    kafka, postgres = await run_concurrently(plan_kafka(settings, progress), plan_postgres(settings, progress))
    return Stack(Server(kafka), Server(postgres), Server(plan_valkey(settings)))


async def start_all(servers: tuple[Server, ...], progress: Progress) -> None:
    waiting = [server.name for server in servers]

    async def start(server: Server) -> None:
        await server.start()
        waiting.remove(server.name)
        report()

    def report() -> None:
        what = f"Starting {', '.join(waiting)}" if waiting else "The servers are up"
        progress(what, 1 - len(waiting) / len(servers))

    report()
    await run_concurrently(*map(start, servers))


async def keep_up(servers: tuple[Server, ...], progress: Progress) -> None:
    """Restart every server that ends, until cancelled. Cancel this before the stack is stopped.

    Raises a LocalStackError if a server cannot be started again.
    """

    async def keep(server: Server) -> None:
        while True:
            code = await server.wait()
            progress(f"{server.name} ended (exit code {code}) and is started again", None)
            await asyncio.sleep(PAUSE_SECONDS)
            await server.start()

    await run_concurrently(*map(keep, servers))

"""A server that all workers of a run share, and the process that keeps it up for as long as one of them uses it.

A user holds a lock of the kernel, which is given back however the user ends. The keeper waits until it is the only one
who wants that lock; then it stops the server. A worker that asks later has the next keeper started.
"""

import asyncio
import fcntl
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests import servers
from tests.waiting import PATIENCE_S

ROOT: Final = Path(__file__).parents[1]
KEPT: Final = {"kafka": servers.run_kafka, "valkey": servers.run_valkey}
SHARED_HEAP_MIB: Final = 512
"""For the topics of all workers' tests, which nobody deletes."""


@asynccontextmanager
async def shared(name: str, folder: Path) -> AsyncIterator[str]:
    """Give the address of a server that runs at least until the end of the block. `folder` is that of its users."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    # In threads: each may wait for another process.
    used = locked(place / "users", fcntl.LOCK_SH)
    await asyncio.to_thread(used.__enter__)
    try:
        yield await asyncio.to_thread(find_address, name, place)
    finally:
        used.__exit__(None, None, None)


def find_address(name: str, place: Path) -> str:
    """Return the address of a server, which is started unless it runs. Raises RuntimeError if it does not start."""
    address, log = place / "address", place / "keeper.log"
    with locked(place / "starting", fcntl.LOCK_EX):
        keeper = None if address.exists() else start_keeper(name, place, log)
        deadline = time.monotonic() + PATIENCE_S
        while not address.exists():
            if time.monotonic() > deadline or (keeper and os.waitpid(keeper, os.WNOHANG) != (0, 0)):
                raise RuntimeError(f"{name} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        return address.read_text()


def start_keeper(name: str, place: Path, log: Path) -> int:
    """Start a process that nobody waits for, and that Ctrl-C in the terminal does not reach; return its id."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        return os.posix_spawn(
            sys.executable,
            (sys.executable, "-m", "tests.keeper", name, str(place)),
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=[(os.POSIX_SPAWN_DUP2, output, number) for number in (1, 2)],
            setsid=True,
        )
    finally:
        os.close(output)


async def keep(name: str, place: Path) -> None:
    """Run a server for as long as anybody uses it."""
    address = place / "address"
    # The lock is held until the server has stopped: who comes meanwhile waits, and has the next one started.
    with (place / "users").open("a") as users:
        settings = msgspec.structs.replace(servers.small_settings(place / "server"), kafka_heap_mib=SHARED_HEAP_MIB)
        async with KEPT[name](settings) as found:
            unfinished = address.with_suffix(".unfinished")
            unfinished.write_text(found)
            unfinished.rename(address)
            fcntl.flock(users, fcntl.LOCK_EX)
            address.unlink()


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    """Hold a lock for the block, after waiting for it."""
    with path.open("a") as file:
        fcntl.flock(file, kind)
        yield


if __name__ == "__main__":
    asyncio.run(keep(sys.argv[1], Path(sys.argv[2])))

"""A folder in memory for a server whose data nobody will miss.

Each test copies a database, which is a thousand files: on a disk that takes ten times the processor time that it takes
in memory.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folders in it are nobody else's
PREFIX: Final = "clickrail-tests-"
ROOM_BYTES: Final = 4 * 2**30
"""So much must be free: a worker's databases take a few hundred megabytes."""


@contextmanager
def in_memory(folder: Path, memory: Path = MEMORY, room_bytes: int = ROOM_BYTES) -> Iterator[None]:
    """Make a path a link to an empty folder in memory for the block; do nothing where there is no room for it."""
    remove_leftovers(memory)
    if free_bytes(memory) < room_bytes:
        yield
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=memory) as place:
        # Servers that root starts run as somebody else.
        Path(place).chmod(0o711)
        kept = Path(place) / folder.name
        kept.mkdir()
        folder.symlink_to(kept)
        yield


def free_bytes(memory: Path) -> int:
    """Give what may be written: no more than is free of all memory."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return min(shutil.disk_usage(memory).free, available)
    except (OSError, StopIteration):
        return 0


def remove_leftovers(memory: Path) -> None:
    """Remove the folders of processes that were killed before they could."""
    for left in memory.glob(f"{PREFIX}*-*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            with suppress(OSError):
                shutil.rmtree(left)

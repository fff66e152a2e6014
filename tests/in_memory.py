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
def in_memory(folder: Path) -> Iterator[None]:
    """Make a path a link to an empty folder in memory for the block; do nothing where there is no room for it."""
    remove_leftovers()
    if not has_room():
        yield
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY) as place:
        # Servers that root starts run as somebody else.
        Path(place).chmod(0o711)
        kept = Path(place) / folder.name
        kept.mkdir()
        folder.symlink_to(kept)
        yield


def has_room() -> bool:
    try:
        files = shutil.disk_usage(MEMORY).free
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return False
    available = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)
    return min(files, available) >= ROOM_BYTES


def remove_leftovers() -> None:
    """Remove the folders of processes that were killed before they could."""
    for left in MEMORY.glob(f"{PREFIX}*-*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            with suppress(OSError):
                shutil.rmtree(left)

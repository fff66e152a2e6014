"""The space of the disk on which the journal is."""

import os
from pathlib import Path

import msgspec


class DiskSpace(msgspec.Struct, frozen=True):
    """Bytes of a file system. `available` is what this process may still write of what is `free`.

    File systems such as ext4 reserve a part (5 % by default) for root. Quotas are not considered.
    """

    size: int
    free: int
    available: int


def measure_disk(root: Path) -> DiskSpace | None:
    """Measure the disk of a folder; null when it cannot be asked, as while there is no such folder. May block."""
    try:
        found = os.statvfs(root)
    except OSError:
        return None
    size, free, available = (count * found.f_frsize for count in (found.f_blocks, found.f_bfree, found.f_bavail))
    return DiskSpace(size, free, free if os.geteuid() == 0 else available)

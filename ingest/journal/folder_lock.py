"""Ownership of a journal folder: a file lock that ends with its process. These functions block for a moment.

Each worker writes to its own folder, `<root>/<worker>/`. An unlocked folder belonged to a worker that has ended; the
first process that locks it adopts it. flock works on local disks only, so the journal must be on one.

Never remove the lock file of a running process. The owner notices after up to a second; until then another process may
adopt the folder and remove segments. Clicks may then be delivered twice, and new clicks of the owner are in no file.
"""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ingest.journal.segments import list_segments, sync_folder

LOCK: Final = "lock"
QUARANTINE: Final = "damaged"
"""The folder for damaged bytes, next to the folders of the workers. It is never removed."""


class JournalOwned(Exception):  # noqa: N818 - the name states the condition
    """Another process owns the folder."""


class FolderLock(NamedTuple):
    """A folder locked by this process until `release`. `segments` were in it at that time, oldest first."""

    folder: Path
    lock: int
    segments: list[Path]


def lock_folder(root: Path, worker: str) -> FolderLock:
    """Lock `<root>/<worker>`, and make it if it is missing. Raises JournalOwned; OSError when the disk refuses."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / worker
    claimed = try_lock(folder) if folder.is_dir() else make_locked(folder)
    if claimed is None:
        raise JournalOwned(f"{folder} is locked by another running process")
    try:
        # Sync an existing folder too: the process that made it may have died before it did.
        sync_folder(root)
    except OSError:
        release(claimed)
        raise
    return claimed


def make_locked(folder: Path) -> FolderLock | None:
    """Make a folder that is locked before others can see it; null when another process was faster. Raises OSError."""
    hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    made = None
    try:
        made = try_lock(hidden)
        assert made is not None  # noqa: S101 - for the type checker: no other process knows this name
        # `rename` does not replace a folder that is not empty, and a locked folder contains its lock.
        hidden.rename(folder)
    except OSError:
        remove_folder(hidden)
        if made is None:
            raise
        os.close(made.lock)
        if folder.is_dir():
            return None
        raise
    return made._replace(folder=folder)


def try_lock(folder: Path) -> FolderLock | None:
    """Lock an existing folder; null when another process holds the lock. Raises OSError."""
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The owner may have removed the file since `open`: then the lock is on a deleted file.
        if is_lock_of(folder, fd):
            return FolderLock(folder, fd, list_segments(folder))
    except BlockingIOError:
        pass
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    return None


def is_lock_of(folder: Path, lock: int) -> bool:
    """Tell whether the open file `lock` is the lock file in the folder."""
    try:
        return os.path.samestat(os.fstat(lock), (folder / LOCK).stat())
    except OSError:
        return False


def is_locked(folder: Path) -> bool:
    """Tell whether a process holds the lock of the folder. Never raises."""
    try:
        fd = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def adopt_folders(root: Path, worker: str) -> list[FolderLock]:
    """Lock every unlocked folder except that of `worker`; remove the empty ones. Never raises."""
    claims = []
    for folder in list_folders(root):
        if folder.name == worker:
            continue
        with suppress(OSError):
            if adopted := try_lock(folder):
                if adopted.segments:
                    claims.append(adopted)
                else:
                    release(adopted)
    return claims


def list_folders(root: Path) -> list[Path]:
    """Give the folders of workers, sorted by name. Never raises."""
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [root / name for name in sorted(names) if name != QUARANTINE and is_ours(root / name)]


def is_ours(folder: Path) -> bool:
    """Tell whether this is a worker's folder, not `lost+found` or a folder that is still being made."""
    try:
        return not folder.name.startswith(".") and ((folder / LOCK).exists() or bool(list_segments(folder)))
    except OSError:
        return False


def release(held: FolderLock) -> None:
    """Unlock a folder, and remove it if it holds nothing but its lock."""
    with suppress(OSError):
        if all(path.name == LOCK for path in held.folder.iterdir()):
            remove_folder(held.folder)
    os.close(held.lock)


def remove_folder(folder: Path) -> None:
    """Remove a folder that holds nothing but its lock. Opens no file, since the limit on open files may be reached."""
    with suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()

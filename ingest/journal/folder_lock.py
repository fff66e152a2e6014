"""Who owns a folder of the journal: a lock that dies with its process. All of this blocks, for moments.

Each worker writes in a folder of its own, `<root>/<worker>/`. A folder whose lock nobody holds was left by a worker
that is no more; whoever comes first adopts it. flock is for local disks: a journal belongs on one.

Nobody may remove the lock of a living process: in the second until the owner sees that and leaves, another may adopt
the folder and remove what it has delivered. Both deliver it then; what the owner writes in that second is in no file.
"""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ingest.journal.segments import list_segments, sync_folder

LOCK: Final = "lock"
ASIDE: Final = "damaged"
"""The folder of bad bytes, beside those of the workers: it outlives them."""


class JournalOwned(Exception):  # noqa: N818 - it says what is the case
    """Another process owns the folder."""


class Claim(NamedTuple):
    """A folder that is ours until `release`, or until we die. `segments` were in it when we came, oldest first."""

    folder: Path
    lock: int
    segments: list[Path]


def claim(root: Path, worker: str) -> Claim:
    """Own `<root>/<worker>`, made if need be. Raises JournalOwned; OSError when the disk refuses."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / worker
    claimed = take(folder) if folder.is_dir() else make(folder)
    if claimed is None:
        raise JournalOwned(f"{folder} belongs to another process that is alive")
    try:
        # Also of a folder that was there: whoever made it may not have come so far.
        sync_folder(root)
    except OSError:
        release(claimed)
        raise
    return claimed


def make(folder: Path) -> Claim | None:
    """Make a folder that is locked before anyone can see it; null when another was faster. Raises OSError."""
    hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    made = None
    try:
        made = take(hidden)
        assert made is not None  # noqa: S101 - for the type checker: nobody else knows this name
        # A folder that is not empty cannot be replaced, and one that is claimed has its lock in it.
        hidden.rename(folder)
    except OSError:
        discard(hidden)
        if made is None:
            raise
        os.close(made.lock)
        if folder.is_dir():
            return None
        raise
    return made._replace(folder=folder)


def take(folder: Path) -> Claim | None:
    """Own a folder that exists; null when another process does. Raises OSError."""
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between these lines its owner may have removed it: then this is a lock on nothing.
        if is_lock_of(folder, fd):
            return Claim(folder, fd, list_segments(folder))
    except BlockingIOError:
        pass
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    return None


def is_lock_of(folder: Path, lock: int) -> bool:
    """Tell whether the open file `lock` is the one in the folder."""
    try:
        return os.path.samestat(os.fstat(lock), (folder / LOCK).stat())
    except OSError:
        return False


def is_owned(folder: Path) -> bool:
    """Tell whether a process owns the folder now. Raises nothing."""
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


def adopt(root: Path, worker: str) -> list[Claim]:
    """Own every folder that nobody owns, but for that of `worker`; those that are empty are removed. Raises nothing."""
    claims = []
    for folder in list_folders(root):
        if folder.name == worker:
            continue
        with suppress(OSError):
            if adopted := take(folder):
                if adopted.segments:
                    claims.append(adopted)
                else:
                    release(adopted)
    return claims


def list_folders(root: Path) -> list[Path]:
    """Give the folders of workers, in the order of their names. Raises nothing."""
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [root / name for name in sorted(names) if name != ASIDE and is_ours(root / name)]


def is_ours(folder: Path) -> bool:
    """Tell whether this is a worker's folder, and not the `lost+found` of a mounted disk or one still being made."""
    try:
        return not folder.name.startswith(".") and ((folder / LOCK).exists() or bool(list_segments(folder)))
    except OSError:
        return False


def release(claim: Claim) -> None:
    """Own a folder no longer. When it holds nothing but its lock, it goes too."""
    with suppress(OSError):
        if all(path.name == LOCK for path in claim.folder.iterdir()):
            discard(claim.folder)
    os.close(claim.lock)


def discard(folder: Path) -> None:
    """Remove a folder with nothing but its lock in it, without opening it: there may be no file left to open."""
    with suppress(OSError):
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()

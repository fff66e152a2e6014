"""The data folder: one run at a time, room on its disk, and nothing left of a run that died."""

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, TextIO

from deploy.local.errors import FolderInUse, NoDiskSpace, NotWritable
from deploy.local.progress import Progress, silent
from deploy.local.traces import find_traces, remove_traces
from deploy.local.tree import command_line, end_tree

END_SECONDS: Final = 10.0
TURN_SECONDS: Final = 0.2
MIB: Final = 1024 * 1024


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep the data folder for this process. Raises FolderInUse when another one has it.

    The kernel lets go of the lock when its holder is gone, however it went: nothing stays locked.
    """
    with contextlib.ExitStack() as stack:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / "run.lock").open("a+"))
            if not lock(file):
                file.seek(0)
                raise FolderInUse(folder, file.read() or "unknown")
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def holder(folder: Path) -> str | None:
    """Give the process id of the run that keeps the folder, as text; null when none does."""
    try:
        with (folder / "run.lock").open() as file:
            # Shared, and let go at once: it takes the folder from nobody.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / "run.lock").read_text() or "unknown"
    except OSError:
        return None
    return None


@contextlib.asynccontextmanager
async def turn(file: Path, progress: Progress) -> AsyncIterator[None]:
    """Wait for a turn: several runs that share a cache fill it one after the other."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as opened:
        while not lock(opened):
            progress("Waiting for another run that fills the same cache", None)
            await asyncio.sleep(TURN_SECONDS)
        yield


def lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Raise what the disk refuses as an error that says what to do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoDiskSpace(folder, free_mib(folder)) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise NotWritable(Path(error.filename or folder), error.strerror or "") from error
        raise


def free_mib(folder: Path) -> int:
    return shutil.disk_usage(folder).free // MIB


def require_room(folder: Path, needed_mib: int) -> None:
    """Raise NoDiskSpace when the folder's disk has less than `needed_mib` free."""
    free = free_mib(folder)
    if free < needed_mib:
        raise NoDiskSpace(folder, free, needed_mib)


def end_leftovers(folder: Path, progress: Progress = silent) -> None:
    """End servers that an earlier run left behind. Call it with the folder held: then no living run has servers here.

    A pid may long belong to somebody else: only a process whose command line names the folder is one of ours.
    """
    for trace in find_traces(folder):
        if f"{folder}{os.sep}" in command_line(trace.pid):
            progress(f"Ending what an earlier run left behind ({trace.folder.name}, process {trace.pid})", None)
            end_tree(trace.pid, trace.stop_signal, END_SECONDS)
        remove_traces(trace.folder)

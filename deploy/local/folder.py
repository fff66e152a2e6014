"""The data folder: its lock, the free space of its disk, and servers left behind by a run that died."""

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
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock the data folder for this process. Raises FolderInUse when another process has locked it.

    The kernel releases the lock when the process ends, however it ends.
    """
    with contextlib.ExitStack() as stack:
        with explain_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((folder / "run.lock").open("a+"))
            if not try_lock(file):
                file.seek(0)
                raise FolderInUse(folder, file.read() or "unknown")
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


def lock_owner(folder: Path) -> str | None:
    """Return the process id of the run that has locked the folder, as text; null if none has."""
    try:
        with (folder / "run.lock").open() as file:
            # A shared lock, released at once: it does not keep a run from locking the folder.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / "run.lock").read_text() or "unknown"
    except OSError:
        return None
    return None


@contextlib.asynccontextmanager
async def wait_for_lock(file: Path, progress: Progress) -> AsyncIterator[None]:
    """Wait for the lock of a cache, so that several runs that share it fill it one after the other."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as opened:
        while not try_lock(opened):
            progress("Waiting for another run that fills the same cache", None)
            await asyncio.sleep(TURN_SECONDS)
        yield


def try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def explain_disk_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError of the disk into an error that says what to do about it."""
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
    """End servers that an earlier run left behind. Call it with the folder locked: then no other run has servers here.

    A pid may belong to another program by now: only a process whose command line contains the folder is a server.
    """
    for trace in find_traces(folder):
        if f"{folder}{os.sep}" in command_line(trace.pid):
            progress(f"Ending what an earlier run left behind ({trace.folder.name}, process {trace.pid})", None)
            end_tree(trace.pid, trace.stop_signal, END_SECONDS)
        remove_traces(trace.folder)

"""The key ring's file: read, written atomically, and watched, so that rotation needs no restart."""

import asyncio
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from identity.keys import KeyRing, KeyRingError, find_ring_problem

# The largest possible ring, 4 purposes with 1,296 keys each, is smaller.
_MAX_BYTES: Final = 4 * 1024 * 1024

_NEW_FILE: Final = 0o600
_KEPT_BITS: Final = stat.S_IRWXU | stat.S_IRWXG

Stamp = tuple[int, int, int, int]


def read_ring(path: Path) -> KeyRing:
    """Read a key ring. Raises KeyRingError, naming the file and the cause, when it is absent, not private or faulty."""
    data = _read_private(path)
    try:
        ring = msgspec.json.decode(data, type=KeyRing)
    except msgspec.DecodeError as error:
        raise KeyRingError(f"{path}: {_name_cause(error)}") from None
    fault = find_ring_problem(ring)
    if fault:
        raise KeyRingError(f"{path}: {fault}")
    return ring


def create_ring(path: Path, ring: KeyRing) -> None:
    """Write a new key ring. Raises KeyRingError when the file exists: its keys may be in use."""
    with _locked(path):
        if path.exists():
            raise KeyRingError(f"{path}: exists already, and its keys may be in use: not overwritten")
        _write(path, ring)


def edit_ring(path: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Read, change and write a key ring, one process at a time; return the new ring. Raises KeyRingError."""
    with _locked(path):
        ring = change(read_ring(path))
        _write(path, ring)
        return ring


class WatchedKeyRing:
    """`ring` is the last valid ring of a file, without I/O; `refresh` reads a changed file.

    Raises KeyRingError at construction when the file has no valid ring. Later, a new fault is passed to `on_fault` once
    and the old ring stays in use. `on_change` is called with each new ring.
    """

    def __init__(
        self,
        path: Path,
        on_change: Callable[[KeyRing], object] = lambda _ring: None,
        on_fault: Callable[[KeyRingError], object] = lambda _error: None,
    ) -> None:
        self._path = path
        self._on_change = on_change
        self._on_refused = on_fault
        self._stamp = _read_stamp(path)  # read before the file: the next refresh sees a change in between
        self._fault = ""
        self.ring = read_ring(path)

    def refresh(self) -> bool:
        """Read the file again if it has changed; return whether `ring` is new. Costs one `stat` without a change."""
        stamp = _read_stamp(self._path)
        if stamp == self._stamp:
            self._fault = ""
            return False
        try:
            ring = read_ring(self._path)
        except KeyRingError as error:
            if str(error) != self._fault:  # keep the stamp: the fault may go away without a change of the file
                self._fault = str(error)
                self._on_refused(error)
            return False
        self._stamp, self._fault = stamp, ""
        if ring == self.ring:
            return False
        self.ring = ring
        self._on_change(ring)
        return True

    async def watch(self, every_s: float = 1.0) -> None:
        """Refresh every `every_s` seconds until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            self.refresh()


def _read_stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise KeyRingError(f"{path}: cannot be read: {error.strerror}") from error
    # Group access is allowed: Kubernetes mounts a Secret for the pod's group (fsGroup) as 0440 or 0640.
    if mode & stat.S_IRWXO:
        raise KeyRingError(f"{path}: every user of this machine may use it (mode {mode:04o}): chmod o= it")
    if len(data) > _MAX_BYTES:
        raise KeyRingError(f"{path}: larger than any key ring")
    return data


def _write(path: Path, ring: KeyRing) -> None:
    """Write the file. The caller holds the lock."""
    fault = find_ring_problem(ring)
    if fault:
        raise KeyRingError(f"{path}: not written: {fault}")
    try:
        _replace(path.resolve(), msgspec.json.format(msgspec.json.encode(ring), indent=2) + b"\n")
    except OSError as error:
        raise KeyRingError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    # One name for all writers: a killed writer leaves a file with secrets, and the next write removes it.
    temporary = path.with_name(f".{path.name}.writing")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _NEW_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if path.exists():
                replaced = path.stat()
                os.fchown(
                    descriptor, replaced.st_uid, replaced.st_gid
                )  # after a rotation by root the service must still read it
                os.fchmod(descriptor, replaced.st_mode & _KEPT_BITS)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # makes the rename durable
    finally:
        os.close(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock the folder: the file itself is replaced, so a lock on it would be on the old file."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise KeyRingError(f"{path}: its folder cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _name_cause(error: msgspec.DecodeError) -> str:
    """Describe a decoding error without the value, which may be a misplaced secret."""
    cause = str(error)
    return f"Invalid value{cause[cause.rindex(' - at ') :]}" if cause.startswith("Invalid enum value") else cause

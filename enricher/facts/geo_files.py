"""The city databases on disk: read whole, tried out before use, read again when they change.

A database is read into memory and never mapped: a mapped file that somebody cuts short kills the process. While a new
one is tried out the old one is still there, so for that moment both are in memory. A new one that fails is refused
and the old one stays in use; a deleted file likewise.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from maxminddb_rust import MODE_FD, open_database

from enricher.steps.geo import DAMAGE, CityDatabase, IpAddress, try_out
from schemas import Geo

RANKS: Final = ("found", "bad_database", "not_found", "no_database")
"""Where several files answer, the first of these answers counts."""


class Fingerprint(msgspec.Struct, frozen=True):
    """What tells one state of a file from the next."""

    inode: int
    size: int
    changed_ns: int


class GeoFile:
    """One city database, followed on disk. `problem` says what is wrong with what lies there now, if anything."""

    def __init__(self, path: Path) -> None:
        self.problem: str | None = f"{path} has not been read yet"
        self._path = path
        self._seen: Fingerprint | None = None
        self._database: CityDatabase | None = None
        self._status = "no_database"

    def locate(self, address: IpAddress) -> Geo:
        return self._database.locate(address) if self._database is not None else Geo(status=self._status)

    def refresh(self) -> bool:
        """Look whether the file has changed and read it if so; tells whether another database is in use now."""
        try:
            if fingerprint(self._path.stat()) == self._seen:
                return False
            self._seen, made = load(self._path)
        except OSError as error:
            self._seen = None
            self._status = "no_database"
            self.problem = f"{self._path} cannot be read: {error.strerror}"
            return False
        if isinstance(made, str):
            self._status = "bad_database"
            self.problem = f"{self._path} is refused: {made}"
            return False
        self._database = made
        self.problem = None
        return True


class GeoFiles:
    """Any number of city databases as one: DB-IP, for one, comes as a file for IPv4 and another for IPv6."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [GeoFile(path) for path in paths]

    @property
    def problems(self) -> list[str]:
        return [file.problem for file in self._files if file.problem is not None]

    def locate(self, address: IpAddress) -> Geo:
        """Give the best answer of all files; `no_database` where there is none. Never raises."""
        best = Geo(status="no_database")
        for file in self._files:
            geo = file.locate(address)
            if geo.status == "found":
                return geo
            best = min(best, geo, key=lambda answer: RANKS.index(answer.status))
        return best

    def refresh(self) -> bool:
        """Look at every file; tells whether any was taken into use. Blocks while it reads, so call it in a thread."""
        changed = [file.refresh() for file in self._files]
        return any(changed)


def load(path: Path) -> tuple[Fingerprint | None, CityDatabase | str]:
    """Read a file whole, and tell which state of it that was: none where it changed meanwhile, to be read again.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        before = fingerprint(os.fstat(file.fileno()))
        try:
            reader = open_database(file, MODE_FD)
            made = try_out(reader, reader.metadata())
        except DAMAGE as error:
            made = f"it is no city database: {type(error).__name__}: {error}"
        after = fingerprint(os.fstat(file.fileno()))
    return (before, made) if before == after else (None, "it was being written")


def fingerprint(stat: os.stat_result) -> Fingerprint:
    return Fingerprint(stat.st_ino, stat.st_size, stat.st_mtime_ns)

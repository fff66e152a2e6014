"""The city databases on disk: read whole, checked before use, read again when they change.

A database is read into memory and never mapped: truncating a mapped file kills the process (SIGBUS). While a new file
is checked, both are in memory. When the new one is refused, or the file is deleted, the old one stays in use.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from maxminddb_rust import MODE_FD, open_database

from enricher.steps.geo import DAMAGE, CityDatabase, IpAddress, check_database
from schemas import Geo

RANKS: Final = ("found", "bad_database", "not_found", "no_database")
"""Where several files answer, the first of these answers counts."""
NO_DATABASE: Final = Geo(status="no_database")


class Fingerprint(msgspec.Struct, frozen=True):
    """Identifies one version of a file."""

    inode: int
    size: int
    changed_ns: int


class GeoFile:
    """One city database, watched on disk. `problem` says why the file as it is now is not in use, if it is not."""

    def __init__(self, path: Path) -> None:
        self.problem: str | None = f"{path} has not been read yet"
        self._path = path
        self._seen: Fingerprint | None = None
        self._database: CityDatabase | None = None
        self._status = "no_database"

    def locate(self, address: IpAddress) -> Geo:
        return self._database.locate(address) if self._database is not None else Geo(status=self._status)

    def refresh(self) -> bool:
        """Read the file if it has changed. Returns whether another database is in use now."""
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
    """Any number of city databases as one: DB-IP has one file for IPv4 and another for IPv6."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [GeoFile(path) for path in paths]

    @property
    def problems(self) -> list[str]:
        return [file.problem for file in self._files if file.problem is not None]

    def locate(self, address: IpAddress) -> Geo:
        """Give the best answer of all files, by `RANKS`; `no_database` where there is no file. Never raises."""
        best = NO_DATABASE
        for file in self._files:
            geo = file.locate(address)
            if geo.status == "found":
                return geo
            if RANKS.index(geo.status) < RANKS.index(best.status):
                best = geo
        return best

    def refresh(self) -> bool:
        """Refresh every file. Returns whether any database changed. Blocks while it reads: call it in a thread."""
        changed = [file.refresh() for file in self._files]
        return any(changed)


def load(path: Path) -> tuple[Fingerprint | None, CityDatabase | str]:
    """Read a whole file, and give its fingerprint: null if it changed while it was read: read it again.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        before = fingerprint(os.fstat(file.fileno()))
        try:
            reader = open_database(file, MODE_FD)
            made = check_database(reader, reader.metadata())
        except DAMAGE as error:
            made = f"it is not a city database: {type(error).__name__}: {error}"
        after = fingerprint(os.fstat(file.fileno()))
    return (before, made) if before == after else (None, "it was being written")


def fingerprint(stat: os.stat_result) -> Fingerprint:
    return Fingerprint(stat.st_ino, stat.st_size, stat.st_mtime_ns)

"""A database of addresses on disk (MMDB): read whole, checked before use, read again when it changes.

A database is read into memory and never mapped: truncating a mapped file kills the process (SIGBUS). While a new file
is checked, both are in memory. When the new one is refused, or the file is deleted, the old one stays in use.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from maxminddb_rust import MODE_FD, open_database

from enricher.steps.database import DAMAGE, Content, Database, check_database
from schemas import Geo, Network

RANKS: Final = ("found", "bad_database", "not_found", "no_database")
"""Where several files answer, the first of these answers counts."""

Answer = TypeVar("Answer", Geo, Network)


class Fingerprint(msgspec.Struct, frozen=True):
    """Identifies one version of a file."""

    inode: int
    size: int
    changed_ns: int


class DatabaseFile:
    """One database, watched on disk. `problem` says why the file as it is now is not in use, if it is not.

    `database` is what is in use; without one, `status` says why: `no_database` or `bad_database`.
    """

    def __init__(self, path: Path, content: Content) -> None:
        self.database: Database | None = None
        self.status = "no_database"
        self.problem: str | None = f"{path} has not been read yet"
        self._path = path
        self._content = content
        self._seen: Fingerprint | None = None

    def refresh(self) -> bool:
        """Read the file if it has changed. Returns whether another database is in use now."""
        try:
            if fingerprint(self._path.stat()) == self._seen:
                return False
            self._seen, made = load(self._path, self._content)
        except OSError as error:
            self._seen = None
            self.status = "no_database"
            self.problem = f"{self._path} cannot be read: {error.strerror}"
            return False
        if isinstance(made, str):
            self.status = "bad_database"
            self.problem = f"{self._path} is refused: {made}"
            return False
        self.database = made
        self.problem = None
        return True


def find_best(answers: Iterable[Answer], none: Answer) -> Answer:
    """Give the best answer of several databases, by `RANKS`; the first that found something ends the search."""
    best = none
    for answer in answers:
        if answer.status == "found":
            return answer
        if RANKS.index(answer.status) < RANKS.index(best.status):
            best = answer
    return best


def oldest_build(files: Iterable[DatabaseFile]) -> int:
    """Say when the oldest database in use was built, in seconds since 1970; 0 when none is in use."""
    return min((file.database.built_at for file in files if file.database is not None), default=0)


def load(path: Path, content: Content) -> tuple[Fingerprint | None, Database | str]:
    """Read a whole file, and give its fingerprint: null if it changed while it was read: read it again.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        before = fingerprint(os.fstat(file.fileno()))
        try:
            reader = open_database(file, MODE_FD)
            made = check_database(reader, reader.metadata(), content)
        except DAMAGE as error:
            made = f"it is not a {content.name}: {type(error).__name__}: {error}"
        after = fingerprint(os.fstat(file.fileno()))
    return (before, made) if before == after else (None, "it was being written")


def fingerprint(stat: os.stat_result) -> Fingerprint:
    return Fingerprint(stat.st_ino, stat.st_size, stat.st_mtime_ns)

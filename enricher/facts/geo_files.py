"""The city databases on disk: `enricher/facts/database_file.py` says how they are read and replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from enricher.facts.database_file import DatabaseFile, find_best, oldest_build
from enricher.steps.database import IpAddress
from enricher.steps.geo import CITIES, locate
from schemas import Geo

NO_DATABASE: Final = Geo(status="no_database")


class GeoFiles:
    """Any number of city databases as one: DB-IP has one file for IPv4 and another for IPv6."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [DatabaseFile(path, CITIES) for path in paths]

    @property
    def problems(self) -> list[str]:
        return [file.problem for file in self._files if file.problem is not None]

    @property
    def oldest_build(self) -> int:
        return oldest_build(self._files)

    def locate(self, address: IpAddress) -> Geo:
        """Give the best answer of all files; `no_database` where there is no file. Never raises."""
        return find_best((locate_in(file, address) for file in self._files), NO_DATABASE)

    def refresh(self) -> bool:
        """Refresh every file. Returns whether any database changed. Blocks while it reads: call it in a thread."""
        changed = [file.refresh() for file in self._files]
        return any(changed)


def locate_in(file: DatabaseFile, address: IpAddress) -> Geo:
    return locate(file.database, address) if file.database is not None else Geo(status=file.status)

"""The city databases on disk: `enricher/facts/database_file.py` says how they are read and replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from enricher.facts.address_cache import AddressCache
from enricher.facts.database_file import DatabaseFile, find_best, oldest_build
from enricher.steps.database import Database, IpAddress
from enricher.steps.geo import CITIES, locate
from schemas import Geo

NO_DATABASE: Final = Geo(status="no_database")


class InUse(msgspec.Struct, frozen=True):
    """The databases at one moment. In place of one that cannot be used is its status."""

    databases: tuple[Database | str, ...]

    def locate(self, address: IpAddress) -> Geo:
        return find_best((locate_in(database, address) for database in self.databases), NO_DATABASE)


class GeoFiles:
    """Any number of city databases as one: DB-IP has one file for IPv4 and another for IPv6."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [DatabaseFile(path, CITIES) for path in paths]
        self._use(self._collect())

    @property
    def problems(self) -> list[str]:
        return [file.problem for file in self._files if file.problem is not None]

    @property
    def oldest_build(self) -> int:
        return oldest_build(self._files)

    def locate(self, address: IpAddress) -> Geo:
        """Give the best answer of all files; `no_database` where there is no file. Never raises.

        Called by the event loop while a thread may refresh.
        """
        return self._cache.find(address)

    def refresh(self) -> bool:
        """Refresh every file. Returns whether any database changed. Blocks while it reads: call it in a thread."""
        changed = [file.refresh() for file in self._files]
        # With every refresh: a file that cannot be used may have another status, though nothing else is in use.
        collected = self._collect()
        if any(changed) or collected != self._in_use:
            self._use(collected)
        return any(changed)

    def _collect(self) -> InUse:
        return InUse(tuple(file.database or file.status for file in self._files))

    def _use(self, collected: InUse) -> None:
        self._in_use, self._cache = collected, AddressCache(collected.locate)


def locate_in(database: Database | str, address: IpAddress) -> Geo:
    return locate(database, address) if isinstance(database, Database) else Geo(status=database)

"""What is known of networks: databases of autonomous systems, operators' lists, our own table, a package."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from enricher.facts.address_cache import AddressCache
from enricher.facts.database_file import DatabaseFile, find_best, oldest_build
from enricher.facts.network_lists import NetworkListFile
from enricher.steps.database import Database, IpAddress
from enricher.steps.network import SYSTEMS, NetworkSource, classify_network, find_network, own_networks
from schemas import Network

NO_DATABASE: Final = Network(status="no_database")


class InUse(msgspec.Struct, frozen=True):
    """The files at one moment. In place of a database that cannot be used is its status."""

    databases: tuple[Database | str, ...]
    sources: tuple[NetworkSource, ...]

    def find(self, address: IpAddress) -> Network:
        found = find_best((find_in(database, address) for database in self.databases), NO_DATABASE)
        return classify_network(found, address, self.sources)


class NetworkFiles:
    """The databases and lists on disk, as one. `fixed` are sources that do not change."""

    def __init__(self, databases: Sequence[Path], lists: Sequence[str], fixed: Sequence[NetworkSource] = ()) -> None:
        self._databases = [DatabaseFile(path, SYSTEMS) for path in databases]
        self._lists = [NetworkListFile(setting) for setting in lists]
        self._files: list[DatabaseFile | NetworkListFile] = [*self._databases, *self._lists]
        self._fixed = (own_networks(), *fixed)
        self._use(self._collect())

    @property
    def problems(self) -> list[str]:
        return [file.problem for file in self._files if file.problem is not None]

    @property
    def oldest_build(self) -> int:
        return oldest_build(self._databases)

    def find(self, address: IpAddress) -> Network:
        """Give the network of an address. Never raises. Called by the event loop while a thread may refresh."""
        return self._cache.find(address)

    def refresh(self) -> bool:
        """Refresh every file. Returns whether anything changed. Blocks while it reads: call it in a thread."""
        changed = [file.refresh() for file in self._files]
        # With every refresh: a file that cannot be used may have another status, though nothing else is in use.
        collected = self._collect()
        if any(changed) or collected.databases != self._in_use.databases:
            self._use(collected)
        return any(changed)

    def _use(self, collected: InUse) -> None:
        self._in_use, self._cache = collected, AddressCache(collected.find)

    def _collect(self) -> InUse:
        lists = (file.networks for file in self._lists)
        return InUse(
            tuple(file.database or file.status for file in self._databases),
            (*self._fixed, *(each for each in lists if each is not None)),
        )


def find_in(database: Database | str, address: IpAddress) -> Network:
    return find_network(database, address) if isinstance(database, Database) else Network(status=database)

"""Tracks the newest change of each row, and tells whether a value that was read is outdated.

A read takes time, and meanwhile the row may be changed, deleted or created. Versions decide which is newer: they become
visible in order, so a read at version n contains every change up to n, and a row with the version of its newest known
change is current.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import msgspec

from referrals.model import Key, Kind

MAX_TRACKED: Final = 10_000


class Change(msgspec.Struct, frozen=True, gc=False):
    """The newest change of one program, affiliate or code; a deletion is one too."""

    kind: Kind
    id: str
    version: int


class VersionTracker:
    """The newest change of each key. Beyond `max_tracked` keys, the oldest are replaced by one common `floor`."""

    def __init__(self, max_tracked: int = MAX_TRACKED) -> None:
        self.max_tracked = max_tracked
        self.floor = 0
        self.newest: OrderedDict[Key, int] = OrderedDict()

    def record(self, changes: Iterable[Change]) -> None:
        """Remember changes, in the order of their versions."""
        for change in changes:
            key = (change.kind, change.id)
            if self.newest.get(key, -1) < change.version:
                self.newest[key] = change.version
                self.newest.move_to_end(key)
        while len(self.newest) > self.max_tracked:
            self.raise_floor(self.newest.popitem(last=False)[1])

    def raise_floor(self, version: int) -> None:
        """Treat every read from before this version as outdated."""
        self.floor = max(self.floor, version)

    def is_current(self, key: Key, version: int, as_of: int) -> bool:
        """Tell whether a row of this version, read at `as_of`, may be used: no newer change of it is known."""
        return as_of >= self.floor and version >= self.newest.get(key, 0)

    def is_absent(self, key: Key, as_of: int) -> bool:
        """Tell whether a row that did not exist at `as_of` still does not, as far as changes are known."""
        return as_of >= self.floor and as_of >= self.newest.get(key, 0)

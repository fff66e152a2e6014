"""What this process knows of changes, and so which readings it may still believe.

A reading takes time: while it is on its way, the row may change, be deleted, or come into being. Versions settle it.
Versions become visible in their own order, so a row read with the version of its newest change is the row of today,
and a reading taken at version n has seen every change up to n.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import msgspec

from referrals.model import Key, Kind

MOST_REMEMBERED: Final = 10_000


class Change(msgspec.Struct, frozen=True, gc=False):
    """The newest change of one program, affiliate or code; a deletion is one too."""

    kind: Kind
    id: str
    version: int


class VersionTracker:
    """The newest changes by what they changed, and one floor for all that are no longer told apart."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self.most = most
        self.floor = 0
        self.newest: OrderedDict[Key, int] = OrderedDict()

    def record(self, changes: Iterable[Change]) -> None:
        """Remember changes, given in the order of their versions."""
        for change in changes:
            key = (change.kind, change.id)
            if self.newest.get(key, -1) < change.version:
                self.newest[key] = change.version
                self.newest.move_to_end(key)
        while len(self.newest) > self.most:
            self.raise_floor(self.newest.popitem(last=False)[1])

    def raise_floor(self, version: int) -> None:
        """Believe no reading from before this version."""
        self.floor = max(self.floor, version)

    def is_current(self, key: Key, version: int, as_of: int) -> bool:
        """Whether a row of this version, read at `as_of`, is not known to be outdated."""
        return as_of >= self.floor and version >= self.newest.get(key, 0)

    def is_absent(self, key: Key, as_of: int) -> bool:
        """Whether "there is none", read at `as_of`, still holds: nothing of that name has changed since."""
        return as_of >= self.floor and as_of >= self.newest.get(key, 0)

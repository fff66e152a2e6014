"""The set this process knows as a whole: a file, and in memory what has changed since it was taken.

It is whole while every change after the file's version is in `changed`. Too many changes for the memory end that, until
there is a newer file: then the file only serves those whom nobody else can answer.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of
from referrals.snapshot.reader import UNTOLD, SnapshotFile, Untold

MOST_CHANGED: Final = 20_000
FRESH_S: Final = 1.5
"""Changes are looked for twice a second: who has not heard of Postgres for so long does not follow it."""


class Changed(msgspec.Struct, frozen=True, gc=False):
    """What a change left: a value; null for none; or, of a row that could not be understood, untold."""

    version: int
    value: Referral | Untold | None


class ReferralSet:
    """`whole_at` is the version up to which all changes were taken in; `fresh_until` is when that was, and a bit."""

    def __init__(self, metrics: LookupMetrics, most_changed: int = MOST_CHANGED) -> None:
        self.file: SnapshotFile | None = None
        self.changed: dict[Key, Changed] = {}
        self.whole = False
        self.damaged = False
        self.whole_at = 0
        self.fresh_until = 0.0
        self._metrics = metrics
        self._most_changed = most_changed

    @property
    def as_of(self) -> int:
        """The version at which this is the whole set."""
        return max(self.whole_at, self.file.version) if self.file else 0

    def find(self, key: Key) -> Referral | Untold | None:
        """Find the latest value that was seen here: null for none, untold when this cannot be told from here.

        Unless the set is `whole`, there may be a newer one.
        """
        changed = self.changed.get(key)
        if changed is not None:
            return changed.value
        if self.file is None:
            return UNTOLD
        value = self.file.find(key)
        if value == UNTOLD:
            self.damaged = True
            self._metrics.snapshot_unreadable.inc()
        return value

    def take_in(self, asked: Mapping[Key, int], rows: Iterable[Referral], absent: Iterable[Key]) -> None:
        """Take in what Postgres says of keys that changed, each with the version of its change."""
        if not self.whole:
            return
        found: dict[Key, Changed] = {key_of(row): Changed(row.version, row) for row in rows}
        found |= {key: Changed(asked[key], None) for key in absent}
        for key, version in asked.items():
            self.changed[key] = found.get(key) or Changed(version, UNTOLD)
        if len(self.changed) > self._most_changed:
            self.whole = False
            self.changed = {}
        self._metrics.snapshot_changes.set(len(self.changed))

    def adopt(self, file: SnapshotFile) -> None:
        """Take a newer file into use. It is whole at once; what it lacks, if anything, is still to be taken in."""
        if not self.whole:
            self.whole_at = file.version
            self.fresh_until = 0.0
        self.file = file
        self.changed = {key: changed for key, changed in self.changed.items() if changed.version > file.version}
        self.whole = True
        self.damaged = False
        self._metrics.show_snapshot(file.says, len(self.changed))

    def forget(self) -> None:
        """Let go of everything: it was another installation's, or from a time that has been undone."""
        self.file = None
        self.changed = {}
        self.whole = False
        self.damaged = False
        self.whole_at = 0
        self.fresh_until = 0.0
        self._metrics.show_snapshot(None, 0)

"""All referrals: a snapshot file, and in memory the values that changed since it was taken.

The set is complete while every change after the file's version is in `changed`. When there are too many of them for
memory, it is incomplete until a newer file is loaded. Until then the file is only used when no store answers.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from referrals.metrics import LookupMetrics
from referrals.model import Key, Referral, key_of
from referrals.snapshot.reader import UNREADABLE, SnapshotFile, Unreadable

MAX_CHANGED: Final = 20_000
FRESH_S: Final = 1.5
"""Changes are polled twice a second, so after this time without an answer from Postgres the set may be outdated."""


class ChangedValue(msgspec.Struct, frozen=True, gc=False):
    """The value after a change: null if the row was deleted, UNREADABLE if it could not be decoded."""

    version: int
    value: Referral | Unreadable | None


class ReferralSet:
    """`complete_at`: all changes up to this version are applied. `fresh_until`: when it stops counting as current."""

    def __init__(self, metrics: LookupMetrics, max_changed: int = MAX_CHANGED) -> None:
        self.file: SnapshotFile | None = None
        self.changed: dict[Key, ChangedValue] = {}
        self.is_complete = False
        self.is_damaged = False
        self.complete_at = 0
        self.fresh_until = 0.0
        self._metrics = metrics
        self._max_changed = max_changed

    @property
    def as_of(self) -> int:
        """The version of the set: all changes up to it are included."""
        return max(self.complete_at, self.file.version) if self.file else 0

    def find(self, key: Key) -> Referral | Unreadable | None:
        """Find the latest value seen by this process: null if there is none, UNREADABLE if that cannot be told.

        Unless `is_complete`, there may be a newer one.
        """
        changed = self.changed.get(key)
        if changed is not None:
            return changed.value
        if self.file is None:
            return UNREADABLE
        value = self.file.find(key)
        if value == UNREADABLE:
            self.is_damaged = True
            self._metrics.snapshot_unreadable.inc()
        return value

    def apply_changes(self, versions: Mapping[Key, int], rows: Iterable[Referral], absent: Iterable[Key]) -> None:
        """Apply the rows that Postgres has for changed keys; `versions` is the version of each change."""
        if not self.is_complete:
            return
        found: dict[Key, ChangedValue] = {key_of(row): ChangedValue(row.version, row) for row in rows}
        found |= {key: ChangedValue(versions[key], None) for key in absent}
        for key, version in versions.items():
            self.changed[key] = found.get(key) or ChangedValue(version, UNREADABLE)
        if len(self.changed) > self._max_changed:
            self.is_complete = False
            self.changed = {}
        self._metrics.snapshot_changes.set(len(self.changed))

    def use_file(self, file: SnapshotFile) -> None:
        """Use a newer file. The set is complete at once, as of the file's version."""
        if not self.is_complete:
            self.complete_at = file.version
            self.fresh_until = 0.0
        self.file = file
        self.changed = {key: changed for key, changed in self.changed.items() if changed.version > file.version}
        self.is_complete = True
        self.is_damaged = False
        self._metrics.set_snapshot(file.info, len(self.changed))

    def clear(self) -> None:
        """Remove everything. For when the database is another one, or was restored to an older state."""
        self.file = None
        self.changed = {}
        self.is_complete = False
        self.is_damaged = False
        self.complete_at = 0
        self.fresh_until = 0.0
        self._metrics.set_snapshot(None, 0)

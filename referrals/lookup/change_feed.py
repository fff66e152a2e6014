"""Applies changes of programs, affiliates and codes to this process within a second.

A notification of Postgres only wakes the subscriber. It then reads the table of changes from its last position on, so a
lost notification or connection loses no change. It also polls, in case a notification is lost.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import asyncpg
import msgspec
import structlog

from referrals.lookup.local_cache import ReferralCache
from referrals.lookup.postgres_source import read_rows
from referrals.lookup.restore_watch import RestoreWatch, SharedHistory
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.model import TYPES, Key, Referral, key_of
from referrals.origin import read_origin
from referrals.snapshot.reader import SnapshotFile
from referrals.snapshot.referral_set import FRESH_S

LOG: Final = structlog.get_logger()

CHANNEL: Final = "clickrail_referrals"
POLL_S: Final = 0.5
PAGE_SIZE: Final = 500
TIMEOUT_S: Final = 2.0

READ_NEWEST: Final = "SELECT kind, id, version FROM referral_changes ORDER BY version DESC, kind DESC, id DESC LIMIT $1"
# An import changes many rows at one version, so a position needs all three columns.
READ_PAGE: Final = """
    SELECT kind, id, version FROM referral_changes
    WHERE (version, kind, id) > ($1, $2, $3) ORDER BY version, kind, id LIMIT $4
"""

Position = tuple[int, str, str]
"""Version, kind and id of the last change applied."""
Write = Callable[[Iterable[Referral], int], None]
"""Passes on rows that were read at a version; returns at once."""


class ChangeSubscriber:
    """Reads changes in order, and updates the local cache and the referral set with the new rows."""

    def __init__(
        self, local_cache: ReferralCache, write: Write, metrics: LookupMetrics, history: SharedHistory | None = None
    ) -> None:
        self.local_cache = local_cache
        self.restore_watch = RestoreWatch(history)
        self.referral_set = local_cache.referral_set
        self.write = write
        self.metrics = metrics
        self.installation: str | None = None
        self.position: Position | None = None
        self.rewinds = 0
        self.has_connected = False
        self.is_following = False
        self.wake_up = asyncio.Event()

    def use_file(self, file: SnapshotFile) -> bool:
        """Use a snapshot. Read changes again from its version on if they were not kept in memory.

        Returns False if it belongs to another installation than the one we follow.
        """
        if self.installation not in (None, file.info.installation):
            return False
        self.installation = file.info.installation
        snapshot_position = end_of_version(file.version)
        if self.position is None:
            self.position = snapshot_position
            self.local_cache.versions.raise_floor(file.version)
        if not self.referral_set.is_complete:
            self.position = min(self.position, snapshot_position)
            self.rewinds += 1
        self.referral_set.use_file(file)
        self.wake_up.set()
        return True

    async def use(self, connection: asyncpg.Connection) -> None:
        """Follow changes on this connection until it fails. Raises one of `AWAY`."""
        connection.add_termination_listener(lambda _: self.wake_up.set())
        await connection.add_listener(CHANNEL, lambda *_: self.wake_up.set())
        try:
            await self.check_origin(connection)
            while True:
                self.wake_up.clear()
                await self.check_history(connection)
                await self.catch_up(connection)
                self.set_following(is_following=True)
                await wait_for_event(self.wake_up, POLL_S)
        finally:
            self.set_following(is_following=False)

    def set_following(self, *, is_following: bool) -> None:
        self.is_following = is_following
        self.has_connected = self.has_connected or is_following
        self.referral_set.fresh_until = self.local_cache.now() + FRESH_S if is_following else 0.0
        self.metrics.following.set(is_following)

    async def check_origin(self, connection: asyncpg.Connection) -> None:
        """Start again if the database is another one, or was restored to an older version."""
        origin = await read_origin(connection)
        self.restore_watch.start_again()
        is_ours = origin.installation == self.installation
        if self.position is not None and (not is_ours or origin.version < self.position[0]):
            LOG.warning("another installation", **msgspec.structs.asdict(origin), known=self.position[0])
            self.reset()
        self.installation = origin.installation

    def reset(self) -> None:
        """Remove everything from memory: it belongs to another database, or to a state before the restore."""
        self.local_cache.clear()
        self.referral_set.clear()
        self.restore_watch.forget()
        self.position = None

    async def check_history(self, connection: asyncpg.Connection) -> None:
        """Start again if the database stays behind what other processes have seen of it: it was restored."""
        applied = self.position[0] if self.position else None
        if restored := await self.restore_watch.find_restored(connection, applied):
            self.reset()
            await self.restore_watch.declare_restored(restored)

    async def catch_up(self, connection: asyncpg.Connection) -> None:
        """Apply all changes up to now."""
        if self.position is None:
            first = await self.start_at_newest(connection)
            self.position = self.position or first
        caught_up = False
        while not caught_up:
            rewinds = self.rewinds
            records = await connection.fetch(READ_PAGE, *self.position, PAGE_SIZE)
            changes = [Change(*record) for record in records]
            await self.apply_changes(connection, changes)
            # If a snapshot was loaded during the read, its changes may have been skipped: read them again.
            if self.rewinds == rewinds:
                caught_up = len(changes) < PAGE_SIZE
                if changes:
                    self.position = (changes[-1].version, changes[-1].kind, changes[-1].id)
                    self.metrics.version.set(changes[-1].version)
        self.referral_set.complete_at = self.position[0]

    async def start_at_newest(self, connection: asyncpg.Connection) -> Position:
        """Return the position of the newest change, and reload the cache: its values from Redis may be outdated."""
        version = (await read_origin(connection)).version
        newest = [Change(*record) for record in await connection.fetch(READ_NEWEST, PAGE_SIZE)]
        if len(newest) == PAGE_SIZE:
            self.local_cache.versions.raise_floor(newest[-1].version)
        self.local_cache.record(reversed(newest))
        await self.reload(connection, dict.fromkeys(self.local_cache.keys(), 0))
        self.metrics.version.set(version)
        return end_of_version(version)

    async def apply_changes(self, connection: asyncpg.Connection, changes: Sequence[Change]) -> None:
        affected = self.local_cache.record(changes)
        if self.referral_set.is_complete:
            # All of them, not only the cached ones: a complete set must have every change.
            versions = {(change.kind, change.id): change.version for change in changes}
        else:
            versions = dict.fromkeys(affected, 0)
        await self.reload(connection, versions)
        self.metrics.changes.inc(len(changes))

    async def reload(self, connection: asyncpg.Connection, versions: Mapping[Key, int]) -> None:
        """Read changed keys (with the version of each change) again, update memory, and pass on cached rows."""
        for kind in TYPES:
            ids = [id_ for of_kind, id_ in versions if of_kind == kind]
            for start in range(0, len(ids), PAGE_SIZE):
                part = ids[start : start + PAGE_SIZE]
                reading = await read_rows(connection, kind, part, TIMEOUT_S)
                absent: list[Key] = [(kind, id_) for id_ in reading.absent]
                cached = [row for row in reading.rows if self.local_cache.contains(key_of(row))]
                self.write([row for row in cached if self.local_cache.put(row, reading.as_of)], reading.as_of)
                for key in absent:
                    self.local_cache.remove(key, reading.as_of)
                self.referral_set.apply_changes(
                    {(kind, id_): versions[kind, id_] for id_ in part}, reading.rows, absent
                )


def end_of_version(version: int) -> Position:
    """Return the position after all changes of a version: "~" sorts after every kind."""
    return version, "~", ""


async def wait_for_event(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass

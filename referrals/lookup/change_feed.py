"""Follows the changes of programs, affiliates and codes, so that each is in force here within a second.

A notification says "now"; what has changed is always read from the table of changes, from the last one seen on. So a
lost notification, or a lost connection, costs a moment and nothing else. A poll stands behind both.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import asyncpg
import structlog

from referrals.lookup.local_cache import ReferralCache
from referrals.lookup.postgres_source import read_rows
from referrals.lookup.redis_history import LAG_S, State
from referrals.lookup.version_tracker import Change
from referrals.metrics import LookupMetrics
from referrals.model import TYPES, Key, Referral, key_of
from referrals.snapshot.reader import SnapshotFile
from referrals.snapshot.referral_set import FRESH_S
from referrals.tables import READ_ORIGIN

LOG: Final = structlog.get_logger()

CHANNEL: Final = "clickrail_referrals"
POLL_S: Final = 0.5
PAGE: Final = 500
TIMEOUT_S: Final = 2.0

READ_NEWEST: Final = "SELECT kind, id, version FROM referral_changes ORDER BY version DESC, kind DESC, id DESC LIMIT $1"
# An import changes many rows at one version, hence the three columns.
READ_PAGE: Final = """
    SELECT kind, id, version FROM referral_changes
    WHERE (version, kind, id) > ($1, $2, $3) ORDER BY version, kind, id LIMIT $4
"""

Position = tuple[int, str, str]
"""Version, kind and id of the last change taken in."""
Write = Callable[[Iterable[Referral], int], None]
"""Passes rows on that were read at a version; returns at once."""


class SharedHistory(Protocol):
    """What the processes of an installation agree on: how far its database had come."""

    async def join_history(self, origin: bytes, version: int, *, is_restored: bool = False) -> State: ...


class ChangeSubscriber:
    """Takes changes in, in their order, and renews what this process holds, or knows from a snapshot, of them."""

    def __init__(
        self, held: ReferralCache, write: Write, metrics: LookupMetrics, history: SharedHistory | None = None
    ) -> None:
        self.held = held
        self.history = history
        self.joined_at: int | None = None
        self.behind_since: float | None = None
        self.known = held.known
        self.write = write
        self.metrics = metrics
        self.installation: str | None = None
        self.seen: Position | None = None
        self.sent_back = 0
        self.reached = False
        self.following = False
        self.woken = asyncio.Event()

    def adopt(self, file: SnapshotFile) -> bool:
        """Take a snapshot into use, and go on from its version where what came after it was not kept.

        False when it is another installation's than that we follow.
        """
        if self.installation not in (None, file.says.installation):
            return False
        self.installation = file.says.installation
        position = end_of(file.version)
        if self.seen is None:
            self.seen = position
            self.held.changes.raise_floor(file.version)
        if not self.known.whole:
            self.seen = min(self.seen, position)
            self.sent_back += 1
        self.known.adopt(file)
        self.woken.set()
        return True

    async def use(self, connection: asyncpg.Connection) -> None:
        """Follow on this connection until it fails. Raises one of `AWAY`."""
        connection.add_termination_listener(lambda _: self.woken.set())
        await connection.add_listener(CHANNEL, lambda *_: self.woken.set())
        try:
            await self.recognise(connection)
            while True:
                self.woken.clear()
                await self.join_history(connection)
                await self.catch_up(connection)
                self.set_following(following=True)
                await wait_at_most(self.woken, POLL_S)
        finally:
            self.set_following(following=False)

    def set_following(self, *, following: bool) -> None:
        self.following = following
        self.reached = self.reached or following
        self.known.fresh_until = self.held.now() + FRESH_S if following else 0.0
        self.metrics.following.set(following)

    async def recognise(self, connection: asyncpg.Connection) -> None:
        """Start anew where this is another installation, or one that was set back: versions would mean nothing."""
        installation, version = await connection.fetchrow(READ_ORIGIN)
        self.joined_at, self.behind_since = None, None
        if self.seen is not None and (installation != self.installation or version < self.seen[0]):
            LOG.warning("another installation", installation=installation, version=version, known=self.seen[0])
            self.forget()
        self.installation = installation

    def forget(self) -> None:
        """Let go of everything: it is of another database, or of a future that this one has lost."""
        self.held.forget()
        self.known.forget()
        self.seen = None

    async def join_history(self, connection: asyncpg.Connection) -> None:
        """Agree with the other processes on which database is followed, and how far it has come.

        Where it stays behind what others have seen of it, it was restored: Redis is not believed any more.
        """
        if self.history is None or (self.joined_at is not None and self.seen and self.seen[0] <= self.joined_at):
            return
        installation, version = await connection.fetchrow(READ_ORIGIN)
        state = await self.history.join_history(installation.encode(), version)
        if state == "agrees":
            self.joined_at, self.behind_since = version, None
        elif state == "behind":
            now = asyncio.get_running_loop().time()
            self.behind_since = now if self.behind_since is None else self.behind_since
            if now - self.behind_since >= LAG_S:
                LOG.warning("the database was restored to an older state", version=version)
                self.forget()
                await self.history.join_history(installation.encode(), version, is_restored=True)

    async def catch_up(self, connection: asyncpg.Connection) -> None:
        """Take in everything up to now."""
        if self.seen is None:
            first = await self.begin(connection)
            self.seen = self.seen or first
        caught_up = False
        while not caught_up:
            sent_back = self.sent_back
            records = await connection.fetch(READ_PAGE, *self.seen, PAGE)
            changes = [Change(*record) for record in records]
            await self.take_in(connection, changes)
            # A snapshot adopted meanwhile needs changes that were not kept before: perhaps these.
            if self.sent_back == sent_back:
                caught_up = len(changes) < PAGE
                if changes:
                    self.seen = (changes[-1].version, changes[-1].kind, changes[-1].id)
                    self.metrics.version.set(changes[-1].version)
        self.known.whole_at = self.seen[0]

    async def begin(self, connection: asyncpg.Connection) -> Position:
        """Find out where to begin without a snapshot, and confirm what is held: Redis gave it, and may be behind."""
        _, version = await connection.fetchrow(READ_ORIGIN)
        newest = [Change(*record) for record in await connection.fetch(READ_NEWEST, PAGE)]
        if len(newest) == PAGE:
            self.held.changes.raise_floor(newest[-1].version)
        self.held.record(reversed(newest))
        await self.renew(connection, dict.fromkeys(self.held.keys(), 0))
        self.metrics.version.set(version)
        return end_of(version)

    async def take_in(self, connection: asyncpg.Connection, changes: Sequence[Change]) -> None:
        affected = self.held.record(changes)
        if self.known.whole:
            # Not only what is held: the next visitor's code may be any of these.
            asked = {(change.kind, change.id): change.version for change in changes}
        else:
            asked = dict.fromkeys(affected, 0)
        await self.renew(connection, asked)
        self.metrics.changes.inc(len(changes))

    async def renew(self, connection: asyncpg.Connection, asked: Mapping[Key, int]) -> None:
        """Read keys that changed anew, each with the version of its change, and pass on what is there now."""
        for kind in TYPES:
            ids = [id_ for of_kind, id_ in asked if of_kind == kind]
            for start in range(0, len(ids), PAGE):
                part = ids[start : start + PAGE]
                reading = await read_rows(connection, kind, part, TIMEOUT_S)
                absent: list[Key] = [(kind, id_) for id_ in reading.absent]
                held = [row for row in reading.rows if self.held.holds(key_of(row))]
                for row in held:
                    self.held.keep(row, reading.as_of)
                for key in absent:
                    self.held.drop(key, reading.as_of)
                self.known.take_in({(kind, id_): asked[kind, id_] for id_ in part}, reading.rows, absent)
                self.write(held, reading.as_of)


def end_of(version: int) -> Position:
    """Give the place behind all changes of a version: "~" comes after every kind."""
    return version, "~", ""


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass

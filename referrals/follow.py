"""Follows the changes of programs, affiliates and codes, so that each is in force here within a second.

A notification says "now"; what has changed is always read from the table of changes, from the last one seen on. So a
lost notification, or a lost connection, costs a moment and nothing else. A poll stands behind both.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import asyncpg

from referrals.changes import Change
from referrals.held import HeldReferrals
from referrals.metrics import LookupMetrics
from referrals.model import TYPES, Key, Referral
from referrals.postgres_layer import read_rows

CHANNEL: Final = "clickrail_referrals"
POLL_S: Final = 0.5
PAGE: Final = 500
TIMEOUT_S: Final = 2.0

READ_VERSION: Final = "SELECT version FROM referral_version"
READ_NEWEST: Final = "SELECT kind, id, version FROM referral_changes ORDER BY version DESC, kind DESC, id DESC LIMIT $1"
# An import changes many rows at one version, hence the three columns.
READ_PAGE: Final = """
    SELECT kind, id, version FROM referral_changes
    WHERE (version, kind, id) > ($1, $2, $3) ORDER BY version, kind, id LIMIT $4
"""

Write = Callable[[Iterable[Referral], int], None]
"""Passes rows on that were read at a version; returns at once."""


class Follower:
    """Takes changes in, in their order, and renews what this process holds of them."""

    def __init__(self, held: HeldReferrals, write: Write, metrics: LookupMetrics) -> None:
        self.held = held
        self.write = write
        self.metrics = metrics
        self.seen: tuple[int, str, str] | None = None
        self.following = False

    async def use(self, connection: asyncpg.Connection) -> None:
        """Follow on this connection until it fails. Raises one of `AWAY`."""
        woken = asyncio.Event()
        connection.add_termination_listener(lambda _: woken.set())
        await connection.add_listener(CHANNEL, lambda *_: woken.set())
        try:
            while True:
                woken.clear()
                await self.catch_up(connection)
                self.set_following(following=True)
                await wait_at_most(woken, POLL_S)
        finally:
            self.set_following(following=False)

    def set_following(self, *, following: bool) -> None:
        self.following = following
        self.metrics.following.set(following)

    async def catch_up(self, connection: asyncpg.Connection) -> None:
        """Take in everything up to now."""
        if self.seen is None:
            self.seen = await self.begin(connection)
        full = True
        while full:
            records = await connection.fetch(READ_PAGE, *self.seen, PAGE)
            full = len(records) == PAGE
            if records:
                await self.take_in(connection, [Change(*record) for record in records])

    async def begin(self, connection: asyncpg.Connection) -> tuple[int, str, str]:
        """Find out where to begin, and confirm what is held already: Redis may have given it, and Redis may be behind.

        (A saved snapshot will be the other beginning: everything after the version it was taken at.)
        """
        version = await connection.fetchval(READ_VERSION)
        newest = [Change(*record) for record in await connection.fetch(READ_NEWEST, PAGE)]
        if len(newest) == PAGE:
            self.held.changes.raise_floor(newest[-1].version)
        self.held.record(reversed(newest))
        await self.renew(connection, self.held.keys())
        self.metrics.version.set(version)
        return version, "~", ""

    async def take_in(self, connection: asyncpg.Connection, changes: Sequence[Change]) -> None:
        await self.renew(connection, self.held.record(changes))
        last = changes[-1]
        self.seen = (last.version, last.kind, last.id)
        self.metrics.changes.inc(len(changes))
        self.metrics.version.set(last.version)

    async def renew(self, connection: asyncpg.Connection, keys: Sequence[Key]) -> None:
        """Read what is held anew, and pass it on."""
        for kind in TYPES:
            ids = [id_ for of_kind, id_ in keys if of_kind == kind]
            for start in range(0, len(ids), PAGE):
                reading = await read_rows(connection, kind, ids[start : start + PAGE], TIMEOUT_S)
                for row in reading.rows:
                    self.held.keep(row, reading.as_of)
                for id_ in reading.absent:
                    self.held.drop((kind, id_), reading.as_of)
                self.write(reading.rows, reading.as_of)


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass

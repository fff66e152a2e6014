"""Keeps the snapshot: takes it into use at the start and whenever there is a newer one, and writes it when it is due.

All processes of a machine share one file. Whoever gets the lock writes, and the others find it. The disk is only ever
touched in a thread, by one piece of work after the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

import structlog

from referrals.connections import AWAY, Connect, describe
from referrals.metrics import LookupMetrics
from referrals.model import Key
from referrals.snapshot.blocks import FIELDS
from referrals.snapshot.builder import DamagedSnapshot, can_merge, copy_set, merge
from referrals.snapshot.reader import NAME, Identity, NoSnapshot, SnapshotFile, identify_path, open_snapshot
from referrals.snapshot.referral_set import Changed, ReferralSet
from referrals.snapshot.writer import SnapshotWriter, take_lock
from runtime.outage_log import OutageLog
from runtime.task_scope import report_failure

LOG: Final = structlog.get_logger()

LOOK_S: Final = 1.0
RETRY_S: Final = 10.0

T = TypeVar("T")


class FollowsChanges(Protocol):
    """What keeps the set of referrals up to date: `following` tells whether it does at the moment."""

    @property
    def known(self) -> ReferralSet: ...

    @property
    def following(self) -> bool: ...

    @property
    def metrics(self) -> LookupMetrics: ...

    def adopt(self, file: SnapshotFile) -> bool: ...


class SnapshotRefresher:
    """Keeps the snapshot in a folder, written at most every `every_s` seconds. Nothing that fails here stops it."""

    def __init__(self, folder: Path, every_s: float, subscriber: FollowsChanges, connect: Connect) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._every_s = every_s
        self._subscriber = subscriber
        self._known = subscriber.known
        self._connect = connect
        self._pool = ThreadPoolExecutor(1, "snapshot")
        self._looked_at: Identity | None = None
        self._not_before = 0.0
        self._outage = OutageLog(LOG, "snapshot not written", "snapshot written again")

    async def load(self) -> None:
        """Take what there is into use."""
        with suppress(OSError):
            await self._look()

    async def run(self) -> None:
        """Keep the snapshot, until cancelled."""
        while True:
            await asyncio.sleep(min(LOOK_S, self._every_s))
            try:
                await self._look()
                await self._write_if_due()
            except (DamagedSnapshot, *AWAY) as error:
                self._outage.fail(describe(error), folder=str(self._folder))
                self._subscriber.metrics.snapshot_writes.labels("failed").inc()
                self._known.damaged |= isinstance(error, DamagedSnapshot)
                self._rest(min(self._every_s, RETRY_S))

    async def close(self) -> None:
        """Wait for the thread to end what it does."""
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)

    async def _look(self) -> None:
        """Take the file into use if it is a newer one. Raises OSError."""
        identity = await self._do(identify_path, self._path)
        if identity == self._looked_at:
            return
        self._looked_at = identity
        if identity is None:
            return
        file = await self._do(open_snapshot, self._path)
        if isinstance(file, NoSnapshot):
            LOG.warning("snapshot refused", path=str(self._path), error=file.reason)
        elif self._is_better(file) and self._subscriber.adopt(file):
            self._rest(self._every_s)
            self._outage.end(folder=str(self._folder))
            LOG.info("snapshot in use", version=file.version, codes=file.says.codes)

    def _is_better(self, file: SnapshotFile) -> bool:
        held = self._known.file
        return held is None or not self._known.whole or file.version >= held.version

    async def _write_if_due(self) -> None:
        if self._choose() is None or asyncio.get_running_loop().time() < self._not_before:
            return
        lock = await self._do(take_lock, self._folder)
        if lock is None:
            return
        try:
            held = self._known.file
            await self._look()
            # Chosen anew: meanwhile another process may have written it, or there may have been too many changes.
            work = self._choose() if self._known.file is held else None
            if work is not None:
                await work()
                self._outage.end(folder=str(self._folder))
                await self._look()
        finally:
            self._pool.submit(lock.release).add_done_callback(report_failure)

    def _choose(self) -> Callable[[], Awaitable[None]] | None:
        """Choose what there is to do: a new file from Postgres, one from the changes, or nothing."""
        known = self._known
        outdated = known.file is None or known.file.says.fields != FIELDS
        mergeable = known.whole and not known.damaged and can_merge(known.changed)
        if self._subscriber.following and (outdated or not mergeable):
            return self._build
        is_there = known.file is not None and known.file.identity == self._looked_at
        return self._merge if mergeable and (known.changed or not is_there) else None

    async def _build(self) -> None:
        connection = await self._connect()
        writer = SnapshotWriter(self._folder)
        try:
            await self._do(writer.begin)
            origin = await copy_set(connection, partial(self._do, writer.add))
            await self._do(writer.finish, origin.installation, origin.version, time.time(), FIELDS)
        finally:
            connection.terminate()
            self._pool.submit(writer.abandon).add_done_callback(report_failure)
        self._subscriber.metrics.snapshot_writes.labels("built").inc()

    async def _merge(self) -> None:
        base = self._known.file
        if base is not None:
            # What is newer than the version it is marked with does no harm: it will be read again from there.
            await self._do(write_merged, self._folder, base, dict(self._known.changed), self._known.as_of)
            self._subscriber.metrics.snapshot_writes.labels("merged").inc()

    def _rest(self, seconds: float) -> None:
        self._not_before = asyncio.get_running_loop().time() + seconds

    async def _do(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)


def write_merged(folder: Path, base: SnapshotFile, changed: Mapping[Key, Changed], version: int) -> None:
    writer = SnapshotWriter(folder, base.says.codes)
    try:
        writer.begin()
        merge(writer, base, changed)
        # The lines that were copied know no more fields than before.
        writer.finish(base.says.installation, version, time.time(), base.says.fields)
    finally:
        writer.abandon()

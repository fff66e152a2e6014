"""Keeps the snapshot current: loads a newer file when there is one, and writes a new file when it is due.

All processes of a machine share one file: the one that gets the lock writes it, and the others load it. All disk access
runs in one thread, one operation at a time.
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
from referrals.snapshot.builder import DamagedSnapshot, can_merge, copy_referrals, merge
from referrals.snapshot.reader import NAME, Identity, InvalidSnapshot, SnapshotFile, identify_path, open_snapshot
from referrals.snapshot.referral_set import ChangedValue, ReferralSet
from referrals.snapshot.writer import SnapshotWriter, try_lock
from runtime.outage_log import OutageLog
from runtime.task_scope import report_failure

LOG: Final = structlog.get_logger()

CHECK_S: Final = 1.0
RETRY_S: Final = 10.0

T = TypeVar("T")


class Subscriber(Protocol):
    """What keeps the set of referrals up to date: `is_following`: it receives changes at the moment."""

    @property
    def referral_set(self) -> ReferralSet: ...

    @property
    def is_following(self) -> bool: ...

    @property
    def metrics(self) -> LookupMetrics: ...

    def use_file(self, file: SnapshotFile) -> bool: ...


class SnapshotRefresher:
    """Writes the snapshot in `folder`, at most every `interval_s` seconds. It retries after errors."""

    def __init__(self, folder: Path, interval_s: float, subscriber: Subscriber, connect: Connect) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._interval_s = interval_s
        self._subscriber = subscriber
        self._referral_set = subscriber.referral_set
        self._connect = connect
        self._pool = ThreadPoolExecutor(1, "snapshot")
        self._loaded_identity: Identity | None = None
        self._not_before = 0.0
        self._outage = OutageLog(LOG, "snapshot not written", "snapshot written again")

    async def load(self) -> None:
        """Load the file, if there is one."""
        with suppress(OSError):
            await self._load_if_newer()

    async def run(self) -> None:
        """Load and write the snapshot, until cancelled."""
        while True:
            await asyncio.sleep(min(CHECK_S, self._interval_s))
            try:
                await self._load_if_newer()
                await self._write_if_due()
            except (DamagedSnapshot, *AWAY) as error:
                self._outage.fail(describe(error), folder=str(self._folder))
                self._subscriber.metrics.snapshot_writes.labels("failed").inc()
                self._referral_set.is_damaged |= isinstance(error, DamagedSnapshot)
                self._postpone(min(self._interval_s, RETRY_S))

    async def close(self) -> None:
        """Wait until the thread has finished its work."""
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)

    async def _load_if_newer(self) -> None:
        """Load the file if it is a newer one. Raises OSError."""
        identity = await self._run_in_thread(identify_path, self._path)
        if identity == self._loaded_identity:
            return
        self._loaded_identity = identity
        if identity is None:
            return
        file = await self._run_in_thread(open_snapshot, self._path)
        if isinstance(file, InvalidSnapshot):
            LOG.warning("snapshot not usable", path=str(self._path), error=file.reason)
        elif self._should_use(file) and self._subscriber.use_file(file):
            self._postpone(self._interval_s)
            self._outage.end(folder=str(self._folder))
            LOG.info("snapshot in use", version=file.version, codes=file.info.codes)

    def _should_use(self, file: SnapshotFile) -> bool:
        loaded = self._referral_set.file
        return loaded is None or not self._referral_set.is_complete or file.version >= loaded.version

    async def _write_if_due(self) -> None:
        if self._choose_work() is None or asyncio.get_running_loop().time() < self._not_before:
            return
        lock = await self._run_in_thread(try_lock, self._folder)
        if lock is None:
            return
        try:
            loaded = self._referral_set.file
            await self._load_if_newer()
            # Choose again: another process may have written the file, or too many changes may have arrived.
            work = self._choose_work() if self._referral_set.file is loaded else None
            if work is not None:
                await work()
                self._outage.end(folder=str(self._folder))
                await self._load_if_newer()
        finally:
            self._pool.submit(lock.release).add_done_callback(report_failure)

    def _choose_work(self) -> Callable[[], Awaitable[None]] | None:
        """Choose how to write a new file: from Postgres, by merging changes, or (null) not at all."""
        referral_set = self._referral_set
        outdated = referral_set.file is None or referral_set.file.info.fields != FIELDS
        mergeable = referral_set.is_complete and not referral_set.is_damaged and can_merge(referral_set.changed)
        if self._subscriber.is_following and (outdated or not mergeable):
            return self._build
        is_there = referral_set.file is not None and referral_set.file.identity == self._loaded_identity
        return self._merge if mergeable and (referral_set.changed or not is_there) else None

    async def _build(self) -> None:
        connection = await self._connect()
        writer = SnapshotWriter(self._folder)
        try:
            await self._run_in_thread(writer.begin)
            origin = await copy_referrals(connection, partial(self._run_in_thread, writer.add))
            await self._run_in_thread(writer.finish, origin.installation, origin.version, time.time(), FIELDS)
        finally:
            connection.terminate()
            self._pool.submit(writer.discard).add_done_callback(report_failure)
        self._subscriber.metrics.snapshot_writes.labels("built").inc()

    async def _merge(self) -> None:
        base = self._referral_set.file
        if base is not None:
            # The file may contain changes newer than its version: harmless, they are read again from there.
            await self._run_in_thread(
                write_merged, self._folder, base, dict(self._referral_set.changed), self._referral_set.as_of
            )
            self._subscriber.metrics.snapshot_writes.labels("merged").inc()

    def _postpone(self, seconds: float) -> None:
        self._not_before = asyncio.get_running_loop().time() + seconds

    async def _run_in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)


def write_merged(folder: Path, base: SnapshotFile, changed: Mapping[Key, ChangedValue], version: int) -> None:
    writer = SnapshotWriter(folder, base.info.codes)
    try:
        writer.begin()
        merge(writer, base, changed)
        # `fields` of the old file: its copied lines have no newer fields.
        writer.finish(base.info.installation, version, time.time(), base.info.fields)
    finally:
        writer.discard()

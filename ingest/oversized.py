"""Clicks larger than their topic accepts. They are kept until an operator raises the topic's `max.message.bytes`.

They stay unacknowledged, so their segments stay in the journal, also across restarts; other clicks are delivered.
Every RETRY_S the smallest one is tried again, and when Kafka accepts it, all others. Memory holds MAX_CLICKS of them;
beyond that the publisher takes no clicks from the journal, as in an outage.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from ingest.journal.segments import Entry
from runtime.errors import DeliveryFailed, RecordTooLarge
from runtime.kafka.producer import DeliversRecords, OutRecord
from runtime.outage_log import OutageLog

log = structlog.get_logger()

RETRY_S: Final = 10.0
"""Each try makes Kafka close the connection, and new clicks wait until the producer has reconnected."""
MAX_CLICKS: Final = 1000


class ClickStore(Protocol):
    """Keeps clicks until they are acknowledged: the journal."""

    def acknowledge(self, entries: Sequence[Entry], /) -> None: ...


class OversizedClicks:
    """Delivers clicks to `topic` and keeps those that are too large. `has_room` is set while it can keep more.

    It may keep one delivery more than MAX_CLICKS.
    """

    def __init__(self, producer: DeliversRecords, journal: ClickStore, topic: str, retry_s: float = RETRY_S) -> None:
        self.has_room = asyncio.Event()
        self.has_room.set()
        self._producer = producer
        self._journal = journal
        self._topic = topic
        self._retry_s = retry_s
        self._kept: list[Entry] = []
        self._has_kept = asyncio.Event()
        self._retry_lock = asyncio.Lock()
        self._log = OutageLog(log, "clicks are too large for their topic", "clicks that were too large are delivered")

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def problem(self) -> str | None:
        """What is wrong and what to do; null when no click is too large."""
        if not self._kept:
            return None
        smallest = min(len(payload) for _, payload, _ in self._kept)
        return (
            f"{len(self._kept)} clicks of {smallest:,} bytes or more are too large for {self._topic} and wait in the"
            " journal: raise the topic's max.message.bytes"
        )

    async def deliver(self, entries: Sequence[Entry]) -> None:
        """Deliver clicks and acknowledge them; keep those that are too large. Raises DeliveryFailed in an outage."""
        refused = await self._try(entries)
        if refused:
            self._kept += refused
            self._log.fail(f"raise max.message.bytes of {self._topic}", clicks=len(self._kept))
            self._update_events()

    async def keep_retrying(self) -> None:
        """Deliver the kept clicks as soon as their topic accepts them; until cancelled."""
        outage = OutageLog(
            log, "clicks too large for their topic wait for Kafka", "clicks too large for their topic are tried again"
        )
        while True:
            await self._has_kept.wait()
            await asyncio.sleep(self._retry_s)
            try:
                await self.retry()
            except DeliveryFailed as error:
                outage.fail(str(error), clicks=len(self._kept))
            else:
                outage.end()

    async def retry(self) -> None:
        """Deliver the kept clicks if their topic accepts them now. Raises DeliveryFailed in an outage."""
        async with self._retry_lock:
            if self._kept:
                await self._try_kept()

    async def _try_kept(self) -> None:
        smallest = min(self._kept, key=lambda entry: len(entry[1]))
        if await self._try([smallest]):
            return
        kept = [entry for entry in self._kept if entry is not smallest]
        self._kept = kept
        self._update_events()
        refused = await self._try(kept)
        delivered = {id(entry) for entry in kept} - {id(entry) for entry in refused}
        # Keep clicks that were added during the delivery.
        self._kept = [entry for entry in self._kept if id(entry) not in delivered]
        self._update_events()
        if not self._kept:
            self._log.end()

    async def _try(self, entries: Sequence[Entry]) -> list[Entry]:
        """Deliver clicks and acknowledge them; give those that are too large. Raises DeliveryFailed."""
        try:
            await self._producer.deliver([OutRecord(self._topic, key, value) for key, value, _ in entries])
        except RecordTooLarge as error:
            too_large = frozenset(error.indexes)
            self._journal.acknowledge([entry for position, entry in enumerate(entries) if position not in too_large])
            return [entries[position] for position in error.indexes]
        self._journal.acknowledge(entries)
        return []

    def _update_events(self) -> None:
        for event, is_set in ((self._has_kept, bool(self._kept)), (self.has_room, len(self._kept) < MAX_CLICKS)):
            if is_set:
                event.set()
            else:
                event.clear()

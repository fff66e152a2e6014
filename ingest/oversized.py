"""Clicks that their topic refuses: larger than its `max.message.bytes`, or invalid for it (INVALID_RECORD).

They stay unacknowledged until an operator changes the topic, so their segments stay in the journal, also across
restarts; other clicks are delivered. Every RETRY_S the smallest of each kind is tried again, and when Kafka accepts it,
all others of its kind. Memory holds MAX_CLICKS of them; beyond that the publisher takes no clicks from the journal, as
in an outage.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import structlog

from ingest.journal.segments import Entry
from runtime.errors import DeliveryFailed, RecordRefused, RefusedFor
from runtime.kafka.out_record import DeliversRecords, OutRecord
from runtime.outage_log import OutageLog

log = structlog.get_logger()

RETRY_S: Final = 10.0
"""After a refusal the producer connects again, and new clicks wait for it."""
MAX_CLICKS: Final = 1000


REMEDIES: Final[Mapping[RefusedFor, str]] = {
    "too_large": "raise the topic's max.message.bytes",
    "invalid": "see the broker's log, and set the topic's cleanup.policy to delete",
}


class ClickStore(Protocol):
    """Keeps clicks until they are acknowledged: the journal."""

    def acknowledge(self, entries: Sequence[Entry], /) -> None: ...


class OversizedClicks:
    """Delivers clicks to `topic` and keeps those that it refuses. `has_room` is set while it can keep more.

    It may keep one delivery more than MAX_CLICKS.
    """

    def __init__(self, producer: DeliversRecords, journal: ClickStore, topic: str, retry_s: float = RETRY_S) -> None:
        self.has_room = asyncio.Event()
        self.has_room.set()
        self._producer = producer
        self._journal = journal
        self._topic = topic
        self._retry_s = retry_s
        self._kept: dict[RefusedFor, list[Entry]] = {why: [] for why in REMEDIES}
        self._has_kept = asyncio.Event()
        self._retry_lock = asyncio.Lock()
        self._log = OutageLog(log, "clicks are refused by their topic", "clicks that were refused are delivered")

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    @property
    def problem(self) -> str | None:
        """What is wrong and what to do; null when no click is refused."""
        return "; ".join(self._describe(why, kept) for why, kept in self._kept.items() if kept) or None

    def _describe(self, why: RefusedFor, kept: Sequence[Entry]) -> str:
        smallest = min(len(payload) for _, payload, _ in kept)
        kind = "too large" if why == "too_large" else "invalid (INVALID_RECORD)"
        return (
            f"{len(kept)} clicks of {smallest:,} bytes or more are {kind} for {self._topic} and wait in the"
            f" journal: {REMEDIES[why]}"
        )

    async def deliver(self, entries: Sequence[Entry]) -> None:
        """Deliver clicks and acknowledge them; keep those that are refused. Raises DeliveryFailed in an outage."""
        refused = await self._try(entries)
        for why, some in refused.items():
            self._kept[why] += some
        if refused:
            self._log.fail(self.problem or "", clicks=len(self))
            self._update_events()

    async def keep_retrying(self) -> None:
        """Deliver the kept clicks as soon as their topic accepts them; until cancelled."""
        outage = OutageLog(
            log, "clicks refused by their topic wait for Kafka", "clicks refused by their topic are tried again"
        )
        while True:
            await self._has_kept.wait()
            await asyncio.sleep(self._retry_s)
            try:
                await self.retry()
            except DeliveryFailed as error:
                outage.fail(str(error), clicks=len(self))
            else:
                outage.end()

    async def retry(self) -> None:
        """Deliver the kept clicks if their topic accepts them now. Raises DeliveryFailed in an outage."""
        async with self._retry_lock:
            for why, kept in self._kept.items():
                if kept:
                    await self._try_kept(why)
            if not len(self):
                self._log.end()

    async def _try_kept(self, why: RefusedFor) -> None:
        smallest = min(self._kept[why], key=lambda entry: len(entry[1]))
        if await self._move([smallest], why):
            await self._move(list(self._kept[why]), why)

    async def _move(self, entries: Sequence[Entry], why: RefusedFor) -> bool:
        """Deliver kept clicks; keep those that are refused. Return whether any was delivered."""
        refused = await self._try(entries)
        tried = set(map(id, entries))
        # Keep clicks that were added during the delivery.
        self._kept[why] = [entry for entry in self._kept[why] if id(entry) not in tried]
        for reason, some in refused.items():
            self._kept[reason] += some
        self._update_events()
        return sum(map(len, refused.values())) < len(entries)

    async def _try(self, entries: Sequence[Entry]) -> dict[RefusedFor, list[Entry]]:
        """Deliver clicks and acknowledge them; return those that are refused. Raises DeliveryFailed."""
        try:
            await self._producer.deliver([OutRecord(self._topic, key, value) for key, value, _ in entries])
        except RecordRefused as error:
            reasons = error.reasons
            self._journal.acknowledge([entry for position, entry in enumerate(entries) if position not in reasons])
            return {
                why: [entries[position] for position, reason in reasons.items() if reason == why]
                for why in set(reasons.values())
            }
        self._journal.acknowledge(entries)
        return {}

    def _update_events(self) -> None:
        for event, is_set in ((self._has_kept, len(self) > 0), (self.has_room, len(self) < MAX_CLICKS)):
            if is_set:
                event.set()
            else:
                event.clear()

"""Clicks that are larger than their topic takes. None is lost: somebody can raise the topic's `max.message.bytes`.

They stay unacknowledged, so their segments stay in the journal, through restarts too; everything else goes on. Every
so often the smallest is tried again: once that is taken the others follow. Memory holds so many of them and no more;
then the publisher takes no clicks from the journal until there is room again, as in an outage.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from ingest.journal.segments import Entry
from runtime.errors import DeliveryFailed, RecordTooLarge
from runtime.kafka.producer import OutRecord
from runtime.outage_log import OutageLog

log = structlog.get_logger()

AGAIN_S: Final = 10.0
"""Each try costs the producer its connection, and the clicks of now wait for the new one."""
MOST_CLICKS: Final = 1000


class Delivers(Protocol):
    """What delivers records, as RecordProducer does."""

    async def deliver(self, records: Sequence[OutRecord], /) -> None: ...


class Acknowledges(Protocol):
    """What keeps clicks until they are acknowledged: the journal."""

    def acknowledge(self, entries: Sequence[Entry], /) -> None: ...


class OversizedClicks:
    """Delivers clicks to `topic`, and holds those that are too large for it. `has_room` is set while it can take more.

    It may hold one delivery more than MOST_CLICKS.
    """

    def __init__(self, producer: Delivers, journal: Acknowledges, topic: str, again_s: float = AGAIN_S) -> None:
        self.has_room = asyncio.Event()
        self.has_room.set()
        self._producer = producer
        self._journal = journal
        self._topic = topic
        self._again_s = again_s
        self._held: list[Entry] = []
        self._some = asyncio.Event()
        self._turn = asyncio.Lock()
        self._refusals = OutageLog(log, "clicks are kept back", "clicks that were kept back are delivered")

    def __len__(self) -> int:
        return len(self._held)

    @property
    def problem(self) -> str | None:
        """What is wrong, and what to do about it; null when nothing is held."""
        if not self._held:
            return None
        smallest = min(len(payload) for _, payload, _ in self._held)
        return (
            f"{len(self._held)} clicks of {smallest:,} bytes or more are larger than {self._topic} takes, and wait in"
            " the journal: raise the topic's max.message.bytes"
        )

    async def deliver(self, entries: Sequence[Entry]) -> None:
        """Deliver clicks and acknowledge them; hold those that are too large. Raises DeliveryFailed for an outage."""
        refused = await self._try(entries)
        if refused:
            self._held += refused
            self._refusals.fail(f"larger than {self._topic} takes: raise its max.message.bytes", clicks=len(self._held))
            self._settle()

    async def keep_trying(self) -> None:
        """Deliver held clicks as soon as their topic takes them; for ever."""
        outage = OutageLog(log, "clicks that were too large wait for Kafka", "clicks that were too large go on")
        while True:
            await self._some.wait()
            await asyncio.sleep(self._again_s)
            try:
                await self.try_again()
            except DeliveryFailed as error:
                outage.fail(str(error), clicks=len(self._held))
            else:
                outage.end()

    async def try_again(self) -> None:
        """Deliver what is held, if its topic takes it now. Raises DeliveryFailed for an outage."""
        async with self._turn:
            if self._held:
                await self._try_held()

    async def _try_held(self) -> None:
        smallest = min(self._held, key=lambda entry: len(entry[1]))
        if await self._try([smallest]):
            return
        held = [entry for entry in self._held if entry is not smallest]
        self._held = held
        self._settle()
        refused = await self._try(held)
        delivered = {id(entry) for entry in held} - {id(entry) for entry in refused}
        # Others may have come meanwhile: they stay.
        self._held = [entry for entry in self._held if id(entry) not in delivered]
        self._settle()
        if not self._held:
            self._refusals.end()

    async def _try(self, entries: Sequence[Entry]) -> list[Entry]:
        """Deliver clicks and acknowledge them; give those that their topic does not take. Raises DeliveryFailed."""
        try:
            await self._producer.deliver([OutRecord(self._topic, key, value) for key, value, _ in entries])
        except RecordTooLarge as error:
            places = frozenset(error.indexes)
            self._journal.acknowledge([entry for place, entry in enumerate(entries) if place not in places])
            return [entries[place] for place in error.indexes]
        self._journal.acknowledge(entries)
        return []

    def _settle(self) -> None:
        for event, is_so in ((self._some, bool(self._held)), (self.has_room, len(self._held) < MOST_CLICKS)):
            if is_so:
                event.set()
            else:
                event.clear()

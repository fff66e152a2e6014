"""From the journal to Kafka: one task that takes clicks and rejections in batches. Nobody who puts one in ever waits.

The journal is the queue of the clicks, on disk and in memory; rejections are not worth a disk and wait in memory alone.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final, Protocol

import structlog

from ingest.journal.segments import Entry
from runtime.errors import DeliveryFailed
from runtime.pauses import pauses
from runtime.producer import OutRecord

log = structlog.get_logger()

LINGER_S: Final = 0.02
"""How long a first record waits for company: a batch of many costs a fraction of many batches."""
MOST_PAUSE_S: Final = 2.0
"""However long Kafka was away, it is found soon when it is back: new clicks are to be stored within seconds then."""
MOST_AT_ONCE: Final = 4000
MOST_REJECTIONS: Final = 2000


class Delivers(Protocol):
    """Writes records to Kafka."""

    async def deliver(self, records: Sequence[OutRecord]) -> None:
        """Return when all are acknowledged; raise DeliveryFailed when that did not happen in time."""


class ClickQueue(Protocol):
    """The clicks that Kafka does not have yet: the journal."""

    @property
    def pending(self) -> int: ...

    async def take(self, most: int) -> list[Entry]:
        """Give the next clicks, each once: whoever takes them delivers them, again and again if need be."""

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these."""


class Publisher:
    """Delivers what the journal has, and a bounded queue of rejections. `some` is set whenever there may be work."""

    def __init__(self, producer: Delivers, journal: ClickQueue, raw_topic: str, some: asyncio.Event) -> None:
        self.problem: str | None = None
        self._producer = producer
        self._journal = journal
        self._raw_topic = raw_topic
        self._some = some
        self._taken: list[Entry] = []
        self._rejections: deque[OutRecord] = deque(maxlen=MOST_REJECTIONS)

    def put_rejection(self, record: OutRecord) -> bool:
        """Take a rejection; false when the oldest one was forgotten for it, because Kafka has been away for long."""
        has_room = len(self._rejections) < MOST_REJECTIONS
        self._rejections.append(record)
        self._some.set()
        return has_room

    async def run(self) -> None:
        """Deliver for ever. What Kafka does not acknowledge is delivered again, in order, before anything else."""
        waits = pauses(most_s=MOST_PAUSE_S)
        while True:
            await self._some.wait()
            await asyncio.sleep(LINGER_S)
            try:
                await self._deliver_some()
            except DeliveryFailed as error:
                self.problem = str(error)
                log.warning("publisher waits for Kafka", error=str(error), clicks=self._journal.pending)
                await asyncio.sleep(next(waits))
            else:
                self.problem = None
                waits = pauses(most_s=MOST_PAUSE_S)

    async def drain(self, seconds: float) -> int:
        """Wait until everything is delivered, at most so long; give how many rejections are left.

        Clicks that are left are no loss: they are in the journal, and the next process delivers them.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while (self._journal.pending or self._rejections) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - the journal knows, and tells nobody
            await asyncio.sleep(LINGER_S)
        return len(self._rejections)

    async def _deliver_some(self) -> None:
        self._taken = self._taken or await self._journal.take(MOST_AT_ONCE)
        rejections = list(islice(self._rejections, MOST_AT_ONCE))
        if not self._taken and not rejections:
            self._some.clear()
            return
        clicks = [OutRecord(self._raw_topic, key, value) for key, value, _ in self._taken]
        await self._producer.deliver([*clicks, *rejections])
        self._journal.acknowledge(self._taken)
        self._taken = []
        # Meanwhile the oldest rejections may have been forgotten for newer ones: only what was sent goes.
        sent = set(map(id, rejections))
        while self._rejections and id(self._rejections[0]) in sent:
            self._rejections.popleft()

"""From the journal to Kafka: a task takes clicks in batches, and another one rejections. Nobody who puts one in waits.

The journal is the queue of the clicks, on disk and in memory; rejections are not worth a disk and wait in memory alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Protocol

import structlog

from ingest.journal.segments import Entry
from ingest.oversized import OversizedClicks
from runtime.backoff import backoff_delays
from runtime.errors import DeliveryFailed, RecordTooLarge
from runtime.kafka.producer import OutRecord
from runtime.outage_log import OutageLog
from runtime.task_scope import task_scope

log = structlog.get_logger()

LINGER_S: Final = 0.02
"""How often the publisher looks whether there are enough clicks."""
MOST_LINGERS: Final = 5
"""Looks after which they are delivered, however few: large batches cost a fraction of what many small ones do."""
ENOUGH: Final = 240
"""Clicks worth a delivery at once: 20 for each partition."""
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

    async def take(self, most: int, seconds: float) -> list[Entry]:
        """Give the next clicks, each once: whoever takes them delivers them, again and again if need be.

        Of those that are old as many as fit in so many seconds, at least one.
        """

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these."""


def lose_unseen(_reason: str, _count: int) -> None:
    """Lose rejections of which nobody counts the losses."""


class Publisher:
    """Delivers what the journal has, and a bounded queue of rejections. `some` is set whenever there may be clicks.

    `problem` is why clicks cannot be delivered at present, or which ones cannot. `for_rejections` is a producer of
    their own, without which clicks wait for `producer` while their topic, say, is missing. `lose_rejections` is told
    why rejections are gone for good, and how many.
    """

    def __init__(
        self,
        producer: Delivers,
        journal: ClickQueue,
        raw_topic: str,
        some: asyncio.Event,
        for_rejections: Delivers | None = None,
        lose_rejections: Callable[[str, int], None] = lose_unseen,
    ) -> None:
        self._lose_rejections = lose_rejections
        self.oversized = OversizedClicks(producer, journal, raw_topic)
        self._outage: str | None = None
        self._for_rejections = for_rejections or producer
        self._journal = journal
        self._some = some
        self._taken: list[Entry] = []
        self._taken_s = 0.0
        self._drains = False
        self._some_rejections = asyncio.Event()
        self._rejections: deque[OutRecord] = deque(maxlen=MOST_REJECTIONS)

    @property
    def problem(self) -> str | None:
        return self._outage or self.oversized.problem

    def put_rejection(self, record: OutRecord) -> bool:
        """Take a rejection; false when the oldest one was forgotten for it, because Kafka has been away for long."""
        has_room = len(self._rejections) < MOST_REJECTIONS
        self._rejections.append(record)
        self._some_rejections.set()
        return has_room

    async def run(self) -> None:
        """Deliver for ever. What Kafka does not acknowledge is delivered again, in order, before anything else."""
        async with task_scope(self._keep_delivering_rejections(), self.oversized.keep_trying()):
            await self._keep_delivering_clicks()

    async def drain(self, seconds: float) -> int:
        """Wait until everything is delivered, at most so long; give how many rejections are left.

        From now on old clicks are delivered as fast as can be. Those left are no loss: they are in the journal, and the
        next process delivers them. Clicks larger than their topic takes are not waited for.
        """
        self._drains = True
        deadline = asyncio.get_running_loop().time() + seconds
        while self._has_work and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - the journal knows, and tells nobody
            await asyncio.sleep(LINGER_S)
        return len(self._rejections)

    @property
    def _has_work(self) -> bool:
        return self._journal.pending > len(self.oversized) or bool(self._rejections)

    async def _keep_delivering_clicks(self) -> None:
        waits = backoff_delays(most_s=MOST_PAUSE_S)
        outage = OutageLog(log, "publisher waits for Kafka", "publisher delivers clicks again")
        while True:
            await self._some.wait()
            await self.oversized.has_room.wait()
            await self._linger()
            try:
                await self._deliver_clicks()
            except DeliveryFailed as error:
                self._outage = str(error)
                outage.fail(str(error), clicks=self._journal.pending)
                await asyncio.sleep(next(waits))
            else:
                self._outage = None
                outage.end()
                waits = backoff_delays(most_s=MOST_PAUSE_S)

    async def _linger(self) -> None:
        """Wait until there are enough clicks for large batches, or the first has waited long enough."""
        for _ in range(MOST_LINGERS):
            await asyncio.sleep(LINGER_S)
            if self._drains or self._journal.pending >= ENOUGH:
                return

    async def _keep_delivering_rejections(self) -> None:
        outage = OutageLog(log, "publisher waits for Kafka", "publisher delivers rejections again")
        while True:
            await self._some_rejections.wait()
            await asyncio.sleep(LINGER_S)
            try:
                await self._deliver_rejections()
            except DeliveryFailed as error:
                outage.fail(str(error), rejections=len(self._rejections))
                await asyncio.sleep(MOST_PAUSE_S)
            else:
                outage.end()

    async def _deliver_clicks(self) -> None:
        self._taken = self._taken or await self._take()
        if not self._taken:
            self._some.clear()
            return
        await self.oversized.deliver(self._taken)
        self._taken = []

    async def _deliver_rejections(self) -> None:
        self._some_rejections.clear()
        rejections = list(self._rejections)
        try:
            await self._for_rejections.deliver(rejections)
        except RecordTooLarge as error:
            # Rejections are not worth a disk: the others are written, and these are dropped.
            log.error("rejections are dropped", problem=str(error))  # noqa: TRY400 - no trace says more
            self._lose_rejections("too_large", len(error.indexes))
        except DeliveryFailed:
            self._some_rejections.set()
            raise
        # Meanwhile the oldest ones may have been forgotten for newer ones: only what was sent goes.
        sent = set(map(id, rejections))
        while self._rejections and id(self._rejections[0]) in sent:
            self._rejections.popleft()

    async def _take(self) -> list[Entry]:
        now = asyncio.get_running_loop().time()
        seconds = inf if self._drains else now - self._taken_s
        self._taken_s = now
        return await self._journal.take(MOST_AT_ONCE, seconds)

"""Delivers clicks and rejections to Kafka: one background task for each.

Clicks are queued in the journal, on disk and in memory. Rejections are queued only in memory.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Protocol

import structlog

from ingest.journal.segments import Entry
from ingest.oversized import OversizedClicks
from runtime.backoff import backoff_delays
from runtime.errors import DeliveryFailed, RecordRefused
from runtime.kafka.out_record import DeliversRecords, OutRecord
from runtime.outage_log import OutageLog
from runtime.task_scope import task_scope

log = structlog.get_logger()

LINGER_S: Final = 0.02
"""How often the publisher checks whether there are enough clicks."""
MAX_LINGERS: Final = 5
"""Checks after which any number of clicks is delivered: one large batch is much cheaper than many small ones."""
ENOUGH: Final = 240
"""Clicks that are delivered at once: two or three full record batches."""
MAX_PAUSE_S: Final = 2.0
"""The longest backoff, so that new clicks are stored within seconds after Kafka is back."""
MAX_AT_ONCE: Final = 4000
MAX_REJECTIONS: Final = 2000


class ClickQueue(Protocol):
    """The clicks that Kafka does not have yet: the journal."""

    @property
    def pending(self) -> int: ...

    async def take(self, most: int, seconds: float) -> list[Entry]:
        """Give the next clicks, each once; the caller must deliver them, and retry until it succeeds.

        Old clicks are limited to those that fit in `seconds`, at least one.
        """

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these clicks."""


def ignore_loss(_reason: str, _count: int) -> None:
    """Do not count lost rejections."""


class Publisher:
    """Delivers the clicks of the journal, when `has_clicks` is set, and a bounded queue of rejections.

    `problem` says why clicks cannot be delivered, or which ones. Rejections have a producer of their own
    (`for_rejections`), so that clicks do not wait while the rejections' topic is missing. `lose_rejections` is called
    with the reason and the number of lost rejections.
    """

    def __init__(
        self,
        producer: DeliversRecords,
        journal: ClickQueue,
        raw_topic: str,
        has_clicks: asyncio.Event,
        for_rejections: DeliversRecords | None = None,
        lose_rejections: Callable[[str, int], None] = ignore_loss,
    ) -> None:
        self._lose_rejections = lose_rejections
        self.oversized = OversizedClicks(producer, journal, raw_topic)
        self._outage: str | None = None
        self._for_rejections = for_rejections or producer
        self._journal = journal
        self._has_clicks = has_clicks
        self._taken: list[Entry] = []
        self._taken_s = 0.0
        self._is_draining = False
        self._has_rejections = asyncio.Event()
        self._rejections: deque[OutRecord] = deque(maxlen=MAX_REJECTIONS)

    @property
    def problem(self) -> str | None:
        return self._outage or self.oversized.problem

    def put_rejection(self, record: OutRecord) -> bool:
        """Queue a rejection; false when the queue was full and the oldest one was dropped."""
        has_room = len(self._rejections) < MAX_REJECTIONS
        self._rejections.append(record)
        self._has_rejections.set()
        return has_room

    async def run(self) -> None:
        """Deliver until cancelled. Clicks that Kafka does not acknowledge are retried in order before any others."""
        async with task_scope(self._keep_delivering_rejections(), self.oversized.keep_retrying()):
            await self._keep_delivering_clicks()

    async def drain(self, seconds: float) -> int:
        """Wait at most `seconds` until everything is delivered; give the number of rejections left.

        Old clicks are now delivered without a rate limit. Clicks left are not lost: they are in the journal, and the
        next process delivers them. Clicks too large for their topic are not waited for.
        """
        self._is_draining = True
        deadline = asyncio.get_running_loop().time() + seconds
        while self._has_work and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - polling: no event exists for this condition
            await asyncio.sleep(LINGER_S)
        return len(self._rejections)

    @property
    def _has_work(self) -> bool:
        return self._deliverable > 0 or bool(self._rejections)

    @property
    def _deliverable(self) -> int:
        """How many clicks wait that their topic does not refuse."""
        return self._journal.pending - len(self.oversized)

    async def _keep_delivering_clicks(self) -> None:
        backoff = backoff_delays(most_s=MAX_PAUSE_S)
        outage = OutageLog(log, "publisher waits for Kafka", "publisher delivers clicks again")
        while True:
            await self._has_clicks.wait()
            await self.oversized.has_room.wait()
            await self._linger()
            try:
                await self._deliver_clicks()
            except DeliveryFailed as error:
                self._outage = str(error)
                outage.fail(str(error), clicks=self._journal.pending)
                await asyncio.sleep(next(backoff))
            else:
                self._outage = None
                outage.end()
                backoff = backoff_delays(most_s=MAX_PAUSE_S)

    async def _linger(self) -> None:
        """Wait until there are enough clicks for large batches, or the first click has waited long enough."""
        for _ in range(MAX_LINGERS):
            await asyncio.sleep(LINGER_S)
            if self._is_draining or self._deliverable >= ENOUGH:
                return

    async def _keep_delivering_rejections(self) -> None:
        outage = OutageLog(log, "publisher waits for Kafka", "publisher delivers rejections again")
        while True:
            await self._has_rejections.wait()
            await asyncio.sleep(LINGER_S)
            try:
                await self._deliver_rejections()
            except DeliveryFailed as error:
                outage.fail(str(error), rejections=len(self._rejections))
                await asyncio.sleep(MAX_PAUSE_S)
            else:
                outage.end()

    async def _deliver_clicks(self) -> None:
        self._taken = self._taken or await self._take()
        if not self._taken:
            self._has_clicks.clear()
            return
        await self.oversized.deliver(self._taken)
        self._taken = []

    async def _deliver_rejections(self) -> None:
        self._has_rejections.clear()
        rejections = list(self._rejections)
        try:
            await self._for_rejections.deliver(rejections)
        except RecordRefused as error:
            # The other rejections were written; these are dropped.
            log.error("rejections are dropped", problem=str(error))  # noqa: TRY400 - a traceback adds nothing
            for reason, count in Counter(error.reasons.values()).items():
                self._lose_rejections(reason, count)
        except DeliveryFailed:
            self._has_rejections.set()
            raise
        # New rejections may have displaced the oldest ones during the delivery: remove only those that were sent.
        sent = set(map(id, rejections))
        while self._rejections and id(self._rejections[0]) in sent:
            self._rejections.popleft()

    async def _take(self) -> list[Entry]:
        now = asyncio.get_running_loop().time()
        seconds = inf if self._is_draining else now - self._taken_s
        self._taken_s = now
        return await self._journal.take(MAX_AT_ONCE, seconds)

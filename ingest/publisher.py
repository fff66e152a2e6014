"""From memory to Kafka: bounded queues, and one task that empties them. Nobody who puts a record in ever waits.

The journal will stand between the redirect and this queue; until then a click in the queue is lost with the process.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, Protocol

import structlog

from runtime.errors import DeliveryFailed
from runtime.pauses import pauses
from runtime.producer import OutRecord

log = structlog.get_logger()

LINGER_S: Final = 0.005
"""How long a first record waits for company: a batch of many costs a fraction of many batches."""
MOST_AT_ONCE: Final = 4000
MOST_REJECTIONS: Final = 2000


class Delivers(Protocol):
    """Writes records to Kafka."""

    async def deliver(self, records: Sequence[OutRecord]) -> None:
        """Return when all are acknowledged; raise DeliveryFailed when that did not happen in time."""


class Publisher:
    """Queues for clicks and for rejections, apart, so that a flood of the latter never pushes out a click."""

    def __init__(self, producer: Delivers, most_clicks: int) -> None:
        self.problem: str | None = None
        self._producer = producer
        self._most_clicks = most_clicks
        self._clicks: deque[OutRecord] = deque()
        self._rejections: deque[OutRecord] = deque(maxlen=MOST_REJECTIONS)
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    @property
    def waiting(self) -> int:
        return len(self._clicks)

    def put_click(self, record: OutRecord) -> bool:
        """Take a click; false, and the click is not taken, when the queue is full."""
        if len(self._clicks) >= self._most_clicks:
            return False
        self._clicks.append(record)
        self._note_some()
        return True

    def put_rejection(self, record: OutRecord) -> bool:
        """Take a rejection; false when the oldest one was forgotten for it, because Kafka has been away for long."""
        has_room = len(self._rejections) < MOST_REJECTIONS
        self._rejections.append(record)
        self._note_some()
        return has_room

    async def run(self) -> None:
        """Deliver for ever. What Kafka does not acknowledge stays, in order, and is delivered again."""
        waits = pauses()
        while True:
            await self._some.wait()
            await asyncio.sleep(LINGER_S)
            try:
                await self._deliver_some()
            except DeliveryFailed as error:
                self.problem = str(error)
                log.warning("publisher waits for Kafka", error=str(error), clicks=len(self._clicks))
                await asyncio.sleep(next(waits))
            else:
                self.problem = None
                waits = pauses()

    async def drain(self, seconds: float) -> tuple[int, int]:
        """Wait until everything is delivered, at most so long; give how many clicks and rejections are left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none.wait()
        return len(self._clicks), len(self._rejections)

    async def _deliver_some(self) -> None:
        clicks = list(islice(self._clicks, MOST_AT_ONCE))
        rejections = list(islice(self._rejections, MOST_AT_ONCE))
        await self._producer.deliver([*clicks, *rejections])
        for _ in clicks:
            self._clicks.popleft()
        # Meanwhile the oldest rejections may have been forgotten for newer ones: only what was sent goes.
        sent = set(map(id, rejections))
        while self._rejections and id(self._rejections[0]) in sent:
            self._rejections.popleft()
        if not self._clicks and not self._rejections:
            self._some.clear()
            self._none.set()

    def _note_some(self) -> None:
        self._some.set()
        self._none.clear()

"""What comes live, for everybody who looks: the last few hundred lines, and a bounded queue for each browser."""

import asyncio
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import msgspec

from console.metrics import ConsoleMetrics
from console.pages.filters import Filters, matches
from console.pages.lines import ClickOrRejection, Line, make_line

SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
REMEMBERED: Final = 500
QUEUED: Final = 500


class Arrival(msgspec.Struct, frozen=True):
    """A click or a rejection as it came in; `sequence` counts them since the process started."""

    sequence: int
    line: Line
    event: ClickOrRejection


class Delivery(msgspec.Struct, frozen=True):
    """What came since the last time, oldest first, and how many were dropped because the browser was too slow."""

    arrivals: tuple[Arrival, ...]
    dropped: int


class Subscription:
    """One browser's queue. When it is full the oldest goes, and is counted."""

    def __init__(self, filters: Filters) -> None:
        self.closed = False
        self._filters = filters
        self._waiting: deque[Arrival] = deque()
        self._dropped = 0
        self._has_items = asyncio.Event()

    def offer(self, arrival: Arrival) -> bool:
        """Queue the arrival unless it is filtered out; tell whether another had to go for it."""
        if not matches(arrival.line.filterable, self._filters):
            return False
        full = len(self._waiting) >= QUEUED
        if full:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(arrival)
        self._has_items.set()
        return full

    def close(self) -> None:
        self.closed = True
        self._has_items.set()

    async def receive(self, timeout_s: float) -> Delivery:
        """Wait for news, no longer than that, and take all there is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._has_items.wait()
        delivery = Delivery(tuple(self._waiting), self._dropped)
        self._waiting.clear()
        self._dropped = 0
        if not self.closed:
            self._has_items.clear()
        return delivery


class Broadcast:
    """Hands what comes to every subscription. `epoch` names this process: its sequence means nothing to another."""

    def __init__(self, epoch: str, metrics: ConsoleMetrics) -> None:
        self._epoch = epoch
        self._metrics = metrics
        self._sequence = 0
        self._recent: dict[str, Arrival] = {}
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def publish(self, event: ClickOrRejection) -> None:
        """Remember and hand on. What was here a moment ago came twice, and is passed over."""
        line = make_line(event)
        if line.id in self._recent:
            return
        self._sequence += 1
        arrival = Arrival(self._sequence, line, event)
        self._recent[line.id] = arrival
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
        for subscription in self._subscriptions:
            if subscription.offer(arrival):
                self._metrics.dropped.inc()

    def recent(self, filters: Filters) -> list[Line]:
        """Give the lines still remembered that pass the filters, oldest first."""
        return [arrival.line for arrival in self._recent.values() if matches(arrival.line.filterable, filters)]

    def find(self, ulid: str) -> ClickOrRejection | None:
        arrival = self._recent.get(ulid)
        return None if arrival is None else arrival.event

    @property
    def position(self) -> str:
        """Where the stream is now, to go on from later."""
        return self.format_position(self._sequence)

    def format_position(self, sequence: int) -> str:
        return f"{self._epoch}-{sequence}"

    @contextmanager
    def subscribe(self, filters: Filters, after: str) -> Iterator[Subscription]:
        """Listen while the context is open. It begins with what is remembered of the time after that place.

        Of a place in another process everything remembered is after it: a browser passes over what it has.
        """
        subscription = Subscription(filters)
        epoch, _, sequence = after.rpartition("-")
        seen = int(sequence) if epoch == self._epoch and SEQUENCE.fullmatch(sequence) else 0
        for arrival in self._recent.values():
            if arrival.sequence > seen:
                subscription.offer(arrival)
        self._subscriptions.add(subscription)
        if self._closed:
            subscription.close()
        self._metrics.browsers.set(len(self._subscriptions))
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            self._metrics.browsers.set(len(self._subscriptions))

    @property
    def listeners(self) -> int:
        return len(self._subscriptions)

    def close(self) -> None:
        """End every subscription: whoever waits gets what is there, and sees `closed`."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

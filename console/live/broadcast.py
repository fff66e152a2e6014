"""The live view's events: the most recent ones, and a bounded queue for each browser.

Decoding all of a busy site's clicks is most of what a console does, and most of the time nobody looks: what arrives
then is kept as it came, and read when somebody comes.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import msgspec

from console.clicks.events import ClickOrRejection
from console.clicks.filters import Filters, matches
from console.clicks.lines import Line, make_line
from console.metrics import ConsoleMetrics

SEQUENCE: Final = re.compile(r"[0-9]{1,18}")
REMEMBERED: Final = 500
QUEUED: Final = 500


class Arrival(msgspec.Struct, frozen=True):
    """A click or rejection that arrived; `sequence` counts them from the start of the process."""

    sequence: int
    line: Line
    event: ClickOrRejection


class Delivery(msgspec.Struct, frozen=True):
    """New arrivals, oldest first, and how many were dropped because the browser reads too slowly."""

    arrivals: tuple[Arrival, ...]
    dropped: int


class Subscription:
    """One browser's queue. When it is full, the oldest arrival is dropped and counted."""

    def __init__(self, filters: Filters) -> None:
        self.closed = False
        self._filters = filters
        self._waiting: deque[Arrival] = deque()
        self._dropped = 0
        self._has_items = asyncio.Event()

    def offer(self, arrival: Arrival) -> bool:
        """Queue an arrival that matches the filters; tell whether an older one was dropped."""
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
        """Wait up to `timeout_s` for arrivals, and return all that are queued."""
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
    """Sends events to all subscriptions. `epoch` identifies this process: its positions are not valid in another."""

    def __init__(self, epoch: str, metrics: ConsoleMetrics) -> None:
        self._epoch = epoch
        self._metrics = metrics
        self._sequence = 0
        self._recent: dict[str, Arrival] = {}
        self._unread: deque[Callable[[], object]] = deque()
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def defer(self, publish: Callable[[], object]) -> None:
        """Keep what publishes an event until somebody looks, or until as many others have come as are remembered."""
        if self._subscriptions:
            publish()
            return
        self._unread.append(publish)
        if len(self._unread) > REMEMBERED:
            self._unread.popleft()
            self._metrics.events.labels("unread").inc()

    def publish(self, event: ClickOrRejection) -> None:
        """Keep an event and queue it for every subscription. Ignore a repeat of a recent event."""
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
        """Return the recent lines that match the filters, oldest first."""
        self._read()
        return [arrival.line for arrival in self._recent.values() if matches(arrival.line.filterable, filters)]

    def forget(self, ids: Iterable[str]) -> None:
        """Forget these recent events: nobody who looks or subscribes from now on gets them."""
        for one in ids:
            self._recent.pop(one, None)

    def find(self, ulid: str) -> ClickOrRejection | None:
        self._read()
        arrival = self._recent.get(ulid)
        return None if arrival is None else arrival.event

    @property
    def position(self) -> str:
        """The current position in the stream, to continue from later."""
        self._read()
        return self.format_position(self._sequence)

    def format_position(self, sequence: int) -> str:
        return f"{self._epoch}-{sequence}"

    @contextmanager
    def subscribe(self, filters: Filters, after: str) -> Iterator[Subscription]:
        """Subscribe while the context is open, starting with the recent events after the position `after`.

        For a position of another process, start with all recent events: the browser skips those it already shows.
        """
        self._read()
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

    def _read(self) -> None:
        while self._unread:
            self._unread.popleft()()

    @property
    def listeners(self) -> int:
        return len(self._subscriptions)

    def close(self) -> None:
        """End every subscription: waiting calls return what is queued, and see `closed`."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

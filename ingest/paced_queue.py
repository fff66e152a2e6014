"""Slows down delivery to Kafka while visitors wait too long: it takes their processor time. The clicks are on disk."""

import asyncio
from collections.abc import Callable, Sequence
from math import isinf
from typing import Final

from ingest.journal.segments import Entry
from ingest.publisher import ClickQueue

CHECK_S: Final = 0.02
SLOW_PAUSE_S: Final = 1.0
SLOW_AT_ONCE: Final = 500
"""While visitors wait too long, so many clicks are given after each pause; the others stay in the journal."""
MOST_KEPT_BACK: Final = 1_000_000
"""With more clicks in the journal (about 600 MB) delivery does not slow down: the disk must not fill up."""


class PacedQueue:
    """A queue that gives few clicks, and late, while `must_slow_down`. A drain is not slowed down."""

    def __init__(self, queue: ClickQueue, must_slow_down: Callable[[], bool]) -> None:
        self._queue = queue
        self._must_slow_down = must_slow_down
        self.acknowledge: Callable[[Sequence[Entry]], None] = queue.acknowledge

    @property
    def pending(self) -> int:
        return self._queue.pending

    async def take(self, most: int, seconds: float) -> list[Entry]:
        """Give clicks as the queue does. Unlimited `seconds` mean a drain."""
        if not isinf(seconds):
            checks = round(SLOW_PAUSE_S / CHECK_S)
            while self._is_slow and checks:
                checks -= 1
                await asyncio.sleep(CHECK_S)
            if self._is_slow:
                most = min(most, SLOW_AT_ONCE)
        return await self._queue.take(most, seconds)

    @property
    def _is_slow(self) -> bool:
        return self._must_slow_down() and self._queue.pending < MOST_KEPT_BACK

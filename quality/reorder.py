"""Puts clicks that come somewhat out of order into the order of their ids. Pure."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final

from quality.settling_click import SettlingClick

REORDER_MS: Final = 15 * 60 * 1000


class ReorderBuffer:
    """Holds back the clicks of 15 minutes. A click that is later than that is counted in `too_late` and left out."""

    def __init__(self, window_ms: int = REORDER_MS) -> None:
        self._window_ms = window_ms
        self._heap: list[tuple[str, int, SettlingClick]] = []
        self._numbers = count()
        self._newest_ms = 0
        self._given = ""
        self.too_late = 0

    def add(self, click: SettlingClick) -> Iterator[SettlingClick]:
        """Add a click; give those before which no other can come. A click that was given already is left out."""
        if click.click_id <= self._given:
            self.too_late += click.click_id < self._given
            return
        heappush(self._heap, (click.click_id, next(self._numbers), click))
        self._newest_ms = max(self._newest_ms, click.time_ms)
        while self._heap and self._heap[0][2].time_ms < self._newest_ms - self._window_ms:
            yield from self._give()

    def end(self) -> Iterator[SettlingClick]:
        """Give all that is left."""
        while self._heap:
            yield from self._give()

    def _give(self) -> Iterator[SettlingClick]:
        click_id, _, click = heappop(self._heap)
        # A topic may hold a record twice.
        if click_id != self._given:
            self._given = click_id
            yield click

"""A first-in, first-out queue of records in memory that knows its weight."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from ingest.journal.segments import Entry

ENTRY_OVERHEAD: Final = 300
"""Bytes of memory per record besides its payload, measured: two bytes objects, key, tuple, slot in the queue."""


class EntryQueue:
    """A queue of entries. `weight` is their size in memory in bytes."""

    def __init__(self) -> None:
        self.weight = 0
        self._entries: deque[Entry] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Entry) -> None:
        self.weight += len(entry[1]) + ENTRY_OVERHEAD
        self._entries.append(entry)

    def put_all(self, entries: Sequence[Entry]) -> None:
        self.weight += sum([len(entry[1]) for entry in entries]) + ENTRY_OVERHEAD * len(entries)
        self._entries.extend(entries)

    def take(self, most: int, most_weight: int) -> list[Entry]:
        """Take the first entries: at most `most`, until they weigh `most_weight`, but at least one."""
        taken: list[Entry] = []
        weight = 0
        while self._entries and len(taken) < most and weight < most_weight:
            entry = self._entries.popleft()
            weight += len(entry[1]) + ENTRY_OVERHEAD
            taken.append(entry)
        self.weight -= weight
        return taken

"""Records in memory, first in, first out, and what they weigh."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from ingest.journal.segments import Entry

BESIDES: Final = 300
"""Bytes of memory a record takes besides its payload, measured: two headers of bytes, a key, a tuple, its place."""


class EntryQueue:
    """A queue of entries. `weight` is in bytes of memory."""

    def __init__(self) -> None:
        self.weight = 0
        self._entries: deque[Entry] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Entry) -> None:
        self.weight += len(entry[1]) + BESIDES
        self._entries.append(entry)

    def put_all(self, entries: Sequence[Entry]) -> None:
        self.weight += sum([len(entry[1]) for entry in entries]) + BESIDES * len(entries)
        self._entries.extend(entries)

    def take(self, most: int, most_weight: int) -> list[Entry]:
        """Take the first entries: at most so many, of at most so much weight, but one in any case."""
        taken: list[Entry] = []
        weight = 0
        while self._entries and len(taken) < most and weight < most_weight:
            entry = self._entries.popleft()
            weight += len(entry[1]) + BESIDES
            taken.append(entry)
        self.weight -= weight
        return taken

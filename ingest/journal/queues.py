"""The two queues of the journal: new clicks in memory, older ones in the backlog; and what is taken from each.

Memory is a window of a few seconds. Clicks it has no room for are old when their turn comes, as are those of earlier
processes. They are taken at a pace that whoever reads the topic keeps up with: or the clicks of now, which wait for no
old one here, would wait behind all of them there (decision 8).
"""

from collections.abc import Sequence
from typing import Final

from ingest.journal.backlog import Backlog
from ingest.journal.entry_queue import EntryQueue
from ingest.journal.segments import Entry

TAKEN_BYTES: Final = 4 * 1024 * 1024
OLD_PER_S: Final = 2000
"""An enricher and a sink take more on two processors that all else shares: there is room for new clicks."""
OLD_PER_NEW: Final = 2
"""Readers that keep up with many clicks keep up with more: a backlog goes twice as fast as it came."""


class Queues:
    """Holds clicks until they are taken.

    Memory takes as much as `window_bytes`, and of clicks that no disk took as much as `memory_bytes`.
    """

    def __init__(self, memory_bytes: int, window_bytes: int, backlog: Backlog) -> None:
        self.memory = EntryQueue()
        self._memory_bytes = memory_bytes
        self._window_bytes = window_bytes
        self._backlog = backlog

    @property
    def has_room(self) -> bool:
        """Whether new clicks may well go through memory again."""
        return self.memory.weight <= self._window_bytes // 2

    def hold(self, entry: Entry, place: int) -> bool:
        """Put a click in memory if there is room, and count it; `place` is where in its segment it stands.

        False when it is nowhere then.
        """
        segment = entry[2]
        if not segment.spills:
            if self.memory.weight < (self._memory_bytes if segment.in_memory else self._window_bytes):
                self.memory.put(entry)
                segment.held += 1
            elif segment.in_memory:
                return False
            else:
                # From here on this file's clicks are in it alone.
                segment.read_to = place
        segment.written += 1
        return True

    def hold_all(self, entries: Sequence[Entry], sizes: Sequence[int]) -> None:
        """Hold clicks that stand, in frames of so many bytes, at the end of one file."""
        segment = entries[0][2]
        if not segment.spills and self.memory.weight < self._window_bytes:
            # The last of them may find no room any more: so few do no harm.
            self.memory.put_all(entries)
            segment.held += len(entries)
            segment.written += len(entries)
            return
        place = segment.size - sum(sizes)
        for entry, size in zip(entries, sizes, strict=True):
            self.hold(entry, place)
            place += size

    async def take(self, most: int, seconds: float) -> list[Entry]:
        """Give clicks, at most so many, new ones first; of the old ones as many as fit in so many seconds.

        A backlog is never left out for new clicks: half of what is taken may be its own.
        """
        new = len(self.memory)
        old = int(min(allowed(seconds, new), max((most + 1) // 2, most - new)))
        await self._backlog.fill(old, TAKEN_BYTES)
        replayed = self._backlog.take(old, TAKEN_BYTES)
        return self.memory.take(most - len(replayed), TAKEN_BYTES) + replayed


def allowed(seconds: float, new: int) -> float:
    """Give how many old clicks may be taken after `seconds` in which so many new ones came; at least one."""
    return max(1, OLD_PER_NEW * new, OLD_PER_S * seconds)

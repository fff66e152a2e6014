"""The two queues of the journal: new clicks in memory and old clicks in the backlog, and how many are taken from each.

Memory holds a few seconds of clicks. Clicks beyond that, and clicks of earlier processes, are old when they are read
back. They are taken at a limited rate that consumers of the topic keep up with; otherwise new clicks, which do not wait
for old ones here, would wait behind them in the topic (decision 8).
"""

from collections.abc import Sequence
from typing import Final

from ingest.journal.backlog import Backlog
from ingest.journal.entry_queue import EntryQueue
from ingest.journal.segments import Entry

TAKEN_BYTES: Final = 4 * 1024 * 1024
OLD_PER_S: Final = 2000
"""An enricher and a sink process more than this on two shared processors, so there is capacity left for new clicks."""
OLD_PER_NEW: Final = 2
"""Consumers that keep up with many new clicks have capacity for more: a backlog shrinks twice as fast as it grew."""


class Queues:
    """Holds clicks until they are taken.

    Memory holds up to `window_bytes` of clicks, and up to `memory_bytes` of clicks that the disk refused.
    """

    def __init__(self, memory_bytes: int, window_bytes: int, backlog: Backlog) -> None:
        self.memory = EntryQueue()
        self._memory_bytes = memory_bytes
        self._window_bytes = window_bytes
        self._backlog = backlog

    @property
    def has_room(self) -> bool:
        """Whether memory is at most half full, so that new clicks may be kept in it again."""
        return self.memory.weight <= self._window_bytes // 2

    def put(self, entry: Entry, offset: int) -> bool:
        """Queue a click in memory if there is room, and count it. `offset` is its position in its segment.

        False if the click is neither in memory nor on disk.
        """
        segment = entry[2]
        if not segment.has_unbuffered:
            if self.memory.weight < (self._memory_bytes if segment.in_memory else self._window_bytes):
                self.memory.put(entry)
                segment.buffered += 1
            elif segment.in_memory:
                return False
            else:
                # From this offset on, the clicks of this file are only in the file.
                segment.read_to = offset
        segment.written += 1
        return True

    def put_all(self, entries: Sequence[Entry], sizes: Sequence[int]) -> None:
        """Queue clicks whose frames, of these sizes, are at the end of one file."""
        segment = entries[0][2]
        if not segment.has_unbuffered and self.memory.weight < self._window_bytes:
            # May exceed the window by one batch, which is small.
            self.memory.put_all(entries)
            segment.buffered += len(entries)
            segment.written += len(entries)
            return
        offset = segment.size - sum(sizes)
        for entry, size in zip(entries, sizes, strict=True):
            self.put(entry, offset)
            offset += size

    async def take(self, most: int, seconds: float) -> list[Entry]:
        """Give at most `most` clicks, new ones first, and as many old ones as `seconds` allow.

        New clicks never displace the backlog completely: up to half of the clicks may be old.
        """
        new = len(self.memory)
        old = int(min(allowance(seconds, new), max((most + 1) // 2, most - new)))
        await self._backlog.fill(old, TAKEN_BYTES)
        replayed = self._backlog.take(old, TAKEN_BYTES)
        return self.memory.take(most - len(replayed), TAKEN_BYTES) + replayed


def allowance(seconds: float, new: int) -> float:
    """Give how many old clicks may be taken after `seconds` in which `new` clicks came; at least one."""
    return max(1, OLD_PER_NEW * new, OLD_PER_S * seconds)

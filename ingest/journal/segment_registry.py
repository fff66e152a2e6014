"""Which files the journal has, how far each has come, and when it goes."""

from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

import structlog

from ingest.journal.segments import Entry, Segment, remove
from ingest.journal.threads import Threads

log = structlog.get_logger()

SEGMENT_OF: Final = itemgetter(2)

Lose = Callable[[str, int], None]
"""Counts clicks as lost: `journal_failed` (neither disk nor memory took it), `journal_damaged` (it could not be read
back), `stopped` (it was in memory alone when the process ended)."""


class SegmentRegistry:
    """Keeps every segment but the one in use, until Kafka has all of it."""

    def __init__(self, threads: Threads, lose: Lose) -> None:
        self.damaged_records = 0
        self._threads = threads
        self._lose = lose
        self._segments: set[Segment] = set()

    def pending(self, active: Segment | None) -> int:
        """Give how many clicks Kafka has not acknowledged, those of the segment in use with them."""
        segments = self._segments | {active} if active else self._segments
        return sum(segment.written - segment.acknowledged for segment in segments)

    @property
    def replay_pending(self) -> int:
        """How many of them an earlier process accepted."""
        return sum(segment.written - segment.acknowledged for segment in self._segments if segment.replayed)

    @property
    def folders(self) -> set[Path]:
        """Where they are."""
        return {segment.path.parent for segment in self._segments if not segment.in_memory}

    def add(self, segment: Segment) -> None:
        """Keep a segment that is still to be read, or that takes clicks no disk took."""
        self._segments.add(segment)

    def has(self, segment: Segment) -> bool:
        """Tell whether Kafka lacks some of a segment."""
        return segment in self._segments

    def end(self, segment: Segment) -> None:
        """Note that nothing more is written to a segment or read from it."""
        segment.final = True
        self._settle(segment)

    def leave(self, segment: Segment) -> None:
        """Keep a segment that will not be written to again; it is final unless clicks are in it alone."""
        self._segments.add(segment)
        if not segment.spills:
            self.end(segment)

    def finish(self, segment: Segment) -> None:
        """Close the books on a segment that was read to its end: what did not come of it never will."""
        missing = segment.written - segment.held
        if segment.replayed:
            # Frames begun: some may never have been whole, and their visitors not answered.
            self.damaged_records += missing
            if missing > 0:
                log.warning("journal clicks not read back", segment=str(segment.path), clicks=missing)
        elif missing > 0:
            # Fewer than none are missing when a write was cut short and could not be undone: those come twice.
            self._lose("journal_damaged", missing)
        segment.written = segment.held
        self.end(segment)

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these, in any order. A file goes when Kafka has all of it."""
        for segment, count in Counter(map(SEGMENT_OF, entries)).items():
            segment.acknowledged += count
            self._settle(segment)

    def _settle(self, segment: Segment) -> None:
        if segment.final and segment.acknowledged == segment.written and segment in self._segments:
            self._segments.remove(segment)
            if not segment.in_memory:
                self._threads.leave(remove, segment.path)

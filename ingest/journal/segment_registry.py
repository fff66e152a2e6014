"""All segments of the journal: how many of their clicks are acknowledged, and when a file is removed."""

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
"""Counts lost clicks by reason: `journal_failed` (neither disk nor memory had room), `journal_damaged` (could not be
read back), `stopped` (only in memory when the process ended)."""


class SegmentRegistry:
    """Keeps every segment except the active one, until Kafka has all its clicks."""

    def __init__(self, threads: Threads, lose: Lose) -> None:
        self.damaged_records = 0
        self._threads = threads
        self._lose = lose
        self._segments: set[Segment] = set()

    def pending(self, active: Segment | None) -> int:
        """Give the number of unacknowledged clicks, including those of the active segment."""
        segments = self._segments | {active} if active else self._segments
        return sum(segment.written - segment.acknowledged for segment in segments)

    @property
    def replay_pending(self) -> int:
        """The number of unacknowledged clicks that earlier processes accepted."""
        return sum(segment.written - segment.acknowledged for segment in self._segments if segment.replayed)

    @property
    def folders(self) -> set[Path]:
        """The folders of all segments."""
        return {segment.path.parent for segment in self._segments if not segment.in_memory}

    def add(self, segment: Segment) -> None:
        """Add a segment that must be read back, or that holds clicks the disk refused."""
        self._segments.add(segment)

    def has(self, segment: Segment) -> bool:
        """Tell whether Kafka lacks some clicks of a segment."""
        return segment in self._segments

    def finalize(self, segment: Segment) -> None:
        """Note that a segment is neither written to nor read from any more."""
        segment.final = True
        self._remove_if_done(segment)

    def retire(self, segment: Segment) -> None:
        """Add a segment that is no longer written to. It is final unless some of its clicks are only in the file."""
        self._segments.add(segment)
        if not segment.has_unbuffered:
            self.finalize(segment)

    def finish_reading(self, segment: Segment) -> None:
        """Finalize a segment that was read to its end; clicks that did not appear are damaged."""
        missing = segment.written - segment.buffered
        if segment.replayed:
            # Some of these frames may have been incomplete, so their visitors got no response: not counted as lost.
            self.damaged_records += missing
            if missing > 0:
                log.warning("journal clicks not read back", segment=str(segment.path), clicks=missing)
        elif missing > 0:
            # Negative if a partial write could not be undone: those clicks appear twice.
            self._lose("journal_damaged", missing)
        segment.written = segment.buffered
        self.finalize(segment)

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Note that Kafka has these clicks, in any order. A file is removed when Kafka has all its clicks."""
        for segment, count in Counter(map(SEGMENT_OF, entries)).items():
            segment.acknowledged += count
            self._remove_if_done(segment)

    def _remove_if_done(self, segment: Segment) -> None:
        if segment.final and segment.acknowledged == segment.written and segment in self._segments:
            self._segments.remove(segment)
            if not segment.in_memory:
                self._threads.submit(remove, segment.path)

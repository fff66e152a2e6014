"""Repeated log lines of libraries: aiokafka logs what it waits for ten times a second, as long as it waits."""

import logging
from typing import Final

QUIET_S: Final = 60.0
"""After a line is logged, it is dropped for this long."""
TRANSIENT_S: Final = 30.0
"""A transient error is logged only when it lasts longer than this."""
MAX_LINES: Final = 1000
"""Lines remembered."""

TRANSIENT: Final = ("[Error 15]",)
"""GroupCoordinatorNotAvailable: normal until a new broker has made the topic of its groups."""


class RepeatFilter(logging.Filter):
    """Passes each line of a library once a minute, and a transient error only when it lasts."""

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._logged_at: dict[str, float] = {}
        self._first_seen_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log the line."""
        if record.name.partition(".")[0] != self._library:
            return True
        line = record.getMessage()
        if any(text in line for text in TRANSIENT) and self._is_recent(line, record.created):
            return False
        if record.created - self._logged_at.get(line, -QUIET_S) < QUIET_S:
            return False
        if len(self._logged_at) >= MAX_LINES:
            self._logged_at.clear()
        self._logged_at[line] = record.created
        return True

    def _is_recent(self, line: str, now: float) -> bool:
        if len(self._first_seen_at) >= MAX_LINES:
            self._first_seen_at.clear()
        return now - self._first_seen_at.setdefault(line, now) < TRANSIENT_S

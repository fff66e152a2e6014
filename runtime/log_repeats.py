"""Lines of libraries that repeat: aiokafka says what it waits for ten times a second, for as long as it waits."""

import logging
from typing import Final

QUIET_S: Final = 60.0
"""How long a line that was just logged is not logged again."""
PATIENCE_S: Final = 30.0
MOST: Final = 1000
"""Lines remembered."""

PASSING: Final = ("[Error 15]",)
"""What passes: a broker that starts for the first time coordinates no groups before it has made their topic."""


class RepeatFilter(logging.Filter):
    """Lets a line of a library through once a minute, and one about what passes only when it does not."""

    def __init__(self, library: str) -> None:
        super().__init__()
        self._library = library
        self._told: dict[str, float] = {}
        self._began: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is to be logged."""
        if record.name.partition(".")[0] != self._library:
            return True
        line = record.getMessage()
        if any(text in line for text in PASSING) and self._is_young(line, record.created):
            return False
        if record.created - self._told.get(line, -QUIET_S) < QUIET_S:
            return False
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[line] = record.created
        return True

    def _is_young(self, line: str, now: float) -> bool:
        if len(self._began) >= MOST:
            self._began.clear()
        return now - self._began.setdefault(line, now) < PATIENCE_S

"""Repeated failures in the log: the first at once, then at growing intervals, and one line on recovery."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

FIRST_PAUSE_S: Final = 60.0
MAX_PAUSE_S: Final = 3600.0
"""Pauses between two lines about the same failure: a minute, doubled each time, up to an hour."""


class OutageLog:
    """Logs the failures of one piece of work that is retried without end.

    `log` is a structlog logger. A new reason is logged at once.
    """

    def __init__(self, log: Any, failing: str, works_again: str, now: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._failing = failing
        self._works_again = works_again
        self._now = now
        self._reason: str | None = None
        self._since = self._next = 0.0
        self._pause_s = FIRST_PAUSE_S

    def fail(self, reason: str, **details: object) -> None:
        """Record a failure. Log a warning if its reason is new, or if the last line about it is old enough."""
        now = self._now()
        if self._reason is None:
            self._since = now
        if reason != self._reason:
            self._reason, self._next, self._pause_s = reason, now, FIRST_PAUSE_S
        if now >= self._next:
            self._log.warning(self._failing, error=reason, failing_for_s=round(now - self._since), **details)
            self._next, self._pause_s = now + self._pause_s, min(2 * self._pause_s, MAX_PAUSE_S)

    def end(self, **details: object) -> None:
        """Record a success. Log it if the attempt before it failed."""
        if self._reason is not None:
            self._reason = None
            self._log.info(self._works_again, failed_for_s=round(self._now() - self._since), **details)

"""What fails again and again, said in the log: at once, then after ever longer pauses, and once when it works again."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

FIRST_PAUSE_S: Final = 60.0
MAX_PAUSE_S: Final = 3600.0
"""The pauses between two lines about the same failure: a minute, doubled each time, up to an hour."""


class OutageLog:
    """Logs the failures of one piece of work that is tried again for ever.

    `log` is a structlog logger. Another reason than the last one is said at once.
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
        """Note a failure. It is logged as a warning if it is new, or if the last line about it is long enough ago."""
        now = self._now()
        if self._reason is None:
            self._since = now
        if reason != self._reason:
            self._reason, self._next, self._pause_s = reason, now, FIRST_PAUSE_S
        if now >= self._next:
            self._log.warning(self._failing, error=reason, failing_for_s=round(now - self._since), **details)
            self._next, self._pause_s = now + self._pause_s, min(2 * self._pause_s, MAX_PAUSE_S)

    def end(self, **details: object) -> None:
        """Note that it works: logged if the last try had failed."""
        if self._reason is not None:
            self._reason = None
            self._log.info(self._works_again, failed_for_s=round(self._now() - self._since), **details)

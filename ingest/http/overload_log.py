"""Tells the operator, in the log and in readiness, that requests are refused because too many wait."""

from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from runtime.outage_log import OutageLog

QUIET_S: Final = 10.0
"""An overload ends in the log after so long without a refusal: one that comes and goes is one overload."""
PROBLEM: Final = (
    "requests would wait longer than CLICKRAIL_INGEST_MOST_WAIT_MS and some are answered 503:"
    " more workers or machines are needed, or other work on this machine takes the processor"
)


class OverloadLog:
    """`problem` says that requests are refused, or is null. Call `update` regularly."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.problem: str | None = None
        self._now = now
        self._outage = OutageLog(structlog.get_logger(), "requests are refused", "all requests are answered again", now)
        self._refused = 0
        self._logged = 0
        self._last = 0.0

    def update(self, refused: int) -> None:
        """Note how many requests were refused since the start of the process."""
        if refused > self._refused:
            self._refused, self._last = refused, self._now()
            self.problem = PROBLEM
            self._outage.fail(PROBLEM, requests=refused - self._logged)
        elif self.problem and self._now() - self._last >= QUIET_S:
            self.problem = None
            self._outage.end(requests=refused - self._logged)
            self._logged = refused

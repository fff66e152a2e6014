"""Logs lost clicks and rejections: the first loss at once, then the sum of each interval. Every loss is logged."""

import asyncio
from collections import Counter
from typing import Final, Literal, TypeAlias

import structlog

log = structlog.get_logger()

INTERVAL_S: Final = 10.0

Kind: TypeAlias = Literal["clicks", "rejections"]


class LossLog:
    """`close` logs what has not been logged yet."""

    def __init__(self) -> None:
        self._unlogged: Counter[tuple[Kind, str]] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, kind: Kind, reason: str, count: int) -> None:
        """Note that `count` clicks or rejections are lost, and why."""
        if count > 0:
            self._unlogged[kind, reason] += count
            if self._timer is None:
                self._log_interval()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._log_all()

    def _log_interval(self) -> None:
        self._timer = None
        if self._unlogged:
            self._log_all()
            self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self._log_interval)

    def _log_all(self) -> None:
        unlogged, self._unlogged = self._unlogged, Counter()
        for (kind, reason), count in unlogged.items():
            log.error("lost for good", what=kind, reason=reason, count=count)

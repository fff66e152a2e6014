"""What is gone for good, said in the log: at once, and from then on the sum of each interval. No number is left out."""

import asyncio
from collections import Counter
from typing import Final, Literal, TypeAlias

import structlog

log = structlog.get_logger()

EACH_S: Final = 10.0

Kind: TypeAlias = Literal["clicks", "rejections"]


class LossLog:
    """`close` says what has not been said yet."""

    def __init__(self) -> None:
        self._unsaid: Counter[tuple[Kind, str]] = Counter()
        self._later: asyncio.TimerHandle | None = None

    def add(self, kind: Kind, reason: str, count: int) -> None:
        """Take note of so many clicks or rejections that are lost, and why."""
        if count > 0:
            self._unsaid[kind, reason] += count
            if self._later is None:
                self._say()

    def close(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._say_all()

    def _say(self) -> None:
        self._later = None
        if self._unsaid:
            self._say_all()
            self._later = asyncio.get_running_loop().call_later(EACH_S, self._say)

    def _say_all(self) -> None:
        unsaid, self._unsaid = self._unsaid, Counter()
        for (kind, reason), count in unsaid.items():
            log.error("lost for good", what=kind, reason=reason, count=count)

"""The open connections of a process: how many there may be, how long each may wait, and whose turn it is.

What came in one turn of the event loop is answered together, step by step: all requests are read, then all are
answered, then all clicks are written to the journal, in one write, then all answers are sent. A processor that does
one thing many times is twice as fast as one that does many things in turn (docs/performance.md).
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import structlog
from aiohttp.http import RawRequestMessage

from ingest.http.connection import Answered, Connection
from ingest.metrics import IngestMetrics

log = structlog.get_logger()

SWEEP_S: Final = 0.5
TICK_S: Final = 0.02
MOST_TOGETHER: Final = 64
"""Connections: the first of them waits for the last, some milliseconds at most."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """`head_s`: for a whole request from its first byte, and for a first one; `keepalive_s`: between two."""

    most: int = 10_000
    head_s: float = 10.0
    keepalive_s: float = 75.0


class Connections:
    """Makes a `Connection` for each visitor the loop brings.

    `flush_journal` is called after requests were answered and before any of these answers is sent.
    """

    def __init__(
        self,
        answer: Callable[[RawRequestMessage, str | None], Answered],
        flush_journal: Callable[[], None],
        limits: ConnectionLimits,
        metrics: IngestMetrics,
    ) -> None:
        self.answer = answer
        self._flush_journal = flush_journal
        self.observe = metrics.observe
        self.leaving = False
        self.head_s = limits.head_s
        self.keepalive_s = limits.keepalive_s
        self._most = limits.most
        self._metrics = metrics
        self._open: set[Connection] = set()
        self._expecting: list[Connection] = []
        metrics.connections = self._open

    def __call__(self) -> Connection:
        return Connection(self, asyncio.get_running_loop())

    def schedule_turn(self, connection: Connection) -> None:
        if not self._expecting:
            asyncio.get_running_loop().call_soon(self._take_turn)
        self._expecting.append(connection)

    def _take_turn(self) -> None:
        expecting, self._expecting = self._expecting, []
        for first in range(0, len(expecting), MOST_TOGETHER):
            together = expecting[first : first + MOST_TOGETHER]
            self._have_each(Connection.read, together)
            self._have_each(Connection.answer, together)
            self._flush_journal()
            self._have_each(Connection.send, together)

    def _have_each(self, step: Callable[[Connection], None], together: Iterable[Connection]) -> None:
        for connection in together:
            try:
                step(connection)
            except Exception as error:  # noqa: BLE001 - the outermost frame: a bug costs one connection, not its neighbours
                self.count_failure(error)
                connection.close(at_once=True)

    def count_misread(self, status: int) -> None:
        self._metrics.answers["method_not_allowed" if status == 405 else "unreadable"] += 1  # noqa: PLR2004 - itself

    def count_left(self) -> None:
        self._metrics.answers["left"] += 1

    def count_failure(self, error: Exception) -> None:
        self._metrics.answers["failed"] += 1
        log.error("request failed", exc_info=error)

    def admit(self, connection: Connection) -> bool:
        if len(self._open) >= self._most:
            self._metrics.closed["too_many"] += 1
            return False
        self._open.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        self._open.discard(connection)

    async def sweep(self) -> None:
        """Close what has waited too long for its visitor, for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = asyncio.get_running_loop().time()
            for connection in [held for held in self._open if held.deadline <= now and not held.is_answering]:
                self._metrics.closed["idle" if connection.is_idle else "too_slow"] += 1
                connection.close(at_once=True)

    async def leave(self, leave_s: float, answer_s: float) -> None:
        """Let visitors finish: for `leave_s` each may ask once more, for `answer_s` what was asked is answered."""
        self.leaving = True
        await self._until(lambda: not self._open, leave_s)
        for connection in [held for held in self._open if not held.is_owed]:
            connection.close()
        # Not only answered but gone: what is written and not sent yet would be lost with the connection.
        await self._until(lambda: not self._open, answer_s)
        for connection in list(self._open):
            connection.close(at_once=True)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(TICK_S)

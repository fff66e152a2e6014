"""The open connections of a process: their number, their time limits, and their turns.

Connections with new bytes in one turn of the event loop are served together, step by step: parse all requests, handle
all of them, write all clicks to the journal in one write, send all responses. Running one step many times is twice as
fast as alternating between steps, because the code stays in the processor's cache (docs/performance.md).
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter_ns as clock
from typing import Final

import msgspec
import structlog

from ingest.http.admission import AdmissionControl
from ingest.http.connection import Connection
from ingest.http.handler import RequestHandler
from ingest.http.overload_log import OverloadLog
from ingest.metrics import IngestMetrics

log = structlog.get_logger()

SWEEP_S: Final = 0.5
POLL_S: Final = 0.02
MAX_TOGETHER: Final = 64
"""Connections served together. The first one waits for the last one, a few milliseconds at most."""
LONG_TURN_NS: Final = 10_000_000
"""After a longer turn, find out whether requests arrived while it ran."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """`head_s` limits the time from a request's first byte to its last; `keepalive_s` the time between requests."""

    most: int = 10_000
    head_s: float = 10.0
    keepalive_s: float = 75.0


class Connections:
    """Makes a `Connection` for each client that the event loop accepts.

    `admission` decides which requests are refused, and `overload_log` tells that they are.
    """

    def __init__(
        self,
        handler: RequestHandler,
        limits: ConnectionLimits,
        metrics: IngestMetrics,
        admission: AdmissionControl | None = None,
        overload_log: OverloadLog | None = None,
    ) -> None:
        self.handle = handler.handle
        self.trace_refused = handler.trace_refused
        self._handler = handler
        self.observe = metrics.observe
        self.is_draining = False
        self.head_s = limits.head_s
        self.keepalive_s = limits.keepalive_s
        self._most = limits.most
        self._metrics = metrics
        self._open: set[Connection] = set()
        self._scheduled: list[Connection] = []
        self._admission = admission or AdmissionControl()
        self._overload_log = overload_log or OverloadLog()
        self._turns = 0
        self._has_polled = True
        self._is_backlogged = False
        metrics.connections = self._open

    def __call__(self) -> Connection:
        return Connection(self, asyncio.get_running_loop())

    def schedule_turn(self, connection: Connection) -> None:
        if not self._scheduled:
            self._is_backlogged = not self._has_polled
            asyncio.get_running_loop().call_soon(self._take_turn)
        self._scheduled.append(connection)

    def _take_turn(self) -> None:
        scheduled, self._scheduled = self._scheduled, []
        began = clock()
        refuse_at = self._admission.begin_turn(began, is_backlogged=self._is_backlogged)
        self._turns += 1
        self._has_polled = False
        refusing_since = 0
        # In order of arrival: those that are refused have waited least so far, and would wait longest.
        for first in range(0, len(scheduled), MAX_TOGETHER):
            together = scheduled[first : first + MAX_TOGETHER]
            self._run_step(Connection.read_requests, together)
            if (now := clock()) >= refuse_at:
                refusing_since = refusing_since or now
                self._run_step(Connection.refuse_requests, together)
            else:
                self._run_step(Connection.handle_requests, together)
            self._handler.flush_journal()
            self._run_step(Connection.send_responses, together)
        self._handler.record_traces()
        ended = clock()
        self._admission.end_turn(ended - refusing_since if refusing_since else 0)
        self._has_polled = ended - began < LONG_TURN_NS
        if not self._has_polled:
            asyncio.get_running_loop().call_soon(self._await_poll, self._turns)

    def _await_poll(self, turn: int, *, is_last: bool = False) -> None:
        """Note that what arrived during a turn has been read: the event loop has polled its sockets since then.

        Two rounds of the loop, because asyncio's own runs this before it reads the sockets, and uvloop after that.
        """
        if turn != self._turns:
            return
        if is_last:
            self._has_polled = True
        else:
            asyncio.get_running_loop().call_soon(partial(self._await_poll, turn, is_last=True))

    def _run_step(self, step: Callable[[Connection], None], together: Iterable[Connection]) -> None:
        for connection in together:
            try:
                step(connection)
            except Exception as error:  # noqa: BLE001 - the outermost frame: a bug costs one connection and no other
                self.count_failure(error)
                connection.close(at_once=True)

    def count_invalid(self, status: int) -> None:
        self._metrics.answers["method_not_allowed" if status == 405 else "unreadable"] += 1  # noqa: PLR2004 - a status

    def count_refused(self) -> None:
        self._metrics.answers["overloaded"] += 1

    def count_abandoned(self) -> None:
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

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)

    async def sweep(self) -> None:
        """Close connections whose deadline has passed, and tell of an overload; until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self._overload_log.update(self._metrics.answers["overloaded"])
            now = asyncio.get_running_loop().time()
            for connection in [each for each in self._open if each.deadline <= now and not each.is_resolving]:
                self._metrics.closed["idle" if connection.is_idle else "too_slow"] += 1
                connection.close(at_once=True)

    async def drain(self, leave_s: float, answer_s: float) -> None:
        """Answer one more request per connection for `leave_s`, then finish pending responses for `answer_s`."""
        self.is_draining = True
        await self._wait_until_closed(leave_s)
        for connection in [each for each in self._open if not each.has_work]:
            connection.close()
        # Wait until connections are closed, not only answered: closing one early loses bytes that are not sent yet.
        await self._wait_until_closed(answer_s)
        for connection in list(self._open):
            connection.close(at_once=True)

    async def _wait_until_closed(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while self._open and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - polling: no event exists for this condition
            await asyncio.sleep(POLL_S)

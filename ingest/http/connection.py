"""One visitor's connection: requests in, responses out in the same order, within time limits.

aiohttp's parser reads the requests. The rest of aiohttp's server is not used: a link is followed by a GET without a
body, and supporting everything else costs more than the redirect itself (docs/decisions/0007-connections.md). Reading,
handling and sending are separate steps: `Connections` runs each step for all connections that have work.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import perf_counter_ns
from typing import Final

from aiohttp import HttpVersion11, hdrs
from aiohttp.base_protocol import BaseProtocol
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import RawRequestMessage

from ingest.http.handler import DeferredResponse
from ingest.http.http_parser import InvalidRequest, RequestParser
from ingest.http.owner import ConnectionOwner
from ingest.http.response import OVERLOADED, Response, make_page, without_body

LINGER_S: Final = 2.0
MAX_AT_ONCE: Final = 16
"""Requests of one connection in one turn, so that a client that pipelines thousands delays nobody else."""
MAX_BYTES_AT_ONCE: Final = 8192
"""After this many bytes no further request is parsed in the same turn: large requests take long."""
CLOSE: Final = "Connection: close\r\n"
KEEP: Final = "Connection: keep-alive\r\n"


class Connection(BaseProtocol):
    """`deadline` is the event loop's time at which an inactive connection is closed."""

    def __init__(self, owner: ConnectionOwner, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.deadline = 0.0
        self._owner = owner
        self._peer: str | None = None
        self._request_parser = RequestParser(self, loop)
        self._received_at = 0
        self._requests: deque[RawRequestMessage | InvalidRequest] = deque()
        self._lookup: asyncio.Task[None] | None = None
        self._deferred: tuple[RawRequestMessage, DeferredResponse] | None = None
        self._responses: list[tuple[RawRequestMessage | None, Response]] = []
        self._accepts_requests = True
        self._has_paused_reading = False
        self._is_half_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether no request has begun that has no response yet."""
        return not (self._request_parser.has_partial or self.has_work)

    @property
    def has_work(self) -> bool:
        """Whether received bytes may still lead to a response without any further bytes."""
        return bool(self._request_parser.has_unread or self._requests or self.is_resolving or self._responses)

    @property
    def is_resolving(self) -> bool:
        """Whether a request waits for a lookup in the stores."""
        return self._lookup is not None or self._deferred is not None

    def close(self, *, at_once: bool = False) -> None:
        """Close the connection at once, or after what was written has been sent."""
        self._stop_accepting()
        if self.transport is not None:
            (self.transport.abort if at_once else self.transport.close)()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else None
        self.deadline = self._loop.time() + self._owner.head_s
        if not self._owner.admit(self):
            self.close(at_once=True)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._stop_accepting()
        self._owner.discard(self)

    def _stop_accepting(self) -> None:
        """Drop unhandled requests and accept no more; finished responses may still be sent."""
        self._accepts_requests = False
        self._request_parser.clear()
        self._requests.clear()

    def data_received(self, data: bytes) -> None:
        if self._accepts_requests:
            self._request_parser.feed(data)
            self._received_at = perf_counter_ns()
            self._owner.schedule_turn(self)

    def eof_received(self) -> bool:
        # A client that closes only its own half still waits for the responses to its requests.
        self._is_half_closed = True
        return self.has_work

    def resume_writing(self) -> None:
        super().resume_writing()
        self._owner.schedule_turn(self)

    def read_requests(self) -> None:
        """Parse received requests, as many as can be handled in this turn."""
        parser, size = self._request_parser, 0
        while parser.has_unread and len(self._requests) < MAX_AT_ONCE and size < MAX_BYTES_AT_ONCE:
            is_new = not parser.has_partial
            request = parser.parse_next()
            if is_new and (request is not None or parser.has_partial):
                # The time limit runs from the first bytes of a request; later bytes do not extend it.
                self.deadline = self._loop.time() + self._owner.head_s
            if request is None:
                break
            self._requests.append(request)
            size += parser.size

    def handle_requests(self) -> None:
        """Handle parsed requests in order while the client reads; the rest gets another turn."""
        self._respond_to_requests(self._handle)

    def refuse_requests(self) -> None:
        """Refuse the same requests because too many wait: nothing is looked up or recorded."""
        self._respond_to_requests(self._refuse)

    def _respond_to_requests(self, respond: Callable[[RawRequestMessage], None]) -> None:
        if self.transport is None or self.transport.is_closing():
            self._abandon()
            return
        if self._deferred:
            self._finish_lookup(*self._deferred)
        for _ in range(MAX_AT_ONCE):
            if not self._requests or self._lookup or self._paused:
                break
            request = self._requests.popleft()
            if isinstance(request, InvalidRequest):
                self._owner.count_invalid(request.status)
                if request.with_body is not None:
                    self._owner.trace_refused(request.with_body, self._peer)
                response = make_page(request.status)
                self._add_response(None, response if request.wants_body else without_body(response))
            else:
                respond(request)
        if (self._requests or self._request_parser.has_unread) and not (self._lookup or self._paused):
            self._owner.schedule_turn(self)

    def _refuse(self, request: RawRequestMessage) -> None:
        self._owner.count_refused()
        self._add_response(request, OVERLOADED)

    def _handle(self, request: RawRequestMessage) -> None:
        try:
            handled = self._owner.handle(request, self._peer)
        except Exception as error:  # noqa: BLE001 - the outermost frame of a request: a bug costs one response
            handled = self._fail(error)
        if isinstance(handled, Response):
            self._add_response(request, handled)
        else:
            self._lookup = self._loop.create_task(self._await_lookup(request, handled))

    async def _await_lookup(self, request: RawRequestMessage, handled: Awaitable[DeferredResponse]) -> None:
        try:
            deferred = await handled
        except Exception as error:  # noqa: BLE001 - the outermost frame of a request, as above
            fail = partial(self._fail, error)
            deferred = DeferredResponse(fail, fail)
        self._deferred = request, deferred
        self._lookup = None
        self._owner.schedule_turn(self)

    def _finish_lookup(self, request: RawRequestMessage, deferred: DeferredResponse) -> None:
        self._deferred = None
        try:
            response = deferred.show_target() if self._is_half_closed else deferred.accept()
        except Exception as error:  # noqa: BLE001 - the outermost frame of a request, as above
            response = self._fail(error)
        self._add_response(request, response)

    def _abandon(self) -> None:
        """Drop all requests of a client that has gone: a click counts only if its response can be sent."""
        self._stop_accepting()
        if self._deferred:
            self._deferred = None
            self._owner.count_abandoned()

    def _add_response(self, request: RawRequestMessage | None, response: Response) -> None:
        self._responses.append((request, response))
        if response.closes or request is None or request.should_close or request.upgrade:
            # Later requests get no response, so they must not become clicks.
            self._stop_accepting()

    def _fail(self, error: Exception) -> Response:
        self._owner.count_failure(error)
        return make_page(500)

    def send_responses(self) -> None:
        """Send finished responses. Close after the last one; pause reading while requests cannot be handled."""
        transport, responses = self.transport, self._responses
        if transport is None:
            return
        if responses:
            self._responses = []
            # While draining, a connection with unhandled requests stays open: closing it now would reset it, and the
            # client would lose responses already sent.
            is_last = not self._accepts_requests or (
                self._owner.is_draining and not (self._lookup or self._requests or self._has_paused_reading)
            )
            last = responses.pop() if is_last else None
            for request, response in responses:
                self._write(transport, request, response, "" if request and request.version >= HttpVersion11 else KEEP)
            if last:
                self._send_last(transport, *last)
                return
            self.deadline = self._loop.time() + self._owner.keepalive_s
        if self._is_half_closed and not self.has_work:
            transport.close()
        elif self._has_paused_reading != bool(self._requests or self._request_parser.has_unread):
            # Pause reading while requests cannot be handled (back-pressure): received bytes must not fill the memory.
            self._has_paused_reading = not self._has_paused_reading
            (transport.pause_reading if self._has_paused_reading else transport.resume_reading)()

    def _send_last(self, transport: asyncio.Transport, request: RawRequestMessage | None, response: Response) -> None:
        self._stop_accepting()
        self._write(transport, request, response, CLOSE)
        if response.closes and not self._is_half_closed:
            # Closing a socket with unread bytes resets it, and the client loses the response. So discard what still
            # arrives for LINGER_S.
            with suppress(OSError):
                # asyncio's own loop raises when the client has gone; uvloop does not.
                transport.write_eof()
            transport.resume_reading()
            self.deadline = self._loop.time() + LINGER_S
        else:
            transport.close()

    def _write(
        self, transport: asyncio.Transport, request: RawRequestMessage | None, response: Response, connection: str
    ) -> None:
        has_body = request is None or request.method != hdrs.METH_HEAD
        transport.write(response.render(rfc822_formatted_time(), connection, has_body=has_body))
        self._owner.observe(perf_counter_ns() - self._received_at)

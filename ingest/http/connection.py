"""One visitor's connection: requests in, answers out, in their order, and no longer than is reasonable.

aiohttp's parser reads the requests. The rest of its server is left out: a link is followed by a GET without a body, and
being ready for everything else costs more than the redirect does (docs/decisions/0007-connections.md). Reading,
answering and sending are steps of their own: `connections` takes each for all that have something.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from time import perf_counter_ns
from typing import Final, NamedTuple, Protocol

from aiohttp import HttpVersion11, hdrs
from aiohttp.base_protocol import BaseProtocol
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import RawRequestMessage

from ingest.http.http_parser import Misread, RequestReader
from ingest.http.response import Response, page, without_body

LINGER_S: Final = 2.0
MOST_AT_ONCE: Final = 16
"""Requests of one connection in one turn: who sends thousands in one breath makes nobody wait."""
BYTES_AT_ONCE: Final = 8192
"""No more requests are read in one turn after so many bytes: a large one takes long."""
CLOSE: Final = "Connection: close\r\n"
KEEP: Final = "Connection: keep-alive\r\n"


class Later(NamedTuple):
    """The two answers of which one is made when what it takes is known.

    `accept` writes the click down. `only_show` writes nothing down and sets no cookie: for a visitor who has closed his
    half of the connection meanwhile, as browsers do that are left; who still reads is sent on.
    """

    accept: Callable[[], Response]
    only_show: Callable[[], Response]


Answered = Response | Awaitable[Later]


class Host(Protocol):
    """Whom connections belong to. While `leaving`, each ends after one more answer. Times in seconds."""

    leaving: bool
    head_s: float
    keepalive_s: float

    def schedule_turn(self, connection: "Connection", /) -> None:
        """Have `read`, `answer` and `send` of a connection called, in this order, before long."""

    def answer(self, request: RawRequestMessage, peer: str | None, /) -> Answered:
        """Answer a request without a body: at once, or by what the awaitable gives, if the visitor is still there."""

    def observe(self, nanoseconds: int, /) -> None:
        """Note how long an answer took."""

    def count_misread(self, status: int, /) -> None:
        """Count a request that is refused for its form, whatever it asks for."""

    def count_left(self) -> None:
        """Count a request whose visitor was gone before it could be answered."""

    def count_failure(self, error: Exception, /) -> None:
        """Count a request that could not be answered because of us."""

    def admit(self, connection: "Connection", /) -> bool:
        """Take a connection in; false when there are too many."""

    def forget(self, connection: "Connection", /) -> None:
        """Let go of a connection that is closed."""


class Connection(BaseProtocol):
    """`deadline` is the loop's time at which it has waited long enough for its visitor."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.deadline = 0.0
        self._host = host
        self._peer: str | None = None
        self._reader = RequestReader(self, loop)
        self._received_at = 0
        self._waiting: deque[RawRequestMessage | Misread] = deque()
        self._task: asyncio.Task[None] | None = None
        self._looked_up: tuple[RawRequestMessage, Later] | None = None
        self._answers: list[tuple[RawRequestMessage | None, Response]] = []
        self._is_read = True
        self._is_held = False
        self._is_half_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing was asked that is not answered yet, not even in part."""
        return not (self._reader.is_begun or self.is_owed)

    @property
    def is_owed(self) -> bool:
        """Whether there is more to do for what has come: it may be answered without anything else coming."""
        return bool(self._reader.has_unread or self._waiting or self.is_answering or self._answers)

    @property
    def is_answering(self) -> bool:
        return self._task is not None or self._looked_up is not None

    def close(self, *, at_once: bool = False) -> None:
        """Close it when what was written is sent, or at once."""
        self._end()
        if self.transport is not None:
            (self.transport.abort if at_once else self.transport.close)()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else None
        self.deadline = self._loop.time() + self._host.head_s
        if not self._host.admit(self):
            self.close(at_once=True)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._end()
        self._host.forget(self)

    def _end(self) -> None:
        """Read and answer nothing more; what is answered may still be sent."""
        self._is_read = False
        self._reader.clear()
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        if self._is_read:
            self._reader.feed(data)
            self._received_at = perf_counter_ns()
            self._host.schedule_turn(self)

    def eof_received(self) -> bool:
        # Who closes only his own half still waits for the answer to what he asked.
        self._is_half_closed = True
        return self.is_owed

    def resume_writing(self) -> None:
        super().resume_writing()
        self._host.schedule_turn(self)

    def read(self) -> None:
        """Read the requests that have come, as many as can be answered in this turn."""
        reader, size = self._reader, 0
        while reader.has_unread and len(self._waiting) < MOST_AT_ONCE and size < BYTES_AT_ONCE:
            begins = not reader.is_begun
            asked = reader.read()
            if begins and (asked is not None or reader.is_begun):
                # The first bytes of a request start its time; those that follow do not prolong it.
                self.deadline = self._loop.time() + self._host.head_s
            if asked is None:
                break
            self._waiting.append(asked)
            size += reader.size

    def answer(self) -> None:
        """Answer what waits, in its order, as far as the visitor takes the answers; the rest has another turn."""
        if self.transport is None or self.transport.is_closing():
            self._leave()
            return
        if self._looked_up:
            self._finish(*self._looked_up)
        for _ in range(MOST_AT_ONCE):
            if not self._waiting or self._task or self._paused:
                break
            asked = self._waiting.popleft()
            if isinstance(asked, Misread):
                self._host.count_misread(asked.status)
                response = page(asked.status)
                self._note(None, response if asked.with_body else without_body(response))
            else:
                self._answer(asked)
        if (self._waiting or self._reader.has_unread) and not (self._task or self._paused):
            self._host.schedule_turn(self)

    def _answer(self, asked: RawRequestMessage) -> None:
        try:
            answered = self._host.answer(asked, self._peer)
        except Exception as error:  # noqa: BLE001 - the outermost frame of a request: a bug costs one answer
            answered = self._fail(error)
        if isinstance(answered, Response):
            self._note(asked, answered)
        else:
            self._task = self._loop.create_task(self._look_up(asked, answered))

    async def _look_up(self, asked: RawRequestMessage, answered: Awaitable[Later]) -> None:
        try:
            later = await answered
        except Exception as error:  # noqa: BLE001 - the outermost frame of a request, as above
            failed = partial(self._fail, error)
            later = Later(failed, failed)
        self._looked_up = asked, later
        self._task = None
        self._host.schedule_turn(self)

    def _finish(self, asked: RawRequestMessage, later: Later) -> None:
        self._looked_up = None
        try:
            response = later.only_show() if self._is_half_closed else later.accept()
        except Exception as error:  # noqa: BLE001 - the outermost frame of a request, as above
            response = self._fail(error)
        self._note(asked, response)

    def _leave(self) -> None:
        """Answer nothing: nobody would hear it, and a click is a click only if it can be answered."""
        self._end()
        if self._looked_up:
            self._looked_up = None
            self._host.count_left()

    def _note(self, asked: RawRequestMessage | None, response: Response) -> None:
        self._answers.append((asked, response))
        if response.ends or asked is None or asked.should_close or asked.upgrade:
            # What stands behind it is not answered: it would be a click without an answer.
            self._end()

    def _fail(self, error: Exception) -> Response:
        self._host.count_failure(error)
        return page(500)

    def send(self) -> None:
        """Write the answers there are; behind one that is the last, nothing more is read."""
        transport, answers = self.transport, self._answers
        if transport is None:
            return
        if answers:
            self._answers = []
            # Who has more to be answered, or read, is not left yet: closing now would take the answers back.
            is_last = not self._is_read or (self._host.leaving and not (self._task or self._waiting or self._is_held))
            last = answers.pop() if is_last else None
            for asked, response in answers:
                self._write(transport, asked, response, "" if asked and asked.version >= HttpVersion11 else KEEP)
            if last:
                self._send_last(transport, *last)
                return
            self.deadline = self._loop.time() + self._host.keepalive_s
        if self._is_half_closed and not self.is_owed:
            transport.close()
        elif self._is_held != bool(self._waiting or self._reader.has_unread):
            # Also when nothing can be answered at present: what comes meanwhile is not to fill the memory.
            self._is_held = not self._is_held
            (transport.pause_reading if self._is_held else transport.resume_reading)()

    def _send_last(self, transport: asyncio.Transport, asked: RawRequestMessage | None, response: Response) -> None:
        self._end()
        self._write(transport, asked, response, CLOSE)
        if response.ends and not self._is_half_closed:
            # More may come: closing with bytes unread would take the answer back, so they are thrown away for a while.
            with suppress(OSError):
                # asyncio's own loop says so when the visitor has gone; uvloop does not.
                transport.write_eof()
            transport.resume_reading()
            self.deadline = self._loop.time() + LINGER_S
        else:
            transport.close()

    def _write(
        self, transport: asyncio.Transport, asked: RawRequestMessage | None, response: Response, connection: str
    ) -> None:
        transport.write(render(asked, response, connection))
        self._host.observe(perf_counter_ns() - self._received_at)


def render(asked: RawRequestMessage | None, response: Response, connection: str) -> bytes:
    with_body = asked is None or asked.method != hdrs.METH_HEAD
    return response.render(rfc822_formatted_time(), connection, with_body=with_body)

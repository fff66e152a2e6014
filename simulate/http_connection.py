"""One connection to the stack: keep-alive, one request at a time. Shell.

Of our own, because the requests must leave as planned, byte for byte, hostile bytes included, and because what sends
clicks in a measurement should cost little beside what answers them (a quarter of aiohttp's client).
"""

import asyncio
from ssl import SSLContext
from typing import Final, cast

import msgspec

from simulate.wire import Head, Unreadable, read_head

CONTINUE: Final = range(100, 200)


class Closed(ConnectionError):  # noqa: N818 - what happened
    """The connection ended before the answer did."""


class BadAnswer(ConnectionError):  # noqa: N818 - likewise
    """What came back is not HTTP/1.1."""


class Target(msgspec.Struct, frozen=True):
    """Where requests go: `authority` is what stands in Host."""

    host: str
    port: int
    authority: str
    tls: SSLContext | None = None


class Line(asyncio.Protocol):
    """Open it with `open_line`. After any exception from `ask` it is closed and of no further use."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._method = ""
        self._head: Head | None = None
        self._waiting: asyncio.Future[Head] | None = None

    @property
    def usable(self) -> bool:
        """Whether another request may be sent here."""
        return self._transport is not None and self._waiting is None and not self._transport.is_closing()

    async def ask(self, method: str, request: bytes) -> Head:
        """Send a request and wait until its answer has come to the last byte.

        Raises ConnectionError: Closed, BadAnswer, or the system's own.
        """
        if not self.usable or self._transport is None:
            raise Closed("The connection has ended")
        self._method, self._head = method, None
        self._received.clear()
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._waiting = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes, only of their shape.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or Closed("The connection ended before the answer"))

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # nobody asked
            return
        self._received += data
        while self._head is None:
            head = read_head(self._received, self._method)
            if head is None:
                return
            if isinstance(head, Unreadable):
                self._waiting.set_exception(BadAnswer(head.reason))
                self.close()
                return
            if head.status in CONTINUE:
                del self._received[: head.size]
                continue
            self._head = head
        self._finish(self._waiting, self._head)

    def _finish(self, waiting: asyncio.Future[Head], head: Head) -> None:
        # Without a length beforehand only the end of the connection could end the answer, and its head says all we
        # count: we end the connection ourselves.
        missing = 0 if head.body is None else head.size + head.body - len(self._received)
        if missing > 0:
            return
        if head.closes or head.body is None or missing < 0:
            self.close()
        waiting.set_result(head)


async def open_line(target: Target) -> Line:
    """Connect. Raises OSError."""
    _, line = await asyncio.get_running_loop().create_connection(Line, target.host, target.port, ssl=target.tls)
    return line

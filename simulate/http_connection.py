"""One connection to the stack: keep-alive, one request at a time. Shell.

Not aiohttp's client, because requests must be sent byte for byte as planned, hostile bytes included, and because in a
measurement the sender must cost little compared with the server: this costs a quarter of aiohttp's client.
"""

import asyncio
from ssl import SSLContext
from typing import Final, cast

import msgspec

from simulate.wire import Head, Unreadable, read_head

CONTINUE: Final = range(100, 200)


class Closed(ConnectionError):  # noqa: N818 - the name states what happened
    """The connection ended before the answer did."""


class BadAnswer(ConnectionError):  # noqa: N818 - the name states what happened
    """The answer is not HTTP/1.1."""


class Target(msgspec.Struct, frozen=True):
    """Where requests go; `authority` is the Host header."""

    host: str
    port: int
    authority: str
    tls: SSLContext | None = None


class HttpConnection(asyncio.Protocol):
    """Open it with `open_connection`. After an exception from `ask` it is closed."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._method = ""
        self._head: Head | None = None
        self._waiting: asyncio.Future[Head] | None = None

    @property
    def usable(self) -> bool:
        """Whether another request can be sent on this connection."""
        return self._transport is not None and self._waiting is None and not self._transport.is_closing()

    async def ask(self, method: str, request: bytes) -> Head:
        """Send a request and wait for its complete answer.

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
        # uvloop's transports have the same methods as asyncio's but are no subclass.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or Closed("The connection ended before the answer"))

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.close()  # data without a request
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
        # Without a length, only the end of the connection would end the answer. The head is all we need: close.
        missing = 0 if head.body is None else head.size + head.body - len(self._received)
        if missing > 0:
            return
        if head.closes or head.body is None or missing < 0:
            self.close()
        waiting.set_result(head)


async def open_connection(target: Target) -> HttpConnection:
    """Connect. Raises OSError."""
    _, connection = await asyncio.get_running_loop().create_connection(
        HttpConnection, target.host, target.port, ssl=target.tls
    )
    return connection

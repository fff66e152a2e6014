"""A 302 as one write to the connection.

aiohttp builds an answer from a table of headers, which it fills up, sorts out and renders: a third of what a bare
redirect costs. A redirect has no body and always the same few headers, so it is rendered here. Measured in
docs/performance.md.
"""

from typing import Any, Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time

STATUS: Final = "HTTP/1.1 302 Found\r\nLocation: "
REST: Final = "\r\nCache-Control: no-store\r\nContent-Length: 0\r\nDate: "


class Redirection(web.StreamResponse):
    """Sends a visitor on. Raises ValueError for a location or cookie that would not stay within its line."""

    def __init__(self, location: str, set_cookie: str | None = None) -> None:
        # The parent's constructor makes the table of headers that this class is here to avoid.
        if not (location.isascii() and location.isprintable()):
            raise ValueError("a Location is printable ASCII")
        self._keep_alive: bool | None = None
        self._lines = location if set_cookie is None else f"{location}\r\nSet-Cookie: {set_cookie}"

    @property
    def status(self) -> int:
        return 302

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write the whole answer. Raises ConnectionResetError when the visitor is gone."""
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the visitor is gone")
        connection = ""
        if not self._keep_alive:
            connection = "\r\nConnection: close"
        elif request.version < HttpVersion11:
            connection = "\r\nConnection: keep-alive"
        head = f"{STATUS}{self._lines}{REST}{rfc822_formatted_time()}{connection}\r\n\r\n"
        transport.write(head.encode("ascii"))
        return None

    async def write_eof(self, data: Any = b"") -> None:
        """Nothing follows."""

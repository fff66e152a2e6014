"""From the bytes of a connection to requests, around aiohttp's parser.

The parser gets one complete head at a time, so the meaning of a request cannot depend on how its bytes arrived.
"""

import asyncio
import re
from typing import Final

import msgspec
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpProcessingError, HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

HEAD_BYTES: Final = 32 * 1024
"""The largest head: request line, header fields and the empty line."""
PARSED_BYTES: Final = 3 * HEAD_BYTES
"""aiohttp's own limits, never reached: no head is that large, not even percent-encoded."""
BODY_BYTES: Final = 1024 * 1024
"""Larger than any head, so that aiohttp's parser never pauses reading: requests with a body are refused at once."""
END: Final = b"\r\n\r\n"
LINE_ENDS: Final = frozenset(b"\r\n")
METHOD_STARTS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")


class InvalidRequest(msgspec.Struct, frozen=True):
    """A request refused for its form: the status, and whether its response has a body (a response to HEAD has none).

    `with_body` is the request if it is refused for its body only.
    """

    status: int
    wants_body: bool = True
    with_body: RawRequestMessage | None = None


class RequestParser:
    """Collects received bytes, in any pieces, and gives one request after another.

    `has_unread`: there are bytes that may hold another request. `has_partial`: a request has begun, and its end has not
    arrived. `size` is the size of the last head in bytes.
    """

    __slots__ = ("_parser", "_received", "_searched", "has_partial", "has_unread", "size")

    def __init__(self, protocol: BaseProtocol, loop: asyncio.AbstractEventLoop) -> None:
        self.has_unread = self.has_partial = False
        self.size = 0
        self._received = b""
        self._searched = 0
        self._parser = HttpRequestParser(
            protocol,
            loop,
            BODY_BYTES,
            max_line_size=PARSED_BYTES,
            max_field_size=PARSED_BYTES,
            max_headers=PARSED_BYTES,
        )

    def feed(self, data: bytes) -> None:
        self._received += data
        self.has_unread = True

    def clear(self) -> None:
        self._received = b""
        self._searched = 0
        self.has_unread = self.has_partial = False

    def parse_next(self) -> RawRequestMessage | InvalidRequest | None:
        """Give the next request, or null while it is incomplete."""
        if not self.has_partial and self._received[0] in LINE_ENDS:
            # Skip empty lines before a request (RFC 9112, 2.2).
            self._received = self._received.lstrip(b"\r\n")
        received = self._received
        end = received.find(END, self._searched - 3 if self._searched > 3 else 0) + len(END)  # noqa: PLR2004 - of END
        if end < len(END):
            return self._note_partial(received)
        head, self._received = received[:end], received[end:]
        self._searched, self.size, self.has_partial, self.has_unread = 0, end, False, end < len(received)
        if end > HEAD_BYTES:
            return check_partial_head(head, 0)
        try:
            messages, _, _ = self._parser.feed_data(head if head.isascii() else encode_first_line(head))
        except HttpProcessingError:
            return make_invalid(400, head)
        if len(messages) != 1:
            return make_invalid(400, head)
        request, body = messages[0]
        return request if body is EMPTY_PAYLOAD else make_invalid(405, head, request)

    def _note_partial(self, received: bytes) -> InvalidRequest | None:
        invalid = check_partial_head(received, self._searched)
        self._searched, self.has_partial, self.has_unread = len(received), bool(received), False
        return invalid


def check_partial_head(head: bytes, searched: int) -> InvalidRequest | None:
    """Refuse an incomplete head that cannot become a valid request of at most 32 KiB; give null while it can."""
    if head and (head[0] not in METHOD_STARTS or BARE_LINE_FEED.search(head, max(0, searched - 1), HEAD_BYTES)):
        return make_invalid(400, head)
    return make_invalid(431, head) if len(head) >= HEAD_BYTES else None


def make_invalid(status: int, head: bytes, with_body: RawRequestMessage | None = None) -> InvalidRequest:
    return InvalidRequest(status, not head.startswith(b"HEAD "), with_body)


def encode_first_line(head: bytes) -> bytes:
    """Percent-encode non-ASCII bytes, as a browser does and some programs do not: `?utm_term=früh`."""
    line, end, rest = head.partition(b"\r\n")
    return NOT_ASCII.sub(encode_bytes, line) + end + rest


def encode_bytes(run: re.Match[bytes]) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in run[0])

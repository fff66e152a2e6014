"""From the bytes of a connection to requests, around aiohttp's parser.

The parser is given one head at a time, and whole: what a request means cannot hang on how its bytes arrived.
"""

import asyncio
import re
from typing import Final

import msgspec
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpProcessingError, HttpRequestParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

HEAD_BYTES: Final = 32 * 1024
"""The most a request line and its header fields may be, with the empty line behind them."""
PARSED_BYTES: Final = 3 * HEAD_BYTES
"""What the parser would refuse by limits of its own: a head is never that large, percent-encoded or not."""
BODY_BYTES: Final = 1024 * 1024
"""More than a head, so that the parser never asks for a pause: what has a body is refused at once."""
END: Final = b"\r\n\r\n"
LINE_ENDS: Final = frozenset(b"\r\n")
METHOD_STARTS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")


class Misread(msgspec.Struct, frozen=True):
    """A request that is refused for its form: the status, and whether the answer has a body (one to HEAD has none)."""

    status: int
    with_body: bool = True


class RequestReader:
    """Takes what comes, in whatever pieces, and gives one request after another.

    `has_unread`: there are bytes that may hold another request. `is_begun`: a part of a request was looked at, and the
    rest has not come yet. `size` is that of the head that was read last.
    """

    __slots__ = ("_parser", "_received", "_searched", "has_unread", "is_begun", "size")

    def __init__(self, protocol: BaseProtocol, loop: asyncio.AbstractEventLoop) -> None:
        self.has_unread = self.is_begun = False
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
        self.has_unread = self.is_begun = False

    def read(self) -> RawRequestMessage | Misread | None:
        """Give the next request, or null when it is not whole yet."""
        if not self.is_begun and self._received[0] in LINE_ENDS:
            # Empty lines may stand before a request (RFC 9112, 2.2).
            self._received = self._received.lstrip(b"\r\n")
        received = self._received
        end = received.find(END, self._searched - 3 if self._searched > 3 else 0) + len(END)  # noqa: PLR2004 - of END
        if end < len(END):
            return self._wait(received)
        head, self._received = received[:end], received[end:]
        self._searched, self.size, self.is_begun, self.has_unread = 0, end, False, end < len(received)
        if end > HEAD_BYTES:
            return judge_part(head, 0)
        try:
            messages, _, _ = self._parser.feed_data(head if head.isascii() else encode_first_line(head))
        except HttpProcessingError:
            return refuse(400, head)
        if len(messages) != 1:
            return refuse(400, head)
        asked, body = messages[0]
        return asked if body is EMPTY_PAYLOAD else refuse(405, head)

    def _wait(self, received: bytes) -> Misread | None:
        refused = judge_part(received, self._searched)
        self._searched, self.is_begun, self.has_unread = len(received), bool(received), False
        return refused


def judge_part(head: bytes, searched: int) -> Misread | None:
    """Refuse a head at once that cannot become a request, or not one of at most 32 KiB; null while it can."""
    if head and (head[0] not in METHOD_STARTS or BARE_LINE_FEED.search(head, max(0, searched - 1), HEAD_BYTES)):
        return refuse(400, head)
    return refuse(431, head) if len(head) >= HEAD_BYTES else None


def refuse(status: int, head: bytes) -> Misread:
    return Misread(status, with_body=not head.startswith(b"HEAD "))


def encode_first_line(head: bytes) -> bytes:
    """Percent-encode what a browser would have encoded and some programs do not: `?utm_term=früh`."""
    line, end, rest = head.partition(b"\r\n")
    return NOT_ASCII.sub(encode_bytes, line) + end + rest


def encode_bytes(run: re.Match[bytes]) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in run[0])

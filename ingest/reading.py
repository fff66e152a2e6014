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
METHOD_STARTS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")


class Misread(msgspec.Struct, frozen=True):
    """A request that is refused for its form: the status, and whether the answer has a body (one to HEAD has none)."""

    status: int
    with_body: bool = True


class RequestReader:
    """Takes what comes, in whatever pieces, and gives one request after another.

    `unread` counts the bytes that may hold another request, `size` those of the head that was read last.
    """

    def __init__(self, protocol: BaseProtocol, loop: asyncio.AbstractEventLoop) -> None:
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

    @property
    def unread(self) -> int:
        return len(self._received) - self._searched

    @property
    def is_begun(self) -> bool:
        """Whether there is a part of a request that was looked at: the rest has not come yet."""
        return self._searched > 0

    def feed(self, data: bytes) -> None:
        self._received += data

    def clear(self) -> None:
        self._received = b""
        self._searched = 0

    def read(self) -> RawRequestMessage | Misread | None:
        """Give the next request, or null when it is not whole yet."""
        if not self._searched:
            # Empty lines may stand before a request (RFC 9112, 2.2).
            self._received = self._received.lstrip(b"\r\n")
        received = self._received
        end = received.find(END, max(0, self._searched - len(END) + 1)) + len(END)
        if end < len(END):
            refused = judge_part(received, self._searched)
            self._searched = len(received)
            return refused
        self._received, self._searched, self.size = received[end:], 0, end
        head = received[:end]
        return self._parse(head) if end <= HEAD_BYTES else judge_part(head, 0)

    def _parse(self, head: bytes) -> RawRequestMessage | Misread:
        try:
            messages, _, _ = self._parser.feed_data(encode_first_line(head))
        except HttpProcessingError:
            return refuse(400, head)
        if len(messages) != 1:
            return refuse(400, head)
        asked, body = messages[0]
        return asked if body is EMPTY_PAYLOAD else refuse(405, head)


def judge_part(head: bytes, searched: int) -> Misread | None:
    """Refuse a head at once that cannot become a request, or not one of at most 32 KiB; null while it can."""
    if head and (head[0] not in METHOD_STARTS or BARE_LINE_FEED.search(head, max(0, searched - 1), HEAD_BYTES)):
        return refuse(400, head)
    return refuse(431, head) if len(head) >= HEAD_BYTES else None


def refuse(status: int, head: bytes) -> Misread:
    return Misread(status, with_body=not head.startswith(b"HEAD "))


def encode_first_line(head: bytes) -> bytes:
    """Percent-encode what a browser would have encoded and some programs do not: `?utm_term=früh`."""
    if head.isascii():
        return head
    line, end, rest = head.partition(b"\r\n")
    return NOT_ASCII.sub(encode_bytes, line) + end + rest


def encode_bytes(run: re.Match[bytes]) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in run[0])

"""From the bytes of a connection to requests, around aiohttp's parser. Pure."""

import re
from typing import Final

from aiohttp.http import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

HEAD_BYTES: Final = 32 * 1024
"""The most a request line and its header fields may be, together."""
PIECE_BYTES: Final = 4096
"""Read at a time: requests that wait as bytes take a twentieth of the memory of those that are read."""
END: Final = b"\r\n\r\n"
FIRST_LINE: Final = re.compile(rb"\A(?:GET|HEAD) [^\r\n]+")
NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")


def cut_piece(received: bytes) -> tuple[bytes, bytes]:
    """Split what has come into a piece to read, of one request at most, and the rest.

    So what is wrong with a request is not held against the one before it.
    """
    end = received.find(END, 0, PIECE_BYTES)
    size = PIECE_BYTES if end < 0 else end + len(END)
    return received[:size], received[size:]


def encode_first_line(head: bytes) -> bytes:
    """Percent-encode what a browser would have encoded and some programs do not: `?utm_term=früh`."""
    return head if head.isascii() else FIRST_LINE.sub(encode_bytes, head, count=1)


def encode_bytes(line: re.Match[bytes]) -> bytes:
    return NOT_ASCII.sub(lambda run: b"".join(b"%%%02X" % byte for byte in run[0]), line[0])


def read_form(asked: RawRequestMessage, body: StreamReader) -> RawRequestMessage | int:
    """Give the request, or the status by which it is refused for its form."""
    if body is not EMPTY_PAYLOAD:
        return 405
    return 431 if head_bytes(asked) > HEAD_BYTES else asked


def head_bytes(asked: RawRequestMessage) -> int:
    return len(asked.path) + sum(len(name) + len(value) + 4 for name, value in asked.raw_headers)

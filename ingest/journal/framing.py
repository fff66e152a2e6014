"""A click as bytes in a file: mark, length, CRC-32, then click id and click. Pure; no bytes whatever make it raise.

    ff 43 52 31 | length of the body | CRC-32 of the body | 26 bytes click id, then the click as UTF-8
       4 bytes      4, big-endian         4, big-endian               the body

The byte ff occurs nowhere in UTF-8, so no body can hold the mark: where one is found a frame was begun, and a body
that seems to hold ff is none. That is also why damage costs no more than a second look at the bytes behind it. The id
stands before the click, so that a click written by another version can be delivered without understanding it.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

MARK: Final = b"\xffCR1"
NEVER_IN_UTF8: Final = b"\xff"
KEY_BYTES: Final = 26
LARGEST_BODY: Final = 128 * 1024
"""Larger than any click can be: its fields have caps."""

_HEADER: Final = struct.Struct(">4sII")
_PACK: Final = _HEADER.pack
_UNPACK: Final = _HEADER.unpack_from
_HEADER_BYTES: Final = _HEADER.size
LARGEST_FRAME: Final = _HEADER_BYTES + LARGEST_BODY


class Good(NamedTuple):
    """An intact frame, `data[start:end]`."""

    start: int
    end: int
    key: bytes
    payload: bytes


class Damaged(NamedTuple):
    """Bytes `data[start:end]` that belong to no intact frame."""

    start: int
    end: int


def frame(key: bytes, payload: bytes) -> bytes:
    """Give the bytes to write for a click: `key` has 26 bytes, `payload` is UTF-8; both together <= LARGEST_BODY."""
    body = key + payload
    return _PACK(MARK, len(body), crc32(body)) + body


def scan(data: bytes, *, complete: bool = True) -> Iterator[Good | Damaged]:
    """Give what stands in `data`, in order, with nothing left out: each begins where the one before ended.

    Unless `data` is `complete`, its end may be the beginning of a frame: then it is left for the next time, to be put
    before what follows. What is left is shorter than LARGEST_FRAME.
    """
    told = 0
    mark = data.find(MARK)
    while mark >= 0:
        end = _frame_end(data, mark)
        if end > len(data) and not complete:
            break
        if 0 < end <= len(data) and (good := _read(data, mark, end)):
            if told < mark:
                yield Damaged(told, mark)
            yield good
            told = end
            mark = data.find(MARK, told)
        else:
            mark = data.find(MARK, mark + 1)
    if mark < 0:
        mark = len(data) if complete else len(data) - len(MARK) + 1
    if told < mark:
        yield Damaged(told, mark)


def _frame_end(data: bytes, mark: int) -> int:
    """Give where the frame begun at `mark` ends, perhaps beyond `data`; 0 when it cannot be a frame."""
    start = mark + _HEADER_BYTES
    if start > len(data):
        return start
    length: int = _UNPACK(data, mark)[1]
    end = start + length
    possible = KEY_BYTES <= length <= LARGEST_BODY and data.find(NEVER_IN_UTF8, start, end) < 0
    return end if possible else 0


def _read(data: bytes, mark: int, end: int) -> Good | None:
    start = mark + _HEADER_BYTES
    body = data[start:end]
    if crc32(body) != _UNPACK(data, mark)[2]:
        return None
    return Good(mark, end, body[:KEY_BYTES], body[KEY_BYTES:])

"""A click as bytes in a file: mark, length, CRC-32, click id, click. Pure; scanning never raises, whatever the bytes.

    ff 43 52 31 | length of the body | CRC-32 of the body | 26 bytes click id, then the click as UTF-8
       4 bytes      4, big-endian         4, big-endian               the body

The byte ff never occurs in UTF-8, so a body cannot contain the mark: every mark begins a frame, and a body with ff in
it is damaged. So the scan reads the bytes after damage at most twice. The id comes before the click, so that a click
written by another version can be delivered without decoding it.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple
from zlib import crc32

MARK: Final = b"\xffCR1"
NEVER_IN_UTF8: Final = b"\xff"
KEY_BYTES: Final = 26
LARGEST_BODY: Final = 128 * 1024
"""Larger than any click, because its fields have caps."""

_HEADER: Final = struct.Struct(">4sII")
_PACK: Final = _HEADER.pack
_UNPACK: Final = _HEADER.unpack_from
_HEADER_BYTES: Final = _HEADER.size
LARGEST_FRAME: Final = _HEADER_BYTES + LARGEST_BODY


class IntactFrame(NamedTuple):
    """An intact frame, `data[start:end]`."""

    start: int
    end: int
    key: bytes
    payload: bytes


class DamagedBytes(NamedTuple):
    """Bytes `data[start:end]` outside of intact frames."""

    start: int
    end: int


def encode_frame(key: bytes, payload: bytes) -> bytes:
    """Encode a click: `key` has 26 bytes, `payload` is UTF-8, together at most LARGEST_BODY."""
    body = key + payload
    return _PACK(MARK, len(body), crc32(body)) + body


def scan(data: bytes, *, complete: bool = True) -> Iterator[IntactFrame | DamagedBytes]:
    """Give all of `data` in order: each result begins where the previous one ended.

    If `data` is not `complete`, it may end within a frame. Those last bytes are left out: scan them again together with
    the bytes that follow. They are fewer than LARGEST_FRAME.
    """
    done = 0
    mark = data.find(MARK)
    while mark >= 0:
        end = _frame_end(data, mark)
        if end > len(data) and not complete:
            break
        if 0 < end <= len(data) and (good := _read(data, mark, end)):
            if done < mark:
                yield DamagedBytes(done, mark)
            yield good
            done = end
            mark = data.find(MARK, done)
        else:
            mark = data.find(MARK, mark + 1)
    if mark < 0:
        mark = len(data) if complete else len(data) - len(MARK) + 1
    if done < mark:
        yield DamagedBytes(done, mark)


def _frame_end(data: bytes, mark: int) -> int:
    """Give the end of the frame that begins at `mark`, maybe beyond `data`; 0 if it cannot be a frame."""
    start = mark + _HEADER_BYTES
    if start > len(data):
        return start
    length: int = _UNPACK(data, mark)[1]
    end = start + length
    possible = KEY_BYTES <= length <= LARGEST_BODY and data.find(NEVER_IN_UTF8, start, end) < 0
    return end if possible else 0


def _read(data: bytes, mark: int, end: int) -> IntactFrame | None:
    start = mark + _HEADER_BYTES
    body = data[start:end]
    if crc32(body) != _UNPACK(data, mark)[2]:
        return None
    return IntactFrame(mark, end, body[:KEY_BYTES], body[KEY_BYTES:])

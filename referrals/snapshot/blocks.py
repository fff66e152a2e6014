"""The format of a snapshot: sorted lines in blocks of about two kilobytes, and an index of the blocks. Pure.

    clickrail referrals 1
    affiliate ann {"id":"ann",...}
    code abc123 {"code":"abc123",...}
    program shop {"id":"shop",...}
    {"installation":...,"version":...,...}      the index: first key, length and CRC-32 of each block
    index 00000000000000001234 89abcdef         the trailer: offset of the index, and its CRC-32

A block starts with the newline before its first line and ends before the newline after its last line. So each line can
be found as newline + key: JSON contains no newline.
"""

import re
from array import array
from collections.abc import Iterable
from itertools import accumulate
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from referrals.model import TYPES, Key

HEADER: Final = b"clickrail referrals 1"
BLOCK_BYTES: Final = 2048
"""At this size, reading and checking a block takes about as long as finding it in the index."""
TRAILER: Final = re.compile(rb"\nindex (\d{20}) ([0-9a-f]{8})\n")
TRAILER_BYTES: Final = 37
CODE_LINE: Final = b"\ncode "

FIELDS: Final = "; ".join(f"{kind}: {', '.join(type_.__struct_fields__)}" for kind, type_ in sorted(TYPES.items()))
"""The fields of each kind in this version of Clickrail. A file written by another version may lack some of them."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a file: which installation it belongs to, and at which version it was taken.

    `taken_at` is in Unix seconds, `fields` is FIELDS of the writer, and `codes` is the number of codes.
    """

    installation: str
    version: int
    taken_at: float
    fields: str
    codes: int


class Index(Snapshot, frozen=True, kw_only=True):
    """The description, and first key, length and CRC-32 (4 bytes each) of each block.

    Each is one string: decoding long lists of numbers would block the event loop.
    """

    firsts: str
    lengths: bytes
    crcs: bytes


class Blocks(NamedTuple):
    """First key, length and CRC-32 of each block; block n is from `edges[n]` to `edges[n + 1]`."""

    first_keys: list[str]
    lengths: "array[int]"
    crcs: "array[int]"
    edges: "array[int]"


DECODE_INDEX: Final = msgspec.json.Decoder(Index)


class BlockSplitter:
    """Splits lines into blocks, and collects their index. `codes` is the initial count of codes.

    Write HEADER, then what `add`, `finish_block` and `finish` return, in the order of the calls.
    """

    def __init__(self, codes: int = 0) -> None:
        self.codes = codes
        self.end = len(HEADER)
        self._rest = b"\n"
        self._firsts: list[str] = []
        self._lengths = array("I")
        self._crcs = array("I")

    def add(self, lines: bytes, block_bytes: int = BLOCK_BYTES) -> bytes:
        """Add lines, each with its newline, in the order of their keys. Return the blocks that are full."""
        data = self._rest + lines
        start = 0
        while (end := data.find(b"\n", start + block_bytes)) >= 0:
            self._record(data[start:end])
            start = end
        self._rest = data[start:]
        return data[:start]

    def finish_block(self) -> bytes:
        """Return the remaining lines as a block."""
        block, self._rest = self._rest[:-1], b"\n"
        if block:
            self._record(block)
        return block

    def record_copied(self, blocks: Blocks, first: int, stop: int) -> None:
        """Add blocks that are copied from another file to the index. Call `finish_block` before."""
        self._firsts += blocks.first_keys[first:stop]
        self._lengths += blocks.lengths[first:stop]
        self._crcs += blocks.crcs[first:stop]
        self.end += blocks.edges[stop] - blocks.edges[first]

    def finish(self, installation: str, version: int, taken_at: float, fields: str) -> bytes:
        """Return the index and the trailer. Call `finish_block` before."""
        index = Index(
            installation=installation,
            version=version,
            taken_at=taken_at,
            fields=fields,
            codes=self.codes,
            firsts="\n".join(self._firsts),
            lengths=self._lengths.tobytes(),
            crcs=self._crcs.tobytes(),
        )
        data = b"\n" + msgspec.json.encode(index)
        return data + b"\nindex %020d %08x\n" % (self.end, crc32(data))

    def _record(self, block: bytes) -> None:
        kind, id_, _ = block[1:].split(b" ", 2)
        self._firsts.append(f"{kind.decode()} {id_.decode()}")
        self._lengths.append(len(block))
        self._crcs.append(crc32(block))
        self.codes += block.count(CODE_LINE)
        self.end += len(block)


def find_index(trailer: bytes) -> tuple[int, int] | None:
    """Read the last TRAILER_BYTES of a file. Return offset and CRC-32 of the index; null if it is not a trailer."""
    match = TRAILER.fullmatch(trailer)
    return (int(match[1]), int(match[2], 16)) if match else None


def read_index(data: bytes, start: int, crc: int) -> tuple[Snapshot, Blocks] | None:
    """Decode an index at offset `start`; null when it is damaged or contradicts itself."""
    if crc32(data) != crc:
        return None
    try:
        index = DECODE_INDEX.decode(data)
        lengths = array("I", index.lengths)
        edges = array("Q", accumulate(lengths, initial=len(HEADER)))
        blocks = Blocks(index.firsts.splitlines(), lengths, array("I", index.crcs), edges)
    except (msgspec.DecodeError, ValueError):
        return None
    is_consistent = (
        len(blocks.first_keys) == len(blocks.lengths) == len(blocks.crcs)
        and blocks.edges[-1] == start
        and sorted(blocks.first_keys) == blocks.first_keys
    )
    return (index, blocks) if is_consistent else None


def format_key(key: Key) -> str:
    """Format a key as it is at the start of a line. Lines are sorted by this text."""
    return f"{key[0]} {key[1]}"


def find_value(block: bytes, text: bytes) -> bytes | None:
    """Find the JSON of a key; null when the block has no such key."""
    at = block.find(b"\n%b " % text)
    if at < 0:
        return None
    start = at + len(text) + 2
    end = block.find(b"\n", start)
    return block[start:] if end < 0 else block[start:end]


def replace_lines(block: bytes, changes: Iterable[tuple[bytes, bytes | None]]) -> bytes:
    """Return the lines of a block with lines replaced, added or (null) removed, by key."""
    lines = {b" ".join(line.split(b" ", 2)[:2]): line for line in block[1:].split(b"\n")} if block else {}
    for text, value in changes:
        if value is None:
            lines.pop(text, None)
        else:
            lines[text] = text + b" " + value
    return b"".join(lines[text] + b"\n" for text in sorted(lines))

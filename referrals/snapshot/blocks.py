"""How the set stands in a file: sorted lines, in blocks of some kilobytes, and an index of the blocks. Pure.

    clickrail referrals 1
    affiliate ann {"id":"ann",...}
    code abc123 {"code":"abc123",...}
    program shop {"id":"shop",...}
    {"installation":...,"version":...,...}      the index: first key, start and CRC-32 of each block
    index 00000000000000001234 89abcdef         where the index starts, and its CRC-32

A block begins with the newline in front of its first line and ends before the one behind its last, so that a line is
found by its newline and key: JSON has no newline in it.
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
"""Reading and checking a block takes about as long as finding out which one."""
TRAILER: Final = re.compile(rb"\nindex (\d{20}) ([0-9a-f]{8})\n")
TRAILER_BYTES: Final = 37
CODE_LINE: Final = b"\ncode "

FIELDS: Final = "; ".join(f"{kind}: {', '.join(type_.__struct_fields__)}" for kind, type_ in sorted(TYPES.items()))
"""What this version of Clickrail knows of each kind: a file written by another one may lack some of it."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself: the set of an installation at a version.

    `taken_at` is in Unix seconds, `fields` what its writer knew of each kind, `codes` how many codes there are.
    """

    installation: str
    version: int
    taken_at: float
    fields: str
    codes: int


class Index(Snapshot, frozen=True, kw_only=True):
    """That, and of each block the first key, how long it is, and its CRC-32 (4 bytes each).

    In one piece each: long lists of numbers would keep the event loop waiting while they are read.
    """

    firsts: str
    lengths: bytes
    crcs: bytes


class Blocks(NamedTuple):
    """The blocks of a file: of each the first key, length and CRC-32; at `edges` one ends and the next one starts."""

    firsts: list[str]
    lengths: "array[int]"
    crcs: "array[int]"
    edges: "array[int]"


DECODE_INDEX: Final = msgspec.json.Decoder(Index)


class BlockSplitter:
    """Cuts lines into blocks, and remembers what the index will say of them. `codes` is how many are counted already.

    What `add`, `finish_block` and `finish` give is to be written, in this order, behind HEADER.
    """

    def __init__(self, codes: int = 0) -> None:
        self.codes = codes
        self.end = len(HEADER)
        self._rest = b"\n"
        self._firsts: list[str] = []
        self._lengths = array("I")
        self._crcs = array("I")

    def add(self, lines: bytes, block_bytes: int = BLOCK_BYTES) -> bytes:
        """Take lines, each with its newline, in the order of their keys; give the blocks that are full."""
        data = self._rest + lines
        start = 0
        while (end := data.find(b"\n", start + block_bytes)) >= 0:
            self._note(data[start:end])
            start = end
        self._rest = data[start:]
        return data[:start]

    def finish_block(self) -> bytes:
        """Give what is left as a block of its own."""
        block, self._rest = self._rest[:-1], b"\n"
        if block:
            self._note(block)
        return block

    def note_copied(self, blocks: Blocks, first: int, behind: int) -> None:
        """Take note of blocks that are copied from another file. `finish_block` comes before."""
        self._firsts += blocks.firsts[first:behind]
        self._lengths += blocks.lengths[first:behind]
        self._crcs += blocks.crcs[first:behind]
        self.end += blocks.edges[behind] - blocks.edges[first]

    def finish(self, installation: str, version: int, taken_at: float, fields: str) -> bytes:
        """Give the index and the trailer. `finish_block` comes before."""
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

    def _note(self, block: bytes) -> None:
        kind, id_, _ = block[1:].split(b" ", 2)
        self._firsts.append(f"{kind.decode()} {id_.decode()}")
        self._lengths.append(len(block))
        self._crcs.append(crc32(block))
        self.codes += block.count(CODE_LINE)
        self.end += len(block)


def find_index(trailer: bytes) -> tuple[int, int] | None:
    """Read the last TRAILER_BYTES of a file: where its index starts, and the index's CRC-32."""
    match = TRAILER.fullmatch(trailer)
    return (int(match[1]), int(match[2], 16)) if match else None


def read_index(data: bytes, start: int, crc: int) -> tuple[Snapshot, Blocks] | None:
    """Read an index that starts at `start`; null when it is damaged, or could not be that of a file."""
    if crc32(data) != crc:
        return None
    try:
        index = DECODE_INDEX.decode(data)
        lengths = array("I", index.lengths)
        edges = array("Q", accumulate(lengths, initial=len(HEADER)))
        blocks = Blocks(index.firsts.splitlines(), lengths, array("I", index.crcs), edges)
    except (msgspec.DecodeError, ValueError):
        return None
    fits = (
        len(blocks.firsts) == len(blocks.lengths) == len(blocks.crcs)
        and blocks.edges[-1] == start
        and sorted(blocks.firsts) == blocks.firsts
    )
    return (index, blocks) if fits else None


def text_of(key: Key) -> str:
    """Give a key as it stands in a line. In the order of these texts the lines are sorted."""
    return f"{key[0]} {key[1]}"


def find_value(block: bytes, text: bytes) -> bytes | None:
    """Find the JSON that stands behind a key."""
    at = block.find(b"\n%b " % text)
    if at < 0:
        return None
    start = at + len(text) + 2
    end = block.find(b"\n", start)
    return block[start:] if end < 0 else block[start:end]


def change_lines(block: bytes, changes: Iterable[tuple[bytes, bytes | None]]) -> bytes:
    """Give the lines of a block, with others put in their place, put in, or (null) taken out, by their keys."""
    lines = {b" ".join(line.split(b" ", 2)[:2]): line for line in block[1:].split(b"\n")} if block else {}
    for text, value in changes:
        if value is None:
            lines.pop(text, None)
        else:
            lines[text] = text + b" " + value
    return b"".join(lines[text] + b"\n" for text in sorted(lines))

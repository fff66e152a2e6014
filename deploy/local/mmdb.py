"""Writes a database of addresses in the MMDB format from sorted ranges. Pure.

Its tree is one of IPv6; IPv4 addresses are the numbers below 2^32, as the format has it. Records are maps of numbers
and texts. Half a million ranges take some seconds.
"""

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

BITS: Final = 128
EMPTY: Final = -1
MARKER: Final = b"\xab\xcd\xefMaxMind.com"
SEPARATOR: Final = bytes(16)
NODE_BITS: Final = 32

TEXT: Final = 2
MAP: Final = 7
UINT16: Final = 5
UINT32: Final = 6
UINT64: Final = 9
LIST: Final = 11
LARGEST_BASIC_TYPE: Final = 7
ONE_MORE: Final = 29
TWO_MORE: Final = 285

NUMBER_TYPES: Final = {
    "binary_format_major_version": UINT16,
    "binary_format_minor_version": UINT16,
    "ip_version": UINT16,
    "record_size": UINT16,
    "build_epoch": UINT64,
}
"""The types that readers insist on, by key. Other numbers are of 32 bits."""

Value = str | int | Mapping[str, str] | Sequence[str]


class Ranges(msgspec.Struct, frozen=True):
    """Sorted ranges that do not overlap: the addresses `firsts[i]` to `lasts[i]` have record number `records[i]`."""

    firsts: Sequence[int]
    lasts: Sequence[int]
    records: Sequence[int]


class Tree:
    """The search tree: two entries of `entries` for each node.

    An entry is the number of a node, EMPTY, or -2 minus the number of a record.
    """

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self.entries = array("q")
        self._add(0, BITS, 0, len(ranges.firsts))

    def _add(self, first: int, bits: int, low: int, high: int) -> int:
        """Add a node for the 2^bits addresses from `first` on, in which the ranges low to high - 1 lie."""
        place = len(self.entries)
        self.entries.extend((EMPTY, EMPTY))
        middle = first + (1 << (bits - 1))
        split = bisect_left(self._ranges.firsts, middle, low, high)
        # The range before may go on beyond the middle: then it is in both halves.
        right = split - 1 if split > low and self._ranges.lasts[split - 1] >= middle else split
        self.entries[place] = self._find_half(first, bits - 1, low, split)
        self.entries[place + 1] = self._find_half(middle, bits - 1, right, high)
        return place // 2

    def _find_half(self, first: int, bits: int, low: int, high: int) -> int:
        if low == high:
            return EMPTY
        ranges = self._ranges
        if ranges.firsts[low] <= first and ranges.lasts[low] >= first + (1 << bits) - 1:
            return -2 - ranges.records[low]
        return self._add(first, bits, low, high)


def write_mmdb(ranges: Ranges, records: Sequence[Mapping[str, Value]], database_type: str, built: int) -> bytes:
    """Give the file. `built` is its date, in seconds since 1970."""
    entries = Tree(ranges).entries
    nodes = len(entries) // 2
    data = bytearray()
    # The keys are written once, at the beginning, and records point to them.
    keys: dict[str, bytes] = {}
    for key in dict.fromkeys(key for record in records for key in record):
        keys[key] = make_pointer(len(data))
        data += encode_value(key)
    places = array("q")
    for record in records:
        places.append(len(data))
        data += encode_header(MAP, len(record))
        for key, value in record.items():
            data += keys[key] + encode_value(value, key)
    shift = nodes + len(SEPARATOR)
    tree = array("I", [e if e >= 0 else nodes if e == EMPTY else places[-2 - e] + shift for e in entries])
    if sys.byteorder == "little":
        tree.byteswap()
    return tree.tobytes() + SEPARATOR + bytes(data) + MARKER + encode_map(describe(database_type, built, nodes))


def describe(database_type: str, built: int, nodes: int) -> dict[str, Value]:
    return {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": built,
        "database_type": database_type,
        "description": {"en": database_type},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": nodes,
        "record_size": NODE_BITS,
    }


def encode_value(value: Value, key: str = "") -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return encode_header(TEXT, len(text)) + text
    if isinstance(value, int):
        number = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return encode_header(NUMBER_TYPES.get(key, UINT32), len(number)) + number
    if isinstance(value, Mapping):
        return encode_map(value)
    return encode_header(LIST, len(value)) + b"".join(map(encode_value, value))


def encode_map(values: Mapping[str, Value]) -> bytes:
    inner = b"".join(encode_value(key) + encode_value(value, key) for key, value in values.items())
    return encode_header(MAP, len(values)) + inner


def encode_header(kind: int, size: int) -> bytes:
    """Write the type and size of a value: up to 28 in its first byte, more in one or two further bytes."""
    if size < ONE_MORE:
        first, rest = size, b""
    elif size < TWO_MORE:
        first, rest = 29, bytes([size - ONE_MORE])
    else:
        first, rest = 30, struct.pack(">H", size - TWO_MORE)
    if kind <= LARGEST_BASIC_TYPE:
        return bytes([kind << 5 | first]) + rest
    return bytes([first, kind - LARGEST_BASIC_TYPE]) + rest


def make_pointer(place: int) -> bytes:
    """Write a pointer of two bytes. Keys lie at the beginning of the data, below 2048."""
    return struct.pack(">H", 1 << 13 | place)

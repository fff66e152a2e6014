"""murmur2, the hash of Kafka's default partitioner: any client that joins by key finds a record where it expects it.

Source: org.apache.kafka.common.utils.Utils.murmur2. Keys are hashed many at once, each in 64 bits of its own of one
large number: the function multiplies 32 bits by 32 bits, so no lane ever reaches into the next, and a hundred keys cost
what ten would one by one. Every record of the public topics is hashed. Tests hold it against aiokafka's own reading.
"""

from collections.abc import Iterable, Sequence
from struct import unpack
from typing import Final

SEED: Final = 0x9747B28C
M: Final = 0x5BD1E995
WORD: Final = 0xFFFFFFFF
LANE: Final = 8
"""Bytes."""


def hash_keys(keys: Sequence[bytes | None]) -> list[int]:
    """Give 31 bits for each key, of which a partition is the remainder; 0 where there is no key."""
    hashes = [0] * len(keys)
    for length in {len(key) for key in keys if key}:
        indexes = [index for index, key in enumerate(keys) if key and len(key) == length]
        for index, value in zip(indexes, murmur2(keys[index] or b"" for index in indexes), strict=True):
            hashes[index] = value & 0x7FFFFFFF
    return hashes


def murmur2(keys: Iterable[bytes]) -> tuple[int, ...]:
    """Give the hashes, as unsigned numbers, of keys that are all as long as the first."""
    given = list(keys)
    count, length = len(given), len(given[0])
    data = b"".join(given)
    ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * count, "little")
    mask = ones * WORD
    h = ones * (SEED ^ length)
    for start in range(0, length - 3, 4):
        k = lanes(data, length, range(start, start + 4)) * M & mask
        h = (h * M & mask) ^ ((k ^ (k >> 24 & mask)) * M & mask)
    if length & 3:
        h = (h ^ lanes(data, length, range(length & ~3, length))) * M & mask
    h = (h ^ (h >> 13 & mask)) * M & mask
    h ^= h >> 15 & mask
    return unpack(f"<{count}Q", h.to_bytes(LANE * count, "little"))


def lanes(data: bytes, length: int, positions: range) -> int:
    """Put the same few bytes of every key of `length` bytes into its lane, little end first."""
    slots = bytearray(len(data) // length * LANE)
    for number, position in enumerate(positions):
        slots[number::LANE] = data[position::length]
    return int.from_bytes(slots, "little")

"""Kafka's default partitioner (murmur2), so that any client that joins by key finds a record where it expects it.

Source: org.apache.kafka.common.utils.Utils.murmur2. Tests hold it against aiokafka's own reading of the same, which
takes twice as long: this one is on the path of every click.
"""

from struct import Struct
from typing import Final

SEED: Final = 0x9747B28C
M: Final = 0x5BD1E995
MASK: Final = 0xFFFFFFFF

WORDS: Final = [Struct(f"<{count}I") for count in range(65)]


def partition_for(key: bytes, partitions: int) -> int:
    """Give the partition of a key of at most 259 bytes among `partitions`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    length = len(data)
    h = SEED ^ length
    for word in WORDS[length >> 2].unpack_from(data):
        k = word * M & MASK
        h = (h * M & MASK) ^ ((k ^ k >> 24) * M & MASK)
    if length & 3:
        h = (h ^ int.from_bytes(data[length & ~3 :], "little")) * M & MASK
    h = (h ^ h >> 13) * M & MASK
    return h ^ h >> 15

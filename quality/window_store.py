"""What windows need of a store: values that are written once, logs that only grow, and sums. Pure.

`MemoryStore` and the enricher's Redis store behave alike; tests/quality/test_stores.py holds both to it.
"""

from collections.abc import Mapping

import msgspec


class Reads(msgspec.Struct, frozen=True):
    """Keys to read: of values and logs, and of sums."""

    values: list[bytes]
    sums: list[bytes]


class Answers(msgspec.Struct, frozen=True):
    """What was read, in the order of the keys.

    The store knows every click since `since_ms` (milliseconds since 1970). It was empty before, or may have lost keys.
    """

    values: list[bytes | None]
    sums: list[Mapping[bytes, int]]
    since_ms: int = 0


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A value that the key keeps if it has none yet. The store answers with the value it had before, or null."""

    key: bytes
    value: bytes
    ttl_s: int


class Append(msgspec.Struct, frozen=True, gc=False):
    """An entry added to the end of a log, unless the log has `limit` bytes already."""

    key: bytes
    entry: bytes
    limit: int
    ttl_s: int


class Add(msgspec.Struct, frozen=True, gc=False):
    """A number added to one field of a sum."""

    key: bytes
    field: bytes
    number: int
    ttl_s: int


class Writes(msgspec.Struct, frozen=True):
    """What to write. The store answers each claim, in their order."""

    claims: list[Claim]
    appends: list[Append]
    adds: list[Add]

    def __bool__(self) -> bool:
        return bool(self.claims or self.appends or self.adds)

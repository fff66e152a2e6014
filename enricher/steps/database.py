"""A database of addresses (MMDB) of any content: reading it, and checking it before use. PURE: the reader is given.

A file may be damaged anywhere. Such a file is refused, or gives `bad_database` for the entries concerned.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import Any, Final, Protocol

import msgspec
from maxminddb_rust import InvalidDatabaseError

IpAddress = IPv4Address | IPv6Address
KeyPath = tuple[str | int, ...]

LABEL_CAP: Final = 128

DAMAGE: Final = (
    InvalidDatabaseError,
    ValueError,  # texts that are not UTF-8 among them
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    MemoryError,
    struct.error,
)
"""What reading a damaged file can raise."""

NETWORKS_CHECKED: Final = 500
ADDRESSES_CHECKED: Final = 1000
SPREAD: Final = 0x9E3779B97F4A7C15
"""Odd, and 2^64 divided by the golden ratio: its multiples spread evenly over the address space."""


class Reader(Protocol):
    """An open database: looks addresses up, and iterates over its networks with their records."""

    def get(self, address: IpAddress, /) -> object: ...
    def __iter__(self) -> Iterator[Any]: ...


class Database(msgspec.Struct, frozen=True):
    """A database that was checked. `label` is its type and build date; `has_v6` says whether it holds IPv6.

    `built_at` is when its publisher built it, in seconds since 1970.
    """

    reader: Reader
    label: str
    has_v6: bool
    built_at: int = 0

    def read(self, address: IpAddress) -> object:
        """Give the record of an address, or None. Raises one of DAMAGE where the entry is damaged."""
        if address.version == 6 and not self.has_v6:  # noqa: PLR2004 - the number of the protocol
            return None
        return self.reader.get(address)


class Content(msgspec.Struct, frozen=True):
    """A kind of database. `is_found` recognises its records, and `lacks` says what a database without one lacks."""

    name: str
    is_found: Callable[[object], bool]
    lacks: str


def check_database(reader: Reader, metadata: Any, content: Content) -> Database | str:
    """Read a sample: the first networks, and addresses all over the space. Give the database, or the problem."""
    try:
        label = f"{metadata.database_type} {build_date(metadata.build_epoch)}"[:LABEL_CAP]
        has_v6 = metadata.ip_version == 6  # noqa: PLR2004 - the number of the protocol
        sample = [record for _, record in islice(reader, NETWORKS_CHECKED)]
        sample += [reader.get(address) for address in sample_addresses(ADDRESSES_CHECKED, with_v6=has_v6)]
    except (*DAMAGE, OSError) as error:
        return f"it is damaged: {type(error).__name__}: {error}"
    if not any(map(content.is_found, sample)):
        return f"{content.lacks} (it is of type {metadata.database_type!r})"
    return Database(reader, label, has_v6, int(metadata.build_epoch))


def build_date(epoch: int) -> date:
    return datetime.fromtimestamp(epoch, UTC).date()


def sample_addresses(count: int, *, with_v6: bool) -> Iterator[IpAddress]:
    """Give `count` addresses spread over all of IPv4 and, where asked, as many over 2000::/3."""
    for number in range(count):
        spot = number * SPREAD % 2**64
        yield IPv4Address(spot >> 32)
        if with_v6:
            yield IPv6Address(1 << 125 | spot << 61)


def find_text(record: object, paths: Iterable[KeyPath]) -> str | None:
    """Give the first text that is not blank at one of the paths."""
    for value in find_values(record, paths):
        if isinstance(value, str) and (text := value.strip()):
            return text[:LABEL_CAP]
    return None


def find_values(record: object, paths: Iterable[KeyPath]) -> Iterator[object]:
    """Give what the record has at each of the paths, but for nothing."""
    if not isinstance(record, dict):
        return
    for path in paths:
        # Of the paths of all layouts, a record has few: most end here.
        value: object = record.get(path[0])
        if value is None:
            continue
        for key in path[1:]:
            value = step_into(value, key)
        yield value


def step_into(value: object, key: str | int) -> object:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return None

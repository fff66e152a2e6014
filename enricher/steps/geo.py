"""Where an address is, by a city database of any layout. PURE: the reader of the file is an argument.

MaxMind nests (`country.iso_code`, `subdivisions[0].names.en`, `city.names.en`), DB-IP and others are flat
(`country_code`, `state1`, `city`). Either gives the same words: country by its ISO code, region and city by name.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import Any, Final, Protocol

import msgspec
from maxminddb_rust import InvalidDatabaseError

from schemas import Geo

IpAddress = IPv4Address | IPv6Address

COUNTRY_PATHS: Final = (("country", "iso_code"), ("country_code",), ("country",))
REGION_PATHS: Final = (("subdivisions", 0, "names", "en"), ("subdivisions", 0, "iso_code"), ("state1",), ("region",))
CITY_PATHS: Final = (("city", "names", "en"), ("city",))

COUNTRY: Final = re.compile(r"[A-Z]{2}")
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


class CityDatabase(msgspec.Struct, frozen=True):
    """A database that was checked. `label` is its type and build date; `has_v6` says whether it holds IPv6."""

    reader: Reader
    label: str
    has_v6: bool

    def locate(self, address: IpAddress) -> Geo:
        """Give the place of an address: status `found`, `not_found`, or `bad_database` where its entry is damaged."""
        if address.version == 6 and not self.has_v6:  # noqa: PLR2004 - the number of the protocol
            return Geo(status="not_found", database=self.label)
        try:
            record = self.reader.get(address)
        except DAMAGE:
            return Geo(status="bad_database", database=self.label)
        return read_place(record, self.label)


def read_place(record: object, label: str) -> Geo:
    """Read a record of either layout. Without a valid country code its status is `not_found`."""
    country = find_text(record, COUNTRY_PATHS)
    if country is None or COUNTRY.fullmatch(country) is None:
        return Geo(status="not_found", database=label)
    return Geo(
        status="found",
        country=country,
        region=find_text(record, REGION_PATHS),
        city=find_text(record, CITY_PATHS),
        database=label,
    )


def find_text(record: object, paths: Iterable[tuple[str | int, ...]]) -> str | None:
    if not isinstance(record, dict):
        return None
    for path in paths:
        # Of the paths of all layouts, a record has few: most end here.
        value: object = record.get(path[0])
        if value is None:
            continue
        for key in path[1:]:
            value = step_into(value, key)
        if isinstance(value, str) and (text := value.strip()):
            return text[:LABEL_CAP]
    return None


def step_into(value: object, key: str | int) -> object:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return None


def check_database(reader: Reader, metadata: Any) -> CityDatabase | str:
    """Read a sample: the first networks, and addresses all over the space. Give the database, or the problem."""
    try:
        label = f"{metadata.database_type} {build_date(metadata.build_epoch)}"[:LABEL_CAP]
        has_v6 = metadata.ip_version == 6  # noqa: PLR2004 - the number of the protocol
        sample = [record for _, record in islice(reader, NETWORKS_CHECKED)]
        sample += [reader.get(address) for address in sample_addresses(ADDRESSES_CHECKED, with_v6=has_v6)]
    except (*DAMAGE, OSError) as error:
        return f"it is damaged: {type(error).__name__}: {error}"
    if not any(read_place(record, label).status == "found" for record in sample):
        return f"it tells no country (it is of type {metadata.database_type!r})"
    return CityDatabase(reader, label, has_v6)


def build_date(epoch: int) -> date:
    return datetime.fromtimestamp(epoch, UTC).date()


def sample_addresses(count: int, *, with_v6: bool) -> Iterator[IpAddress]:
    """Give `count` addresses spread over all of IPv4 and, where asked, as many over 2000::/3."""
    for number in range(count):
        spot = number * SPREAD % 2**64
        yield IPv4Address(spot >> 32)
        if with_v6:
            yield IPv6Address(1 << 125 | spot << 61)

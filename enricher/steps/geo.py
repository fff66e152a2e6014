"""Where an address is, by a city database of any layout. PURE: the database is an argument.

MaxMind nests (`country.iso_code`, `subdivisions[0].names.en`, `city.names.en`), DB-IP and others are flat
(`country_code`, `state1`, `city`). Either gives the same words: country by its ISO code, region and city by name.
"""

import re
from functools import lru_cache
from typing import Final

from enricher.steps.database import DAMAGE, Content, Database, IpAddress, KeyPath, find_text
from schemas import Geo

COUNTRY_PATHS: Final[tuple[KeyPath, ...]] = (("country", "iso_code"), ("country_code",), ("country",))
REGION_PATHS: Final[tuple[KeyPath, ...]] = (
    ("subdivisions", 0, "names", "en"),
    ("subdivisions", 0, "iso_code"),
    ("state1",),
    ("region",),
)
CITY_PATHS: Final[tuple[KeyPath, ...]] = (("city", "names", "en"), ("city",))

COUNTRY: Final = re.compile(r"[A-Z]{2}")
FIELDS: Final = tuple(dict.fromkeys(str(path[0]) for path in (*COUNTRY_PATHS, *REGION_PATHS, *CITY_PATHS)))
CACHED: Final = 8192


def locate(database: Database, address: IpAddress) -> Geo:
    """Give the place of an address: status `found`, `not_found`, or `bad_database` where its entry is damaged."""
    try:
        record = database.read(address)
    except DAMAGE:
        return Geo(status="bad_database", database=database.label)
    return read_place(record, database.label)


def read_place(record: object, label: str) -> Geo:
    """Read a record of either layout. Without a valid country code its status is `not_found`.

    Most addresses are of a few thousand places, so a flat record is read once and its answer shared.
    """
    try:
        return read_flat(label, None if record is None else tuple(map(record.get, FIELDS)))  # type: ignore[attr-defined] # caught
    except (TypeError, AttributeError):
        # Nested, so not hashable, or no record at all.
        return read_fields(record, label)


@lru_cache(CACHED)
def read_flat(label: str, values: tuple[object, ...] | None) -> Geo:
    return read_fields(None if values is None else dict(zip(FIELDS, values, strict=True)), label)


def read_fields(record: object, label: str) -> Geo:
    country = find_country(record)
    if country is None:
        return Geo(status="not_found", database=label)
    return Geo(
        status="found",
        country=country,
        region=find_text(record, REGION_PATHS),
        city=find_text(record, CITY_PATHS),
        database=label,
    )


def find_country(record: object) -> str | None:
    country = find_text(record, COUNTRY_PATHS)
    return country if country is not None and COUNTRY.fullmatch(country) else None


CITIES: Final = Content("city database", lambda record: find_country(record) is not None, "it tells no country")

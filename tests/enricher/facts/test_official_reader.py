"""Our reading of databases against MaxMind's own reader, on every record of files of 3,000 networks."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from random import Random
from typing import Any

import geoip2.database
import maxminddb
import pytest
from maxminddb_rust import open_database
from mmdb_writer import MMDBWriter
from netaddr import IPNetwork, IPSet

from enricher.facts.geo_files import GeoFiles
from enricher.facts.network_files import NetworkFiles
from schemas import Geo

pytestmark = pytest.mark.slow

NETWORKS = 3000
TEXTS = ["Lisboa", "São Paulo", "Ōsaka", "Москва", "x" * 200, "", "ß", "a b"]
OTHER_VALUES = [-1, 2**31 - 1, 2**40, 38.7, True, False, [1, "two"], {"nested": {"deep": ["er"]}}]


def make_record(random: Random) -> dict[str, Any]:
    """Make an entry of MaxMind's layout, with any of its parts left out, and values of every type beside them."""
    names = {"en": random.choice(TEXTS[:5]), "de": random.choice(TEXTS)}
    parts: dict[str, Any] = {
        "country": {"iso_code": random.choice(["PT", "BR", "JP", "RU", "DE"]), "geoname_id": random.getrandbits(31)},
        "subdivisions": [{"iso_code": "11", "names": names} if random.random() < 0.7 else {"iso_code": "13"}],
        "city": {"names": names, "geoname_id": random.getrandbits(31)},
        "location": {"latitude": random.uniform(-90, 90), "longitude": random.uniform(-180, 180)},
        "traits": {"is_anycast": random.random() < 0.5},
    }
    kept = {name: part for name, part in parts.items() if random.random() < 0.8}
    return kept | {"extra": random.choice(OTHER_VALUES)}


def make_networks(random: Random) -> Iterator[IPNetwork]:
    """Give networks that do not overlap: of IPv4 from /24 on, of IPv6 from /48 on."""
    for number in random.sample(range(1 << 16), NETWORKS // 2):
        yield IPNetwork(f"81.{number >> 8}.{number & 255}.0/{random.randint(24, 32)}")
        yield IPNetwork(f"2a02:{number:x}:{random.getrandbits(16):x}::/{random.randint(48, 128)}")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = Random(9)
    path = tmp_path_factory.mktemp("official") / "city.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City", int_type="auto")
    for network in make_networks(random):
        writer.insert_network(IPSet([network]), make_record(random))
    writer.to_db_file(str(path))
    return path


def addresses_in(database: Path) -> list[IPv4Address | IPv6Address]:
    """Give the first and the last address of every network that MaxMind's reader finds in the file."""
    with maxminddb.open_database(database, maxminddb.MODE_MEMORY) as reader:
        return [ip_address(str(end)) for network, _ in reader for end in (network[0], network[-1])]


def test_every_record_is_read_as_by_the_official_reader(database: Path) -> None:
    ours = open_database(str(database))
    addresses = addresses_in(database)
    with maxminddb.open_database(database, maxminddb.MODE_MEMORY) as official:
        assert [ours.get(address) for address in addresses] == [official.get(address) for address in addresses]
        assert [record for _, record in ours] == [record for _, record in official]
    assert len(addresses) >= 2 * NETWORKS


def test_every_address_is_located_as_by_the_official_library(database: Path) -> None:
    files = GeoFiles([database])
    files.refresh()

    addresses = addresses_in(database)
    with geoip2.database.Reader(database) as official:
        expected = [place_of(official, str(address)) for address in addresses]
    located = [files.locate(address) for address in addresses]
    assert [(geo.country, geo.region, geo.city) for geo in located] == expected
    assert {geo.status for geo in located} == {"found", "not_found"}
    assert files.locate(ip_address("9.9.9.9")) == Geo(status="not_found", database=located[0].database)


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write systems of MaxMind's layout: with any number, with or without a name, and records that have no number."""
    random = Random(10)
    path = tmp_path_factory.mktemp("official") / "asn.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-ASN", int_type="auto")
    for network in make_networks(random):
        parts = {
            "autonomous_system_number": random.choice([1, 13335, 65_536, 2**32 - 1]),
            "autonomous_system_organization": random.choice(TEXTS),
        }
        writer.insert_network(IPSet([network]), {name: part for name, part in parts.items() if random.random() < 0.9})
    writer.to_db_file(str(path))
    return path


def test_every_network_is_found_as_by_the_official_library(systems: Path) -> None:
    files = NetworkFiles([systems], [])
    files.refresh()

    addresses = addresses_in(systems)
    with geoip2.database.Reader(systems) as official:
        expected = [system_of(official, str(address)) for address in addresses]
    found = [files.find(address) for address in addresses]
    assert [(network.asn, network.org) for network in found] == expected
    assert {network.status for network in found} == {"found", "not_found"}
    assert len(addresses) >= 2 * NETWORKS


def system_of(official: geoip2.database.Reader, address: str) -> tuple[int | None, str | None]:
    """Give number and name; without a number there is no name."""
    answer = official.asn(address)
    number, name = answer.autonomous_system_number, (answer.autonomous_system_organization or "").strip()[:128]
    return (None, None) if number is None else (number, name or None)


def place_of(official: geoip2.database.Reader, address: str) -> tuple[str | None, str | None, str | None]:
    """Give country, region and city; a region without a name is called by its code, and without a country none is."""
    answer = official.city(address)
    if answer.country.iso_code is None:
        return None, None, None
    region = answer.subdivisions[0] if answer.subdivisions else None
    name = (region.names.get("en") or region.iso_code) if region else None
    city = answer.city.names.get("en")
    return answer.country.iso_code, name and name[:128], city and city[:128]

"""The database of autonomous systems that the local stack brings."""

from pathlib import Path

import maxminddb_rust
import pytest

from deploy.local.asn import asn_database, convert
from deploy.local.settings import LocalSettings
from enricher.facts.database_file import DatabaseFile
from enricher.steps.network import SYSTEMS

V4 = """16777216,16777471,13335,"Cloudflare, Inc."
16777300,16777727,64496,Überland
16777500,16777600,64497,inside
"""
V6 = "42541956123769884636017138956568135816,42541956123769884636017138956568135816,15169,Google LLC\n"


def write_package(folder: Path, version: str = "2.3.2026061719") -> Path:
    folder.mkdir()
    (folder / "asn-ipv4-num.csv").write_text(V4)
    (folder / "asn-ipv6-num.csv").write_text(V6)
    (folder / "package.json").write_text(f'{{"version": "{version}"}}')
    return folder


def systems_of(path: Path, *addresses: str) -> list[object]:
    with maxminddb_rust.open_database(str(path)) as reader:
        records = [reader.get(address) for address in addresses]
    return [record and record["autonomous_system_number"] for record in records]


def test_ranges_become_a_database_and_the_first_of_two_that_overlap_keeps_the_addresses(tmp_path: Path) -> None:
    made = tmp_path / "asn.mmdb"
    convert(write_package(tmp_path / "package"), made)

    found = systems_of(made, "1.0.0.0", "1.0.0.255", "1.0.1.0", "1.0.1.255", "1.0.2.0", "2001:4860:4860::8888")
    assert found == [13335, 13335, 64496, 64496, None, 15169]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["asn.mmdb"]


def test_a_package_whose_version_has_no_date_is_refused_and_no_file_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no date in the version 3\.0\.0"):
        convert(write_package(tmp_path / "package", "3.0.0"), tmp_path / "asn.mmdb")
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


@pytest.mark.servers
async def test_the_database_knows_addresses_of_both_families_and_the_enricher_uses_it(
    server_settings: LocalSettings,
) -> None:
    made = await asn_database(server_settings.cache)

    assert systems_of(made, "8.8.8.8", "2001:4860:4860::8888", "40.92.0.1") == [15169, 15169, 8075]
    file = DatabaseFile(made, SYSTEMS)
    assert file.refresh()
    assert file.database is not None
    assert file.database.label == "ip-location-db-ASN 2026-06-17"

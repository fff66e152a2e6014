"""Databases of autonomous systems and lists of networks on disk, and what is made of both."""

import os
import random
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from enricher.facts.network_files import NetworkFiles
from enricher.rules.networks import KINDS
from enricher.steps.database import IpAddress
from enricher.steps.network import Claim
from schemas import Network
from tests.enricher.builders import FLAT, VISITOR, put, write_database
from tests.examples import few

ADDRESS = ip_address(VISITOR)
SYSTEM = {"autonomous_system_number": 64496, "autonomous_system_organization": "Example Telecom"}
OTHER = {"autonomous_system_number": 16509, "autonomous_system_organization": "Amazon.com, Inc."}
STATUSES = {"found", "not_found", "bad_database", "no_database"}


def write_systems(path: Path, record: dict[str, object] = SYSTEM) -> Path:
    return write_database(path, {"81.2.69.0/24": record, "2a02:c7f::/32": record}, database_type="Test-ASN")


def opened(*databases: Path, lists: list[str] | None = None) -> NetworkFiles:
    files = NetworkFiles(databases, lists or [])
    files.refresh()
    return files


@pytest.fixture
def systems(tmp_path: Path) -> Path:
    return write_systems(tmp_path / "asn.mmdb")


def test_a_database_tells_the_system_of_addresses_of_both_families(systems: Path) -> None:
    files = opened(systems)
    v4, v6 = files.find(ADDRESS), files.find(ip_address("2a02:c7f::1"))

    assert v4 == v6
    assert (v4.status, v4.asn, v4.org, v4.kind) == ("found", 64496, "Example Telecom", "other")
    assert (v4.database or "").startswith("Test-ASN 20")
    assert files.find(ip_address("8.8.8.8")) == Network(status="not_found", kind="other", database=v4.database)
    assert files.problems == []


def test_without_a_file_there_is_no_database(tmp_path: Path) -> None:
    assert opened().find(ADDRESS) == Network(status="no_database")
    files = opened(tmp_path / "none.mmdb")

    assert files.find(ADDRESS) == Network(status="no_database")
    assert files.problems == [f"{tmp_path}/none.mmdb cannot be read: No such file or directory"]


def test_a_city_database_is_refused(tmp_path: Path) -> None:
    city = write_database(tmp_path / "city.mmdb", {"81.2.69.0/24": FLAT})
    files = opened(city)

    assert files.find(ADDRESS) == Network(status="bad_database")
    assert files.problems == [f"{city} is refused: it tells no autonomous system (it is of type 'Test-City')"]


def test_a_replaced_file_is_taken_into_use_and_no_old_answer_is_given(tmp_path: Path, systems: Path) -> None:
    files = opened(systems)
    assert files.find(ADDRESS).kind == "other"
    put(write_systems(tmp_path / "new.mmdb", OTHER).read_bytes(), systems)

    assert files.refresh()
    assert (files.find(ADDRESS).asn, files.find(ADDRESS).kind) == (16509, "hosting")


def test_a_bad_replacement_is_refused_and_the_old_one_stays_in_use(systems: Path) -> None:
    files = opened(systems)
    put(b"no database", systems)

    assert not files.refresh()
    assert files.find(ADDRESS).asn == 64496
    assert files.problems[0].startswith(f"{systems} is refused: it is not a database of autonomous systems: ")


def test_a_file_that_was_missing_and_is_bad_says_so(tmp_path: Path) -> None:
    path = tmp_path / "asn.mmdb"
    files = opened(path)
    assert files.find(ADDRESS).status == "no_database"
    path.write_bytes(b"no database")

    assert not files.refresh()
    assert files.find(ADDRESS).status == "bad_database"


def test_a_file_cut_short_in_place_hurts_nobody(systems: Path) -> None:
    files = opened(systems)
    os.truncate(systems, 100)

    assert not files.refresh()
    assert files.find(ADDRESS).asn == 64496


def test_a_list_adds_its_kind_and_says_which_it_was(tmp_path: Path, systems: Path) -> None:
    (tmp_path / "vpn.txt").write_text("81.2.69.0/25\n")
    files = opened(systems, lists=[f"vpn={tmp_path}/vpn.txt"])
    network = files.find(ip_address("81.2.69.5"))

    assert (network.asn, network.kind, network.certainty) == (64496, "vpn", "probable")
    assert network.lists == ["vpn.txt 0063ad54b3"]
    assert files.find(ADDRESS).kind == "other"


def test_a_list_of_systems_needs_a_database(tmp_path: Path, systems: Path) -> None:
    (tmp_path / "asn.txt").write_text("# kind: hosting\nAS64496\n")

    assert opened(systems, lists=[f"{tmp_path}/asn.txt"]).find(ADDRESS).kind == "hosting"
    assert opened(lists=[f"{tmp_path}/asn.txt"]).find(ADDRESS).kind is None


def test_a_list_that_changes_is_taken_into_use(tmp_path: Path) -> None:
    path = tmp_path / "vpn.txt"
    path.write_text("81.2.69.0/24\n")
    files = opened(lists=[f"vpn={path}"])
    before = files.find(ADDRESS)
    put(b"1.2.3.0/24\n", path)

    assert files.refresh()
    assert (before.kind, files.find(ADDRESS).kind, files.find(ip_address("1.2.3.4")).kind) == ("vpn", None, "vpn")


class Anything:
    """A source that says the same of every address."""

    def find_claims(self, _: IpAddress, asn: int | None, /) -> Iterator[Claim]:
        yield Claim(kind="tor", certainty="certain", label=f"of {asn}")


def test_a_source_that_does_not_change_is_asked_with_the_system(systems: Path) -> None:
    files = NetworkFiles([systems], [], [Anything()])
    files.refresh()

    assert files.find(ADDRESS).lists == ["of 64496"]


@pytest.mark.parametrize("seed", range(few(60)))
def test_flipped_bits_never_raise(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    networks = {f"{number}.{seed}.0.0/16": chance.choice([SYSTEM, OTHER]) for number in range(1, 60)}
    path = write_database(tmp_path / "flipped.mmdb", networks, database_type="Test-ASN")
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 30])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    files = opened(path)

    for number in range(256):
        network = files.find(ip_address(f"{number}.{seed}.3.4"))
        assert network.status in STATUSES
        assert network.kind is None or network.kind in KINDS
        assert network.status == "found" or network.asn is None

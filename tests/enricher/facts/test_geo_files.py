import os
import random
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from enricher.facts.geo_files import GeoFiles
from schemas import Geo
from tests.enricher.builders import FLAT, NESTED, VISITOR, put, write_database
from tests.examples import few

ADDRESS = ip_address(VISITOR)
STATUSES = {"found", "not_found", "bad_database", "no_database"}
MADRID = FLAT | {"country_code": "ES", "city": "Madrid"}


def opened(*paths: Path) -> GeoFiles:
    files = GeoFiles(paths)
    files.refresh()
    return files


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    return write_database(tmp_path / "nested.mmdb")


@pytest.fixture
def madrid(tmp_path: Path) -> bytes:
    return write_database(tmp_path / "madrid.mmdb", {"81.2.69.0/24": MADRID}).read_bytes()


@pytest.mark.parametrize("layout", [NESTED, FLAT], ids=["nested", "flat"])
def test_a_database_of_either_layout_tells_the_place_of_an_address(tmp_path: Path, layout: dict[str, object]) -> None:
    files = opened(write_database(tmp_path / "x.mmdb", {"81.2.69.0/24": layout, "2001:db8::/32": layout}))

    v4, v6 = files.locate(ADDRESS), files.locate(ip_address("2001:db8::1"))
    assert v4 == v6
    assert (v4.status, v4.country, v4.region, v4.city) == ("found", "PT", "Lisboa", "Lisbon")
    assert (v4.database or "").startswith("Test-City 20")
    assert files.locate(ip_address("8.8.8.8")).status == "not_found"
    assert files.problems == []


def test_without_a_file_there_is_no_database(tmp_path: Path) -> None:
    assert opened().locate(ADDRESS) == Geo(status="no_database")

    files = opened(tmp_path / "none.mmdb")
    assert files.locate(ADDRESS) == Geo(status="no_database")
    assert files.problems == [f"{tmp_path}/none.mmdb cannot be read: No such file or directory"]


def test_the_oldest_database_in_use_says_when_it_was_built(tmp_path: Path, nested: Path) -> None:
    today = date.today()  # noqa: DTZ011 - the reader of the label gives a day as well
    built = datetime.fromtimestamp(opened(nested, tmp_path / "none.mmdb").oldest_build, UTC).date()

    assert abs(built - today) <= timedelta(days=1)
    assert opened(tmp_path / "none.mmdb").oldest_build == 0


def test_a_file_that_appears_is_taken_into_use(tmp_path: Path, nested: Path) -> None:
    path = tmp_path / "late.mmdb"
    files = opened(path)
    put(nested.read_bytes(), path)

    assert files.refresh()
    assert files.locate(ADDRESS).city == "Lisbon"


def test_a_file_for_each_family_serves_both(tmp_path: Path) -> None:
    v4 = write_database(tmp_path / "v4.mmdb", {"81.2.69.0/24": FLAT}, ip_version=4)
    v6 = write_database(tmp_path / "v6.mmdb", {"2001:db8::/32": MADRID})
    files = opened(v4, v6)

    assert files.locate(ADDRESS).city == "Lisbon"
    assert files.locate(ip_address("2001:db8::1")).city == "Madrid"
    assert files.locate(ip_address("2001:dead::1")).status == "not_found"


def test_a_replaced_file_is_taken_into_use(nested: Path, madrid: bytes) -> None:
    files = opened(nested)
    put(madrid, nested)

    assert files.locate(ADDRESS).city == "Lisbon"
    assert files.refresh()
    assert files.locate(ADDRESS).city == "Madrid"


def test_a_file_that_has_not_changed_is_not_read_again(nested: Path) -> None:
    assert not opened(nested).refresh()


@pytest.mark.parametrize("keep", [0, 1, 400, -40])
def test_a_bad_replacement_is_refused_and_the_old_one_stays_in_use(nested: Path, keep: int) -> None:
    files = opened(nested)
    before = files.locate(ADDRESS)
    put(nested.read_bytes()[:keep], nested)

    assert not files.refresh()
    assert files.locate(ADDRESS) == before
    assert files.problems[0].startswith(f"{nested} is refused: it is ")


def test_a_good_file_after_a_bad_one_clears_the_problem(nested: Path, madrid: bytes) -> None:
    files = opened(nested)
    put(b"no database", nested)
    files.refresh()
    put(madrid, nested)

    assert files.refresh()
    assert files.problems == []
    assert files.locate(ADDRESS).city == "Madrid"


def test_a_deleted_file_stays_in_use_and_is_a_problem(nested: Path) -> None:
    files = opened(nested)
    nested.unlink()
    files.refresh()

    assert files.locate(ADDRESS).city == "Lisbon"
    assert files.problems == [f"{nested} cannot be read: No such file or directory"]


def test_a_file_cut_short_in_place_hurts_nobody(nested: Path) -> None:
    files = opened(nested)
    os.truncate(nested, 100)

    assert files.locate(ADDRESS).city == "Lisbon"
    assert not files.refresh()
    assert files.locate(ADDRESS).city == "Lisbon"


def test_a_database_without_countries_is_refused(tmp_path: Path) -> None:
    asn = write_database(tmp_path / "asn.mmdb", {"81.2.69.0/24": {"autonomous_system_number": 5}}, database_type="ASN")
    files = opened(asn)

    assert files.locate(ADDRESS) == Geo(status="bad_database")
    assert files.problems == [f"{asn} is refused: it tells no country (it is of type 'ASN')"]


def test_a_folder_in_place_of_the_file_is_no_database(tmp_path: Path) -> None:
    files = opened(tmp_path)

    assert files.locate(ADDRESS).status == "no_database"
    assert files.problems == [f"{tmp_path} cannot be read: Is a directory"]


def test_a_file_cut_at_any_length_never_raises(tmp_path: Path, nested: Path) -> None:
    whole = nested.read_bytes()
    path = tmp_path / "cut.mmdb"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])

        assert opened(path).locate(ADDRESS) == Geo(status="bad_database"), length


@pytest.mark.parametrize("seed", range(few(100)))
def test_flipped_bits_never_raise(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    networks = {f"{number}.{seed}.0.0/16": chance.choice([NESTED, FLAT, MADRID]) for number in range(1, 60)}
    path = write_database(tmp_path / "flipped.mmdb", networks)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 30])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    files = opened(path)

    for number in range(256):
        geo = files.locate(ip_address(f"{number}.{seed}.3.4"))
        assert geo.status in STATUSES
        assert geo.status == "found" or (geo.country, geo.city) == (None, None)

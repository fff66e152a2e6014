"""Our writer of databases against MaxMind's reader, and the enricher's."""

from ipaddress import IPv6Address, ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any

import maxminddb
import maxminddb_rust
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.mmdb import Ranges, write_mmdb

BUILT = 1_781_654_400
NAMES = ["", "x", "y" * 28, "z" * 29, "Ōsaka" * 60, "w" * 300, "v" * 65_000]
Row = tuple[int, int, int]


def write(rows: list[Row], records: list[dict[str, Any]], path: Path) -> Path:
    ranges = Ranges([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
    path.write_bytes(write_mmdb(ranges, records, "Test-ASN", BUILT))
    return path


@st.composite
def sorted_rows(draw: st.DrawFn) -> list[Row]:
    """Ranges of any size that do not overlap, many of them neighbours, in both families."""
    ends = sorted(draw(st.sets(st.integers(0, 300) | st.integers(0, 2**32) | st.integers(0, 2**128 - 1), max_size=40)))
    pairs = [(first, last - draw(st.sampled_from([0, 1]))) for first, last in pairwise(ends)]
    rows: list[Row] = []
    for first, last in pairs:
        begin = max(first, rows[-1][1] + 1 if rows else 0)
        if begin <= last and draw(st.booleans()):
            rows.append((begin, last, draw(st.integers(0, len(NAMES) - 1))))
    return rows


RECORDS = [
    {"autonomous_system_number": 7**number, "autonomous_system_organization": name} for number, name in enumerate(NAMES)
]


@given(rows=sorted_rows(), near=st.lists(st.integers(0, 2**128 - 1), max_size=10))
def test_each_address_has_the_record_of_its_range_in_both_readers(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], near: list[int]
) -> None:
    path = write(rows, RECORDS, tmp_path_factory.mktemp("mmdb") / "x.mmdb")

    numbers = [number for row in rows for number in (row[0] - 1, row[0], row[1], row[1] + 1)] + near
    rust = maxminddb_rust.open_database(str(path))
    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as official:
        for number in numbers:
            if 0 <= number < 2**128:
                expected = next((RECORDS[row[2]] for row in rows if row[0] <= number <= row[1]), None)
                address = IPv6Address(number)
                assert (official.get(address), rust.get(address)) == (expected, expected)


def test_addresses_of_ipv4_are_found_as_such(tmp_path: Path) -> None:
    first, last = int(ip_address("81.2.69.0")), int(ip_address("81.2.70.9"))
    path = write([(first, last, 1)], RECORDS, tmp_path / "x.mmdb")

    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as official:
        found = [official.get(text) for text in ("81.2.68.255", "81.2.69.0", "81.2.70.9", "81.2.70.10")]
    assert found == [None, RECORDS[1], RECORDS[1], None]


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    path = write([(5, 9, 0)], RECORDS, tmp_path / "x.mmdb")

    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as official:
        metadata = official.metadata()
    assert (metadata.database_type, metadata.build_epoch, metadata.ip_version) == ("Test-ASN", BUILT, 6)


def test_a_database_of_nothing_finds_nothing(tmp_path: Path) -> None:
    path = write([], [], tmp_path / "x.mmdb")

    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as official:
        assert official.get("81.2.69.1") is None

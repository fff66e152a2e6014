from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.steps.geo import (
    CITY_PATHS,
    COUNTRY_PATHS,
    REGION_PATHS,
    CityDatabase,
    IpAddress,
    check_database,
    find_text,
    read_place,
    sample_addresses,
    step_into,
)
from schemas import Geo
from tests.enricher.builders import FLAT, NESTED

LABEL = "Test-City 2026-06-05"


class Metadata(msgspec.Struct):
    database_type: Any = "Test-City"
    build_epoch: Any = int(datetime(2026, 6, 5, tzinfo=UTC).timestamp())
    ip_version: Any = 6


class OneRecord:
    """A database that has one record for every address."""

    def __init__(self, content: object) -> None:
        self.content = content

    def get(self, _: IpAddress, /) -> object:
        if isinstance(self.content, Exception):
            raise self.content
        return self.content

    def __iter__(self) -> Iterator[Any]:
        yield "0.0.0.0/0", self.content


def place(record: object) -> tuple[str, str | None, str | None, str | None]:
    geo = read_place(record, LABEL)
    assert geo.database == LABEL
    return geo.status, geo.country, geo.region, geo.city


@pytest.mark.parametrize("record", [NESTED, FLAT, {"country": "PT", "region": "Lisboa", "city": "Lisbon"}])
def test_every_layout_gives_the_same_place(record: dict[str, Any]) -> None:
    assert place(record) == ("found", "PT", "Lisboa", "Lisbon")


def test_a_region_without_a_name_is_called_by_its_code() -> None:
    assert place(NESTED | {"subdivisions": [{"iso_code": "11"}]}) == ("found", "PT", "11", "Lisbon")


@pytest.mark.parametrize("record", [{"country": {"iso_code": "PT"}}, {"country_code": "PT", "state1": "", "city": " "}])
def test_a_country_alone_is_a_place(record: dict[str, Any]) -> None:
    assert place(record) == ("found", "PT", None, None)


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        [],
        "PT",
        7,
        {"country_code": ""},
        {"country_code": "P\x05"},
        {"country": {"iso_code": 7}},
        {"country": []},
        {"city": "Lisbon"},
        {"autonomous_system_number": 15169},
    ],
)
def test_without_a_country_nothing_is_found(record: object) -> None:
    assert place(record) == ("not_found", None, None, None)


def test_garbage_beside_a_country_is_left_out() -> None:
    garbage = {"country_code": "PT", "subdivisions": {"0": 1}, "state1": 5, "city": {"names": []}}

    assert place(garbage) == ("found", "PT", None, None)


def test_a_name_is_cut_to_what_the_contract_holds() -> None:
    assert read_place(FLAT | {"city": "x" * 500}, LABEL).city == "x" * 128


def test_a_database_is_named_by_its_type_and_build_date() -> None:
    database = check_database(OneRecord(FLAT), Metadata())

    assert isinstance(database, CityDatabase)
    assert database.label == LABEL
    assert database.locate(ip_address("2001:db8::1")).city == "Lisbon"


def test_a_database_of_ipv4_finds_no_ipv6_address_and_is_not_asked() -> None:
    database = check_database(OneRecord(FLAT), Metadata(ip_version=4))

    assert isinstance(database, CityDatabase)
    assert database.locate(ip_address("2001:db8::1")) == Geo(status="not_found", database=LABEL)


@pytest.mark.parametrize("error", [TypeError("x"), RecursionError(), UnicodeDecodeError("utf-8", b"", 0, 1, "x")])
def test_a_damaged_entry_is_said_to_be_one(error: Exception) -> None:
    database = CityDatabase(OneRecord(error), LABEL, has_v6=True)

    assert database.locate(ip_address("81.2.69.142")) == Geo(status="bad_database", database=LABEL)


@pytest.mark.parametrize(
    ("reader", "metadata", "problem"),
    [
        (OneRecord({"autonomous_system_number": 15169}), Metadata("ASN"), "it tells no country (it is of type 'ASN')"),
        (OneRecord(ValueError("torn")), Metadata(), "it is damaged: ValueError: torn"),
        (OneRecord(FLAT), Metadata(build_epoch="yesterday"), "it is damaged: TypeError"),
        (OneRecord(FLAT), Metadata(build_epoch=2**63), "it is damaged: "),
    ],
)
def test_a_database_that_fails_its_trial_is_refused_with_the_reason(
    reader: OneRecord, metadata: Metadata, problem: str
) -> None:
    refused = check_database(reader, metadata)

    assert isinstance(refused, str)
    assert refused.startswith(problem)


def test_the_addresses_tried_lie_all_over_both_families() -> None:
    tried = list(sample_addresses(1000, with_v6=True))

    v4 = {int(address) >> 24 for address in tried if isinstance(address, IPv4Address)}
    v6 = {int(address) >> 120 for address in tried if isinstance(address, IPv6Address)}
    assert v4 == set(range(256))
    assert v6 == set(range(0x20, 0x40))


NAMES = st.sampled_from(
    ["country", "iso_code", "country_code", "subdivisions", "names", "en", "state1", "region", "city"]
)
RECORDS = st.recursive(
    st.none() | st.sampled_from(["PT", " Lisboa ", " ", ""]) | st.integers(),
    lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner, max_size=2),
)


@given(RECORDS, st.sampled_from([COUNTRY_PATHS, REGION_PATHS, CITY_PATHS]))
def test_paths_that_end_early_give_what_walking_each_of_them_to_its_end_gives(
    record: object, paths: tuple[tuple[str | int, ...], ...]
) -> None:
    texts = []
    for path in paths:
        value = record
        for key in path:
            value = step_into(value, key)
        if isinstance(value, str) and value.strip():
            texts.append(value.strip())
    assert find_text(record, paths) == (texts[0] if texts else None)

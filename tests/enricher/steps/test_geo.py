from ipaddress import ip_address
from typing import Any

import pytest

from enricher.steps.database import Database
from enricher.steps.geo import locate, read_place
from schemas import Geo
from tests.enricher.builders import FLAT, NESTED, OneRecord

LABEL = "Test-City 2026-06-05"


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


@pytest.mark.parametrize("error", [TypeError("x"), RecursionError(), UnicodeDecodeError("utf-8", b"", 0, 1, "x")])
def test_a_damaged_entry_is_said_to_be_one(error: Exception) -> None:
    database = Database(OneRecord(error), LABEL, has_v6=True)

    assert locate(database, ip_address("81.2.69.142")) == Geo(status="bad_database", database=LABEL)


def test_a_database_of_ipv4_locates_no_ipv6_address() -> None:
    database = Database(OneRecord(FLAT), LABEL, has_v6=False)

    assert locate(database, ip_address("2001:db8::1")) == Geo(status="not_found", database=LABEL)
    assert locate(database, ip_address("81.2.69.142")).city == "Lisbon"

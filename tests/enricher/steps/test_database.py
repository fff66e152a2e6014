"""A database of addresses: its check before use, and reading what it holds."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.steps.database import Database, check_database, find_text, sample_addresses, step_into
from enricher.steps.geo import CITIES, CITY_PATHS, COUNTRY_PATHS, REGION_PATHS
from enricher.steps.network import SYSTEMS
from tests.enricher.builders import FLAT, OneRecord

SYSTEM = {"autonomous_system_number": 15169}


class Metadata(msgspec.Struct):
    database_type: Any = "Test-City"
    build_epoch: Any = int(datetime(2026, 6, 5, tzinfo=UTC).timestamp())
    ip_version: Any = 6


def test_a_database_is_named_by_its_type_and_build_date() -> None:
    database = check_database(OneRecord(FLAT), Metadata(), CITIES)

    assert isinstance(database, Database)
    assert database.label == "Test-City 2026-06-05"
    assert database.read(ip_address("2001:db8::1")) == FLAT


def test_a_database_of_ipv4_has_no_ipv6_address_and_is_not_asked() -> None:
    database = check_database(OneRecord(FLAT), Metadata(ip_version=4), CITIES)

    assert isinstance(database, Database)
    assert database.read(ip_address("2001:db8::1")) is None


@pytest.mark.parametrize(
    ("reader", "metadata", "problem"),
    [
        (OneRecord(SYSTEM), Metadata("ASN"), "it tells no country (it is of type 'ASN')"),
        (OneRecord(ValueError("torn")), Metadata(), "it is damaged: ValueError: torn"),
        (OneRecord(FLAT), Metadata(build_epoch="yesterday"), "it is damaged: TypeError"),
        (OneRecord(FLAT), Metadata(build_epoch=2**63), "it is damaged: "),
    ],
)
def test_a_database_that_fails_its_trial_is_refused_with_the_reason(
    reader: OneRecord, metadata: Metadata, problem: str
) -> None:
    refused = check_database(reader, metadata, CITIES)

    assert isinstance(refused, str)
    assert refused.startswith(problem)


def test_a_database_of_one_kind_is_none_of_the_other() -> None:
    assert isinstance(check_database(OneRecord(SYSTEM), Metadata("ASN"), SYSTEMS), Database)
    assert check_database(OneRecord(FLAT), Metadata(), SYSTEMS) == (
        "it tells no autonomous system (it is of type 'Test-City')"
    )


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

"""Our own table of networks."""

from collections import Counter
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.rules.networks import FACTS, KINDS, LISTED_KINDS, NEVER_HOSTING, RESERVED
from enricher.rules.package_labels import PACKAGE_LABELS
from enricher.steps.network import own_networks
from quality.carriers import CARRIERS

DISPUTED = (
    "192.0.0.0/24",
    "192.88.99.0/24",
    "2001::/23",
    "2002::/16",
    "3fff::/20",
    "64:ff9b::/96",
    "::ffff:0:0/96",
    "5f00::/16",
)


def test_every_fact_names_its_source_and_says_something() -> None:
    assert [fact for fact in FACTS if not fact.source or not fact.provider] == []
    assert [fact for fact in FACTS if not fact.ranges and not fact.asns] == []


def test_ranges_are_ranges_and_do_not_overlap() -> None:
    ranges = [ip_network(text) for fact in FACTS for text in fact.ranges] + [ip_network(text) for text in RESERVED]

    # Two of them are neighbours, and joined.
    assert len(own_networks().ranges) == len(ranges) - 1


@given(st.ip_addresses())
def test_what_is_reserved_is_what_python_says_is_not_global(address: IPv4Address | IPv6Address) -> None:
    claims = own_networks().find_claims(address, None)

    # Python's answer to these differs by its version.
    if any(address in ip_network(text) for text in DISPUTED if ip_network(text).version == address.version):
        return
    is_public = address.is_global and not address.is_multicast and not address.is_reserved
    assert any(claim.kind == "reserved" for claim in claims) == (not is_public)


def test_no_system_is_named_twice() -> None:
    counted = Counter(asn for fact in FACTS for asn in fact.asns)

    assert [asn for asn, times in counted.items() if times > 1] == []


def test_no_fact_says_of_people_that_they_are_hosting() -> None:
    hosting = {asn for fact in FACTS if fact.kind == "hosting" for asn in fact.asns}

    assert hosting & NEVER_HOSTING.keys() == set()


def test_no_fact_says_of_a_mobile_carrier_that_it_is_something_else() -> None:
    assert {asn for fact in FACTS for asn in fact.asns} & CARRIERS.keys() == set()


def test_kinds_are_those_that_a_list_can_name_in_the_order_of_their_precedence() -> None:
    assert ("reserved", *LISTED_KINDS, "other") == KINDS
    assert {kind for kind, _ in PACKAGE_LABELS.values()} <= set(LISTED_KINDS)


UNLICENSED = [
    *("Cogent", "DataCamp", "Contabo", "Vercel", "CDN77", "GleSYS", "Scalaxy", "GTHost", "Melbicom", "BuyVM"),
    *("BunnyCDN", "Akamai"),
]


@pytest.mark.parametrize("label", UNLICENSED)
def test_a_label_whose_data_have_no_licence_is_not_used(label: str) -> None:
    assert label not in PACKAGE_LABELS

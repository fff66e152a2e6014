"""The network of an address: its system, its kind, and which kind counts where several are claimed."""

from ipaddress import ip_address
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.rules.networks import FACTS, LISTED_KINDS, NEVER_HOSTING, RESERVED
from enricher.steps.database import Database
from enricher.steps.network import (
    Claim,
    NetworkList,
    classify_network,
    find_asn,
    find_network,
    label_tables,
    own_networks,
)
from enricher.steps.ranges import make_range_table
from schemas import Network
from tests.enricher.builders import OneRecord

LABEL = "Test-ASN 2026-06-05"
OWN = label_tables(FACTS, RESERVED, NEVER_HOSTING)
HOME = "81.2.69.142"


def listed(kind: str, text: str = "0.0.0.0/0", **more: Any) -> NetworkList:
    claim = Claim(kind=kind, certainty=more.pop("certainty", "probable"), label=more.pop("label", "list"), **more)
    return NetworkList(make_range_table([(text, claim)]), {})


def found(asn: int | None = 64496) -> Network:
    return Network(status="found" if asn else "not_found", asn=asn, org="Example", database=LABEL)


@pytest.mark.parametrize(
    "record",
    [
        {"autonomous_system_number": 64496, "autonomous_system_organization": " Example "},
        {"traits": {"autonomous_system_number": 64496, "autonomous_system_organization": "Example"}},
        {"asn": "AS64496", "name": "Example", "domain": "example.net"},
        {"asn": 64496, "as_name": "Example"},
    ],
)
def test_every_layout_gives_the_same_system(record: dict[str, Any]) -> None:
    network = find_network(Database(OneRecord(record), LABEL, has_v6=True), ip_address(HOME))

    assert network == Network(status="found", asn=64496, org="Example", database=LABEL)


@pytest.mark.parametrize(
    "record",
    [
        *(None, {}, [], "AS1", 7, {"autonomous_system_organization": "Example"}, {"asn": "ASx"}, {"asn": "٣"}),
        *({"autonomous_system_number": number} for number in (0, -1, 2**32, 1.5, True, [1], "9" * 5000)),
    ],
)
def test_without_a_number_no_system_is_found(record: object) -> None:
    network = find_network(Database(OneRecord(record), LABEL, has_v6=True), ip_address(HOME))

    assert network == Network(status="not_found", database=LABEL)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["AS5", "5"]),
        lambda inner: (
            st.dictionaries(st.sampled_from(["asn", "traits", "autonomous_system_number"]), inner)
            | st.lists(inner, max_size=2)
        ),
    )
)
def test_whatever_a_record_holds_its_number_is_one_or_none(record: object) -> None:
    asn = find_asn(record)

    assert asn is None or 0 < asn < 2**32


def test_a_damaged_entry_is_said_to_be_one() -> None:
    database = Database(OneRecord(ValueError("torn")), LABEL, has_v6=True)

    assert find_network(database, ip_address(HOME)) == Network(status="bad_database", database=LABEL)


OWN_EXAMPLES = {
    "40.92.3.4": ("mail_security", "certain", "Microsoft Exchange Online Protection"),
    "104.47.127.255": ("mail_security", "certain", "Microsoft Exchange Online Protection"),
    "104.47.128.0": ("other", None, None),
    "2a01:111:f403::7": ("mail_security", "certain", "Microsoft Exchange Online Protection"),
    "209.222.82.9": ("mail_security", "certain", "Barracuda"),
    "2a02:26f7:c0::1": ("relay", "certain", "Apple Private Relay"),
    "2606:54c3::1": ("relay", "certain", "Apple Private Relay"),
    "10.1.2.3": ("reserved", "certain", None),
    "100.64.0.1": ("reserved", "certain", None),
    "127.0.0.1": ("reserved", "certain", None),
    "224.0.0.1": ("reserved", "certain", None),
    "::1": ("reserved", "certain", None),
    "fe80::1": ("reserved", "certain", None),
    "2001:db8::1": ("reserved", "certain", None),
    HOME: ("other", None, None),
}


@pytest.mark.parametrize("address", OWN_EXAMPLES)
def test_our_own_table_knows_ranges(address: str) -> None:
    network = classify_network(found(None), ip_address(address), [own_networks()])

    assert (network.kind, network.certainty, network.provider) == OWN_EXAMPLES[address]
    assert network.lists == ([OWN] if network.certainty else [])


OWN_SYSTEMS = {
    **dict.fromkeys((22843, 26211, 52129), ("mail_security", "probable", "Proofpoint")),
    **dict.fromkeys((30031, 39588, 42427, 60492), ("mail_security", "probable", "Mimecast")),
    16417: ("mail_security", "probable", "Cisco IronPort"),
    **dict.fromkeys((22616, 53813, 62044), ("gateway", "certain", "Zscaler")),
    55256: ("gateway", "certain", "Netskope"),
    36692: ("gateway", "certain", "Cisco Umbrella"),
    44444: ("gateway", "certain", "Forcepoint"),
    **dict.fromkeys((39832, 21837), ("gateway", "certain", "Opera")),
    36183: ("relay", "probable", "Apple Private Relay"),
    16509: ("hosting", "probable", "Amazon AWS"),
    13335: ("cdn", "probable", "Cloudflare"),
    6167: ("other", None, None),
}


@pytest.mark.parametrize("asn", OWN_SYSTEMS)
def test_our_own_table_knows_systems(asn: int) -> None:
    network = classify_network(found(asn), ip_address(HOME), [own_networks()])

    assert (network.kind, network.certainty, network.provider) == OWN_SYSTEMS[asn]
    assert (network.status, network.asn, network.database) == ("found", asn, LABEL)


@given(st.lists(st.sampled_from(LISTED_KINDS), min_size=1, max_size=6))
def test_of_several_kinds_the_first_by_precedence_counts(kinds: list[str]) -> None:
    sources = [listed(kind, label=f"{kind} list") for kind in kinds]
    network = classify_network(found(), ip_address(HOME), sources)

    assert network.kind == min(kinds, key=LISTED_KINDS.index)
    assert network.lists == [f"{network.kind} list"]


def test_a_vpn_list_that_contains_the_relay_does_not_make_it_a_vpn() -> None:
    sources = [listed("vpn", "2a02:26f7::/32", label="vpn.txt 0123456789"), own_networks()]

    assert classify_network(found(36183), ip_address("2a02:26f7::1"), sources).kind == "relay"


def test_a_reserved_address_is_nothing_else_whatever_lists_say() -> None:
    network = classify_network(found(None), ip_address("10.0.0.1"), [listed("vpn"), own_networks()])

    assert (network.kind, network.lists) == ("reserved", [OWN])


def test_lists_that_agree_are_all_named_and_the_surest_counts() -> None:
    sources = [
        listed("vpn", label="a"),
        listed("hosting", label="b"),
        listed("vpn", label="c", certainty="certain", provider="Example VPN"),
        listed("vpn", label="a"),
    ]
    network = classify_network(found(), ip_address(HOME), sources)

    assert (network.certainty, network.provider, network.lists) == ("certain", "Example VPN", ["a", "c"])


@pytest.mark.parametrize("asn", NEVER_HOSTING)
def test_no_list_makes_systems_of_people_hosting(asn: int) -> None:
    by_range = listed("hosting")
    by_asn = NetworkList(make_range_table([]), {asn: Claim(kind="hosting", certainty="certain", label="list")})
    network = classify_network(found(asn), ip_address(HOME), [by_range, by_asn])

    assert (network.kind, network.lists) == ("other", [])
    assert classify_network(found(asn), ip_address(HOME), [by_range, listed("vpn")]).kind == "vpn"


@pytest.mark.parametrize("status", ["no_database", "bad_database"])
def test_without_a_database_only_what_ranges_tell_is_known(status: str) -> None:
    asked = Network(status=status)

    assert classify_network(asked, ip_address(HOME), [own_networks()]) == asked
    known = classify_network(asked, ip_address("40.92.0.1"), [own_networks()])
    assert (known.status, known.kind) == (status, "mail_security")


def test_the_label_of_our_tables_tells_their_versions_apart() -> None:
    first, *others = FACTS
    cited = msgspec.structs.replace(first, source="another page")
    certain = msgspec.structs.replace(first, certainty="probable")

    assert label_tables([cited, *others], RESERVED, NEVER_HOSTING) == OWN
    assert label_tables([certain, *others], RESERVED, NEVER_HOSTING) != OWN
    assert label_tables(FACTS, RESERVED[1:], NEVER_HOSTING) != OWN
    assert label_tables(FACTS, RESERVED, [*NEVER_HOSTING, 64496]) != OWN

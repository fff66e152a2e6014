"""The package iporigin, and what we do not believe of it."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from types import ModuleType
from typing import Any

import iporigin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.facts.network_package import PackagedNetworks, describe_version, load_package
from enricher.rules.networks import FACTS, NEVER_HOSTING, RESERVED
from enricher.rules.package_labels import PACKAGE_LABELS
from enricher.steps.network import classify_network, label_tables, own_networks
from schemas import Network

EXAMPLES = [ip_address(text) for text in ("172.224.226.1", "52.95.110.1", "2a02:26f7:c0::1", "10.0.0.1", "1.1.1.1")]

LABELLED_PEOPLE = [
    # A Wavelength zone: Amazon publishes the range, and Verizon's phones have the addresses.
    ("155.146.0.1", 6167, "Amazon AWS"),
    ("15.145.8.1", 3209, "Amazon AWS"),
    ("15.145.20.1", 2856, "Amazon AWS"),
    # Scaleway's parent company has two carriers.
    ("37.160.0.1", 51207, "Scaleway"),
    ("78.208.0.1", 29447, "Scaleway"),
    ("81.56.0.1", 29447, "Scaleway"),
]


def kinds_of(address: str) -> list[tuple[str, str | None]]:
    package = load_package()
    assert package is not None
    return [(claim.kind, claim.provider) for claim in package.find_claims(ip_address(address), None)]


def test_every_label_we_use_is_one_of_the_package() -> None:
    assert PACKAGE_LABELS.keys() <= set(iporigin.dataset_info()["providers"])


def test_labels_are_read_as_kinds_of_our_own() -> None:
    assert kinds_of("172.224.226.1") == [("relay", "Apple Private Relay")]
    assert kinds_of("52.95.110.1") == [("hosting", "Amazon AWS")]
    assert kinds_of("81.2.69.142") == []
    assert kinds_of("10.0.0.1") == []


def test_the_relay_is_no_datacenter_whatever_the_package_says() -> None:
    address = ip_address("172.224.226.1")
    package = load_package()
    assert package is not None
    network = classify_network(Network(status="found", asn=36183), address, [own_networks(), package])

    assert iporigin.is_datacenter(address)
    assert (network.kind, network.certainty) == ("relay", "certain")
    assert network.lists == [label_tables(FACTS, RESERVED, NEVER_HOSTING), describe_version(iporigin)]


@pytest.mark.parametrize(("text", "asn", "label"), LABELLED_PEOPLE)
def test_people_whose_addresses_have_a_label_of_hosting_are_not_hosting(text: str, asn: int, label: str) -> None:
    address = ip_address(text)
    package = load_package()
    assert package is not None

    assert iporigin.classify(address).provider == label
    assert classify_network(Network(status="found", asn=asn), address, [package]).kind == "other"
    assert classify_network(Network(status="found", asn=64496), address, [package]).kind == "hosting"


@given(st.ip_addresses(network="0.0.0.0/0") | st.ip_addresses(network="2600::/12") | st.sampled_from(EXAMPLES))
def test_what_it_finds_is_what_its_public_function_says(address: IPv4Address | IPv6Address) -> None:
    package = load_package()
    assert package is not None
    says = iporigin.classify(address)

    expected = [says.provider] if says.provider in PACKAGE_LABELS else []
    assert [claim.provider for claim in package.find_claims(address, None)] == expected


@pytest.mark.parametrize("provider", ["Cogent", "Akamai", "a provider of a later version", ""])
def test_a_label_that_is_not_ours_claims_nothing(provider: str) -> None:
    package = PackagedNetworks(lambda *_: (provider, "hosting"), "label")

    assert list(package.find_claims(ip_address("8.8.8.8"), None)) == []


def test_a_package_names_its_version_and_the_day_its_data_were_made() -> None:
    package: Any = ModuleType("iporigin")
    package.__version__ = "1.1.2"
    package.dataset_info = lambda: {"built_at": 1_791_200_061}

    assert describe_version(package).startswith("iporigin 1.1.2 2026-10-05 ")
    assert describe_version(package, {"Tor": ("vpn", "probable")}) != describe_version(package)

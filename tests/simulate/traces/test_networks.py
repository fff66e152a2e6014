from ipaddress import ip_address
from random import Random

import pytest

from enricher.facts.network_package import load_package
from enricher.steps.network import classify_network, own_networks
from schemas import Network
from simulate.addresses import Networks
from simulate.traces import networks
from simulate.traces.networks import EXCHANGE, FACTS, PROBABLE_SCANNERS, RELAY, SCANNER, NetworkFact, find_fact
from tests.simulate.traces.builders import alone

NAMES = [name for name in dir(networks) if isinstance(getattr(networks, name), Networks)]

# Trace -> what the networks of its people and of its machines are.
KINDS = {
    ("office", "person"): {None},
    ("nat", "person"): {None},
    ("relay", "person"): {"relay"},
    ("mail-gateway", "machine"): {"mail_security", "hosting"},
    ("mail-gateway", "person"): {None},
    ("twin", "machine"): {"hosting"},
    ("quote-pairs", "machine"): {"hosting"},
    ("burst", "machine"): {"hosting"},
    ("attack", "machine"): {"hosting"},
    ("slow-bot", "machine"): {None},
    ("proxies", "machine"): {None},
    ("tor", "person"): {"tor"},
    ("tor", "machine"): {"tor"},
}


@pytest.mark.parametrize("name", NAMES)
def test_every_address_is_public(name: str) -> None:
    rng = Random(1)
    assert not [one for _ in range(300) if not ip_address(one := getattr(networks, name).draw(rng)).is_global]


def test_what_a_network_is_is_found_for_each_address_of_it() -> None:
    rng = Random(1)
    for fact in FACTS:
        assert {find_fact(Networks(fact.ranges).draw(rng)) for _ in range(200)} == {fact}
    assert find_fact("8.8.8.8") is None


@pytest.mark.parametrize(("name", "who"), KINDS)
def test_people_and_machines_come_from_networks_of_their_kind(name: str, who: str) -> None:
    facts = {find_fact(request.address) for request in alone(name) if request.actor.who == who}
    assert {fact and fact.kind for fact in facts} == KINDS[name, who]


@pytest.mark.parametrize("fact", [RELAY, EXCHANGE, SCANNER], ids=["relay", "exchange", "scanner"])
def test_the_enricher_s_own_table_says_the_same(fact: NetworkFact) -> None:
    drawn, own, rng = Networks(fact.ranges), [own_networks()], Random(1)
    # The table knows the relay's IPv4 addresses by their system, for which it needs a database.
    addresses = [address for _ in range(200) if (address := ip_address(drawn.draw(rng))).version == 6 or fact != RELAY]
    kinds = {classify_network(Network(status="not_found"), address, own).kind for address in addresses}
    assert kinds == {fact.kind}


def test_the_package_of_published_ranges_says_the_same_of_every_network() -> None:
    package, rng = load_package(), Random(1)
    assert package is not None
    sources = [own_networks(), package]
    for fact in FACTS:
        drawn = Networks(fact.ranges)
        for address in (ip_address(drawn.draw(rng)) for _ in range(200)):
            kind = classify_network(Network(status="not_found"), address, sources).kind
            # Mail services are known by their systems, for which a database is needed.
            assert kind == fact.kind or fact in PROBABLE_SCANNERS, address


def test_relay_has_both_families_of_addresses() -> None:
    assert {ip_address(request.address).version for request in alone("relay")} == {4, 6}

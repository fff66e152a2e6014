from ipaddress import ip_address
from random import Random

import pytest

from simulate.addresses import Networks
from simulate.traces import networks
from simulate.traces.networks import FACTS, find_fact
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


def test_relay_has_both_families_of_addresses() -> None:
    assert {ip_address(request.address).version for request in alone("relay")} == {4, 6}

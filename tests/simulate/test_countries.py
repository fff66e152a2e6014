from ipaddress import ip_address
from random import Random

from simulate.countries import COUNTRIES
from simulate.machines import NETWORKS


def test_there_are_twenty_countries_and_more() -> None:
    codes = [country.code for country in COUNTRIES]
    assert len(codes) == len(set(codes))
    assert len(codes) >= 20


def test_every_address_is_public_and_of_its_family() -> None:
    rng = Random(1)
    for country in COUNTRIES:
        for _ in range(200):
            v4, v6 = ip_address(country.v4.draw(rng)), ip_address(country.v6.draw(rng))
            assert (v4.version, v6.version) == (4, 6)
            assert v4.is_global, (country.code, v4)
            assert v6.is_global, (country.code, v6)


def test_machines_come_from_public_addresses() -> None:
    rng = Random(1)
    assert not [
        name for name, networks in NETWORKS.items() for _ in range(200) if not ip_address(networks.draw(rng)).is_global
    ]


def test_every_country_sends_its_share() -> None:
    rng = Random(1)
    drawn = [COUNTRIES.draw(rng).code for _ in range(20_000)]
    assert 0.18 <= drawn.count("US") / 20_000 <= 0.26
    assert set(drawn) == {country.code for country in COUNTRIES}

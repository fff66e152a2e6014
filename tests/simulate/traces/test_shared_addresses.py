from simulate.traces.timing import HOUR, MINUTE
from tests.simulate.traces.builders import by_actor, header, traced

SAME = ("User-Agent", "Accept-Language", "Sec-CH-UA", "Sec-CH-UA-Platform")


def test_an_office_is_200_people_with_one_address_and_one_browser() -> None:
    requests = traced("office")
    assert len(by_actor(requests)) == 200
    assert len({request.address for request in requests}) == 1
    assert len({tuple(header(request, name) for name in SAME) for request in requests}) == 1


def test_everybody_in_the_office_comes_again_within_ten_minutes() -> None:
    for visits in by_actor(traced("office")).values():
        assert len(visits) in {2, 3}
        assert visits[0].at_ms <= HOUR
        assert 20_000 <= visits[1].at_ms - visits[0].at_ms <= 10 * MINUTE


def test_a_carrier_s_address_has_500_identical_phones_in_half_an_hour() -> None:
    requests = traced("nat")
    people = by_actor(requests)
    assert len(people) == 500
    assert len({request.address for request in requests}) == 1
    assert len({tuple(header(request, name) for name in SAME) for request in requests}) == 1
    assert max(visits[0].at_ms for visits in people.values()) <= 30 * MINUTE
    assert 0.3 <= sum(len(visits) == 2 for visits in people.values()) / 500 <= 0.5


def test_relay_users_come_again_from_another_address() -> None:
    people = by_actor(traced("relay"))
    assert len(people) == 300
    returning = [visits for visits in people.values() if len(visits) > 1]
    assert len(returning) > 100
    assert not [visits for visits in returning if visits[0].address == visits[1].address]


def test_relay_users_have_safari() -> None:
    agents = {header(request, "User-Agent") or "" for request in traced("relay")}
    assert all("Version/26" in agent and "Safari" in agent for agent in agents)
    assert len(agents) == 4

from ipaddress import ip_address, ip_network

from simulate.traces.timing import MINUTE
from tests.simulate.traces.builders import alone, by_actor, header

EXITS = [ip_network(text) for text in ("185.220.101.0/24", "23.129.64.0/24", "204.8.96.0/24")]


def test_each_request_through_proxies_comes_from_another_home() -> None:
    requests = alone("proxies")
    assert len({request.address for request in requests}) == 300
    assert {request.link.query for request in requests} == {"sub1=banner"}
    assert requests[-1].at_ms <= 30 * MINUTE
    assert 0.6 <= sum(header(request, "Accept-Language") is not None for request in requests) / 300 <= 0.8


def test_people_and_scripts_come_through_tor_s_exits() -> None:
    requests = alone("tor")
    assert not [one for one in requests if not any(ip_address(one.address) in network for network in EXITS)]
    people = [one for one in by_actor(requests).values() if one[0].actor.who == "person"]
    assert len(people) == 120


def test_tor_browser_is_the_same_for_everybody_and_the_script_copies_its_name() -> None:
    agents = {(request.actor.who, header(request, "User-Agent")) for request in alone("tor")}
    assert len(agents) == 2
    assert len({agent for _, agent in agents}) == 1

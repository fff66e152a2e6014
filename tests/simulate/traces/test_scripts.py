from itertools import pairwise
from statistics import fmean, pstdev
from urllib.parse import parse_qs

from tests.simulate.traces.builders import alone, by_actor, header, traced


def test_there_are_three_bursts_of_20_s_each_from_one_address() -> None:
    bursts = by_actor(alone("burst"))
    assert [len(requests) for requests in bursts.values()] == [100, 100, 100]
    for requests in bursts.values():
        assert requests[-1].at_ms - requests[0].at_ms <= 20_000
        assert len({(request.address, request.link, request.headers) for request in requests}) == 1
    agents = [header(requests[0], "User-Agent") or "" for requests in bursts.values()]
    assert [agent.partition("/")[0] for agent in agents] == ["curl", "python-requests", "Mozilla"]


def test_the_slow_bot_comes_each_45_s_and_never_twice_in_half_a_minute() -> None:
    times = [request.at_ms / 1000 for request in alone("slow-bot")]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert 44 <= fmean(gaps) <= 46
    assert min(gaps) > 30
    assert pstdev(gaps) / fmean(gaps) > 0.1


def test_the_slow_bot_sends_what_a_person_s_browser_sends_but_no_cookie() -> None:
    requests = traced("slow-bot")
    bot = next(request for request in requests if request.actor.who == "machine")
    names = {name for name, _ in bot.headers}
    assert {"Sec-CH-UA", "Sec-Fetch-User", "Accept-Language", "Referer"} <= names
    assert not bot.actor.keeps_cookies


def test_an_attack_tries_its_list_on_one_path_four_times_a_second() -> None:
    requests = alone("attack")
    assert len({(request.address, request.link.code) for request in requests}) == 1
    assert 99 <= requests[-1].at_ms / 1000 <= 101
    assert sum(request.method == "POST" for request in requests) == 20
    assert len({request.link for request in requests}) == 400
    assert any("' OR '1'='1" in value for request in requests for value in parse_qs(request.link.query).get("sub1", ()))

from random import Random
from statistics import median

from simulate.traces.mail_scanners import sweep
from simulate.traces.model import Link
from simulate.traces.timing import MINUTE
from tests.simulate.traces.builders import alone, by_actor, header


def test_a_gateway_opens_five_links_within_a_second() -> None:
    sweeps = [one for name, one in by_actor(alone("mail-gateway")).items() if name.startswith("gateway")]
    assert len(sweeps) == 200
    for requests in sweeps:
        assert len({request.link for request in requests}) == 5
        assert sum(request.method == "GET" for request in requests) == 5
        assert requests[-1].at_ms - requests[0].at_ms < 1000
        assert len({request.address for request in requests}) == 1


def test_some_gateways_ask_by_head_first() -> None:
    methods = {tuple(request.method for request in one) for one in by_actor(alone("mail-gateway")).values()}
    assert ("HEAD", "GET") * 5 in methods
    assert ("GET",) * 5 in methods


def test_sweeps_come_43_s_after_the_mail_and_66_percent_of_them_after_20_to_60_s() -> None:
    rng, links = Random(1), [Link("demo")]
    delays = [next(iter(sweep(rng, number, 0, links))).at_ms / 1000 for number in range(4000)]
    assert 41 <= median(delays) <= 45
    assert 0.63 <= sum(20 <= delay <= 60 for delay in delays) / 4000 <= 0.69


def test_readers_follow_one_link_of_their_mail_later_at_work() -> None:
    people = by_actor(alone("mail-gateway"))
    readers = {name: requests for name, requests in people.items() if name.startswith("reader")}
    assert 50 <= len(readers) <= 85
    for name, (read,) in readers.items():
        swept = people[name.replace("reader", "gateway")]
        assert read.link in {request.link for request in swept}
        assert read.address != swept[0].address
        assert read.at_ms >= 3 * MINUTE
    assert len({requests[0].address for requests in readers.values()}) <= 20


def test_a_twin_repeats_a_reader_s_link_12_s_later_from_another_system() -> None:
    people = by_actor(alone("twin"))
    twins = {name: requests for name, requests in people.items() if name.startswith("twin")}
    assert 100 <= len(twins) <= 140
    for name, (twin,) in twins.items():
        (reader,) = people[name.replace("twin", "reader")]
        assert twin.link == reader.link
        assert 10_500 <= twin.at_ms - reader.at_ms <= 13_500
        assert twin.address != reader.address
        assert (reader.actor.who, twin.actor.who) == ("person", "machine")


def test_each_reader_s_link_is_their_own() -> None:
    readers = [request for request in alone("twin") if request.actor.kind == "reader"]
    assert len({request.link for request in readers}) == 150


def test_a_second_device_is_a_person_with_all_that_a_browser_sends() -> None:
    devices = [request for request in alone("twin") if request.actor.kind == "second_device"]
    assert {request.actor.who for request in devices} == {"person"}
    assert all(header(request, "Sec-Fetch-Mode") for request in devices)


def test_a_quote_scanner_opens_each_link_twice_the_second_time_with_a_quote() -> None:
    pairs = by_actor(alone("quote-pairs")).values()
    assert len(pairs) == 100
    for plain, quoted in pairs:
        assert quoted.link == Link(plain.link.code, f"{plain.link.query}%27")
        assert 300 <= quoted.at_ms - plain.at_ms <= 700

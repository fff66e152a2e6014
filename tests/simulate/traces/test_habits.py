from collections import Counter
from itertools import pairwise

from simulate.traces.habits import COUPON_PAGE
from simulate.traces.timing import HOUR, MINUTE
from tests.simulate.traces.builders import by_actor, header, traced


def test_web_views_are_those_of_many_apps_and_share_addresses() -> None:
    requests = traced("webviews")
    first = [visits[0] for visits in by_actor(requests).values()]
    assert len(first) == 400
    apps = ("Instagram", "FBA", "FB_IAB", "Bytedance", "LinkedInApp", "Pinterest", "Snapchat")
    agents = [header(request, "User-Agent") or "" for request in requests]
    assert all(any(app in agent for app in apps) for agent in agents)
    shared = Counter(request.address for request in first)
    assert sum(count for count in shared.values() if count > 3) > 200


def test_android_s_web_views_name_their_app() -> None:
    for request in traced("webviews"):
        is_android = "Android" in (header(request, "User-Agent") or "")
        assert (header(request, "X-Requested-With") is not None) == is_android


def test_coupon_hunters_open_three_to_six_links_of_a_page_one_after_the_other() -> None:
    people = by_actor(traced("coupon-tabs"))
    assert len(people) == 150
    for tabs in people.values():
        assert 3 <= len(tabs) <= 6
        assert len({tab.link for tab in tabs}) == len(tabs)
        assert {header(tab, "Referer") for tab in tabs} == {COUPON_PAGE}
        gaps = [later.at_ms - sooner.at_ms for sooner, later in pairwise(tabs)]
        assert all(400 <= gap <= 1600 for gap in gaps)


def test_double_tappers_repeat_one_link_within_400_ms() -> None:
    people = by_actor(traced("double-taps"))
    assert len(people) == 200
    for taps in people.values():
        assert len({(tap.link, tap.headers, tap.address) for tap in taps}) == 1
        gaps = [later.at_ms - sooner.at_ms for sooner, later in pairwise(taps)]
        assert all(60 <= gap <= 400 for gap in gaps)
    assert 10 <= sum(len(taps) == 3 for taps in people.values()) <= 40


def test_half_of_a_newsletter_s_readers_come_in_its_first_ten_minutes_and_all_within_two_hours() -> None:
    people = by_actor(traced("newsletter"))
    first = sorted(visits[0].at_ms for visits in people.values())
    assert len(first) == 1500
    assert 6 * MINUTE <= first[750] <= 10 * MINUTE
    assert first[-1] <= 2 * HOUR


def test_each_reader_s_links_name_the_reader() -> None:
    people = by_actor(traced("newsletter"))
    recipients = [{visit.link.query.rpartition("external_id=")[2] for visit in visits} for visits in people.values()]
    assert {len(names) for names in recipients} == {1}
    assert len(set().union(*recipients)) == 1500
    assert 0.2 <= sum(len(visits) == 2 for visits in people.values()) / 1500 <= 0.3

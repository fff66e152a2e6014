"""Settling: sweeps, twins, rhythm and wide clients, whatever the order of arrival and wherever a pass begins."""

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from quality.evidence import NOTHING_LATER
from quality.reorder import REORDER_MS, ReorderBuffer
from quality.rhythm import measure_rhythm
from quality.rules import DEFAULT_RULES
from quality.score import score_click
from quality.settling import LOOK_AHEAD_MS, LOOK_BACK_MS, Settling
from quality.settling_click import SettledClick, SettlingClick
from tests.quality.settling_clicks import FROM_PAGE, HOSTED, HOUR, PERSON, SCANNER, later_of, settle, traffic, visit

CODES = (b"a", b"b", b"c", b"d", b"e")


def sweep(*seconds: float, **changes: object) -> list[int]:
    clicks = [visit(second, number, link=CODES[number], **changes) for number, second in enumerate(seconds)]
    return [later.sweep_links for later in later_of(*clicks)]


def test_the_first_two_clicks_of_a_sweep_learn_of_the_third() -> None:
    assert sweep(0, 1, 2) == [3, 3, 3]
    assert sweep(0, 1, 2, 3, 4) == [5, 5, 5, 5, 5]


def test_clicks_ten_seconds_apart_are_one_sweep_and_later_ones_are_none() -> None:
    assert sweep(0, 5, 10) == [3, 3, 3]
    assert sweep(0, 5, 10.001) == [2, 2, 2]
    assert sweep(0, 11, 22) == [0, 0, 0]


def test_one_link_followed_often_is_no_sweep() -> None:
    assert [later.sweep_links for later in later_of(*(visit(second) for second in range(5)))] == [0] * 5


def test_tabs_opened_from_a_page_are_no_sweep() -> None:
    assert sweep(0, 1, 2, evidence=FROM_PAGE) == [0, 0, 0]


def test_a_scanner_that_changes_its_user_agent_sweeps_by_its_network_and_people_behind_one_do_not() -> None:
    def clients_of(evidence: object) -> list[int]:
        clicks = [visit(n, n, evidence, link=CODES[n], client=f"client {n}") for n in range(3)]  # type: ignore[arg-type] # an enriched click
        return [later.sweep_links for later in later_of(*clicks)]

    assert clients_of(SCANNER) == [3, 3, 3]
    assert clients_of(HOSTED) == [3, 3, 3]
    assert clients_of(PERSON) == [0, 0, 0]


def personal(seconds: float, net: str, **changes: object) -> SettlingClick:
    return visit(seconds, link=b"for eva", is_personal=True, net=net, client=f"client of {net}", **changes)  # type: ignore[arg-type] # as visit takes it


def twins(*clicks: SettlingClick) -> list[str | None]:
    return [later.twin for later in later_of(*clicks)]


def test_of_two_visits_of_a_personal_link_only_the_one_with_an_anomaly_is_a_twin() -> None:
    assert twins(personal(0, "home"), personal(12, "cloud", evidence=HOSTED)) == [None, "hosting_network"]
    assert twins(personal(0, "cloud", evidence=HOSTED), personal(120, "home")) == ["hosting_network", None]


def test_a_person_with_two_devices_is_no_twin() -> None:
    assert twins(personal(0, "home"), personal(30, "mobile")) == [None, None]


def test_visits_too_far_apart_or_from_one_network_are_no_twins() -> None:
    assert twins(personal(0, "home"), personal(120.001, "cloud", evidence=HOSTED)) == [None, None]
    assert twins(personal(0, "cloud"), personal(5, "cloud", evidence=HOSTED)) == [None, None]


def test_a_link_that_many_clients_visit_is_not_personal() -> None:
    readers = [personal(number, f"home {number}") for number in range(4)]
    scanner = personal(10, "cloud", evidence=HOSTED)

    assert twins(*readers, scanner)[-1] == "hosting_network"
    assert twins(*readers, personal(5, "home 5"), scanner)[-1] is None
    assert twins(*readers, scanner, personal(100, "home 6"))[-2] is None


def test_a_link_without_a_part_for_one_recipient_has_no_twin() -> None:
    clicks = [msgspec.structs.replace(one, is_personal=False) for one in (personal(0, "home"), personal(5, "cloud"))]

    assert twins(*clicks) == [None, None]


def test_a_slow_bot_has_a_rhythm_from_its_sixth_click_on() -> None:
    found = later_of(*(visit(45 * number, number) for number in range(8)))

    assert found[:5] == [NOTHING_LATER] * 5
    assert [(later.rhythm, later.rhythm_clicks) for later in found[5:]] == [(0.0, 6), (0.0, 7), (0.0, 8)]


def test_a_program_may_need_fewer_clicks_for_a_rhythm() -> None:
    own = msgspec.structs.replace(PERSON, quality_rules={"machine_rhythm_limit_clicks": 4.0})
    found = later_of(*(visit(45 * number, number, own) for number in range(5)))

    assert [later.rhythm_clicks for later in found] == [0, 0, 0, 4, 5]


def test_a_person_has_no_rhythm() -> None:
    later = later_of(*(visit(seconds, n) for n, seconds in enumerate((0, 3, 40, 41, 900, 5000, 5004))))[-1]

    assert later.rhythm is not None
    assert later.rhythm > 1


def test_rhythm_is_the_deviation_of_the_gaps_by_their_mean() -> None:
    assert measure_rhythm([0, 10, 20, 30]) == 0
    assert measure_rhythm([0, 10, 30]) == 0.3333
    assert measure_rhythm([0, 0]) is None
    assert measure_rhythm([0]) is None


def test_a_client_on_many_affiliates_of_one_program_is_wide() -> None:
    clicks = [visit(60 * n * n, n, affiliate=f"aff {n}", program="shoes" if n < 5 else "hats") for n in range(7)]

    assert [later.affiliates for later in later_of(*clicks)] == [0, 2, 3, 4, 5, 0, 2]


def test_a_click_of_the_day_before_counts_for_nothing() -> None:
    clicks = [visit(24 * HOUR * n, n, affiliate=f"aff {n}") for n in range(7)]

    assert later_of(*clicks) == [NOTHING_LATER] * 7


def write(settled: list[SettledClick]) -> bytes:
    """Write what is stored of settled clicks."""
    return msgspec.json.encode(
        [(one.click.click_id, score_click(one.click.evidence, DEFAULT_RULES, one.later), one.unique) for one in settled]
    )


@given(traffic(), st.randoms(use_true_random=False))
def test_clicks_shuffled_within_fifteen_minutes_give_the_same_bytes(
    clicks: list[SettlingClick], random: Random
) -> None:
    arrived = sorted(clicks, key=lambda click: click.time_ms + random.randrange(REORDER_MS))
    buffer, settling = ReorderBuffer(), Settling(DEFAULT_RULES)

    settled = [one for click in arrived for ordered in buffer.add(click) for one in settling.add(ordered)]
    settled += [one for ordered in buffer.end() for one in settling.add(ordered)]
    settled += settling.end()

    assert buffer.too_late == 0
    assert write(settled) == write(settle(clicks))


@given(traffic(), st.data())
def test_a_pass_that_is_killed_and_begun_a_day_earlier_gives_the_same_bytes(
    clicks: list[SettlingClick], data: st.DataObject
) -> None:
    whole = settle(clicks)
    if not whole:
        return
    first = data.draw(st.sampled_from(whole)).click
    again = settle([click for click in clicks if click.time_ms > first.time_ms - LOOK_BACK_MS])

    rest = [one for one in again if one.click.click_id >= first.click_id]
    assert write(rest) == write([one for one in whole if one.click.click_id >= first.click_id])


@given(traffic())
def test_a_click_is_final_two_minutes_later_whether_or_not_a_click_follows(clicks: list[SettlingClick]) -> None:
    settling, settled = Settling(DEFAULT_RULES), list[SettledClick]()
    for click in clicks:
        settled += settling.advance(click.time_ms)
        settled += settling.add(click)
    settled += settling.advance(clicks[-1].time_ms + LOOK_AHEAD_MS + 1 if clicks else 0)

    assert write(settled) == write(settle(clicks))


def test_a_click_that_comes_twice_is_given_once_and_one_that_is_too_late_is_counted() -> None:
    buffer = ReorderBuffer()
    first, second, late = visit(0), visit(1), visit(-1)

    given_out = [*buffer.add(first), *buffer.add(second), *buffer.add(first), *buffer.add(visit(2000))]
    given_out += [*buffer.add(late), *buffer.end()]

    assert given_out == [first, second, visit(2000)]
    assert buffer.too_late == 1


def test_what_is_remembered_is_bounded() -> None:
    settling = Settling(DEFAULT_RULES, most_keys=100)
    for number in range(1000):
        list(settling.add(visit(number, number, client=f"client {number}", link=b"%d" % number, is_personal=True)))

    assert len(settling._clients) + len(settling._links) <= 101

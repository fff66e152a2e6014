"""Uniqueness as settled: what the live verdict was not sure of, and cookies that came back."""

import pytest

from quality.settled_uniqueness import KNOWN_MS, is_another_visitor
from quality.settling_click import SettlingClick
from schemas import Uniqueness
from tests.quality.settling_clicks import HOUR, NO_STORE, settle, visit

WARMING = Uniqueness(is_unique=True, basis="address", first_click_id="01KAT301V8C3Q9GZ2F5B7N4M6P", status="warming")


def unique_of(*clicks: SettlingClick) -> list[Uniqueness]:
    return [one.unique for one in settle(list(clicks))]


def judged(seconds: float, number: int = 0, **changes: object) -> SettlingClick:
    """Give a click that the enricher judged unique."""
    click = visit(seconds, number)
    live = Uniqueness(is_unique=True, basis="address", first_click_id=click.click_id, status="judged")
    return visit(seconds, number, unique=live, **changes)  # type: ignore[arg-type] # as visit takes it


@pytest.mark.parametrize(
    "live",
    [
        Uniqueness(is_unique=True, basis="cookie", status="judged"),
        Uniqueness(is_unique=False, basis="address", first_click_id="01KAT301V8C3Q9GZ2F5B7N4M6P", status="judged"),
        Uniqueness(is_unique=False, basis="address", first_click_id="01KAT301V8C3Q9GZ2F5B7N4M6P", status="warming"),
        Uniqueness(status="anonymous"),
        Uniqueness(status="not_judged"),
    ],
)
def test_what_the_enricher_was_sure_of_stays(live: Uniqueness) -> None:
    assert unique_of(judged(0), visit(1, unique=live))[1] == live


@pytest.mark.parametrize("unsure", [NO_STORE, WARMING])
def test_while_the_store_was_away_the_clicks_of_the_client_say_which_is_the_first(unsure: Uniqueness) -> None:
    clicks = [visit(seconds, unique=unsure) for seconds in (0, 1, HOUR - 1, HOUR, 2 * HOUR - 1)]
    first, _, _, second, _ = clicks

    assert [(one.is_unique, one.first_click_id, one.status) for one in unique_of(*clicks)] == [
        (True, first.click_id, "judged"),
        (False, first.click_id, "judged"),
        (False, first.click_id, "judged"),
        (True, second.click_id, "judged"),
        (False, second.click_id, "judged"),
    ]


def test_a_click_is_the_repeat_of_one_that_the_enricher_judged() -> None:
    first = judged(0)
    repeat = visit(
        60, unique=Uniqueness(is_unique=False, basis="address", first_click_id=first.click_id, status="judged")
    )

    assert unique_of(first, repeat, visit(120, unique=NO_STORE))[2].first_click_id == first.click_id


def test_other_clients_programs_and_visitors_with_a_cookie_open_no_window_for_it() -> None:
    by_cookie = Uniqueness(is_unique=True, basis="cookie", first_click_id=visit(2).click_id, status="judged")
    others = [judged(0, client="another"), judged(1, program="hats"), visit(2, unique=by_cookie)]

    assert unique_of(*others, visit(3, unique=NO_STORE))[3].is_unique


def test_a_click_without_a_client_and_one_that_is_not_counted_stay_as_they_are() -> None:
    clicks = [visit(0, unique=NO_STORE, client=None), visit(1, unique=NO_STORE, is_counted=False)]

    assert unique_of(*clicks) == [NO_STORE, NO_STORE]


def test_with_a_window_longer_than_a_day_nobody_knows_for_sure() -> None:
    clicks = [visit(0, unique=NO_STORE, window_ms=KNOWN_MS + 1), visit(1, unique=NO_STORE, window_ms=KNOWN_MS + 1)]

    assert [(one.is_unique, one.status) for one in unique_of(*clicks)] == [(True, "warming"), (False, "judged")]


def test_a_repeat_within_two_seconds_is_a_double_tap_whosever_cookie_comes_back() -> None:
    first, tap, colleague = (visit(seconds).click_id for seconds in (0, 1.999, 2))

    repeat = Uniqueness(is_unique=False, basis="address", first_click_id=first, status="judged")
    by_cookie = Uniqueness(is_unique=False, basis="cookie", first_click_id=first, status="judged")

    assert not is_another_visitor(tap, repeat)
    assert is_another_visitor(colleague, repeat)
    assert not is_another_visitor(colleague, by_cookie)
    assert not is_another_visitor(colleague, NO_STORE)

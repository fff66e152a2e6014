"""Which signals could not be judged on a click, and why."""

import msgspec
import pytest

from quality.score import LIVE, SETTLED
from quality.unjudged import (
    NOT_SCORED,
    OF_COUNTS,
    OF_LATER_CLICKS,
    OF_NETWORKS,
    REASONS,
    SETTLED_LATER,
    SHARED,
    Unjudged,
    list_unjudged,
)
from quality.wording import TEXTS
from schemas import Counts, EnrichedClick, Guards, Network
from tests.quality.builders import USUAL, click_of, counted

BARE = {"accept_language": None, "client_hints": None, "fetch": None}
HEADERS = ["no_accept_language", "hints_missing", "not_a_navigation"]


def test_of_a_settled_click_of_which_all_is_known_everything_was_judged() -> None:
    assert list_unjudged(click_of(), SETTLED) == []
    assert list_unjudged(click_of(**BARE), SETTLED) == []


def test_a_live_score_awaits_the_later_clicks() -> None:
    assert list_unjudged(click_of(), LIVE) == [Unjudged(OF_LATER_CLICKS, SETTLED_LATER)]


def test_of_a_click_without_a_score_nothing_was_judged() -> None:
    assert list_unjudged(click_of(), None) == [Unjudged(tuple(TEXTS), NOT_SCORED)]


@pytest.mark.parametrize("status", ["no_store", "late", "anonymous", "not_judged"])
def test_counts_that_are_missing_are_told_with_the_reason(status: str) -> None:
    assert list_unjudged(click_of(counts=Counts(status=status)), SETTLED) == [Unjudged(OF_COUNTS, REASONS[status])]


@pytest.mark.parametrize("status", ["no_database", "bad_database", "no_address", "anonymous", "not_judged"])
def test_a_network_that_was_not_looked_up_is_told_with_the_reason(status: str) -> None:
    assert list_unjudged(click_of(network=Network(status=status)), SETTLED) == [Unjudged(OF_NETWORKS, REASONS[status])]


def test_an_address_that_no_database_knows_was_judged() -> None:
    assert list_unjudged(click_of(network=Network(status="not_found")), SETTLED) == []


@pytest.mark.parametrize(
    ("guards", "why"),
    [
        (
            Guards(chrome=3, accept_language=3, client_hints=3, fetch=3),
            "3 clicks on the host claimed Chrome in the last",
        ),
        (Guards(chrome=50, accept_language=2, client_hints=2, fetch=2), "2 of 50 such clicks on the host carried the"),
        (Guards(status="no_store"), "what other clicks on the host carry is not known (Redis was away"),
    ],
)
def test_a_missing_header_that_a_proxy_may_have_stripped_is_named(guards: Guards, why: str) -> None:
    guards = msgspec.structs.replace(guards, newest_chrome=142)
    unjudged = list_unjudged(click_of(**BARE, guards=guards), SETTLED)

    assert [one.signals for one in unjudged] == [(name,) for name in HEADERS]
    assert [one.why.startswith(why) for one in unjudged] == [True] * 3
    # What was sent needs no comparison.
    assert list_unjudged(click_of(guards=guards), SETTLED) == []


def test_an_age_without_a_newest_version_was_not_judged() -> None:
    guards = msgspec.structs.replace(USUAL, newest_chrome=None)

    assert [one.signals for one in list_unjudged(click_of(guards=guards), SETTLED)] == [("stale_browser",)]


def test_many_clicks_at_a_shared_address_are_told_to_be_usual() -> None:
    counts = counted(net_60s=90, net_clients_60s=9, net_clients_600s=40)

    assert list_unjudged(click_of(counts=counts), SETTLED) == [Unjudged(("network_rate",), SHARED)]


def test_a_program_may_need_fewer_clicks_of_other_browsers() -> None:
    guards = Guards(chrome=4, accept_language=4, client_hints=4, fetch=4, newest_chrome=142)
    click: EnrichedClick = click_of(**BARE, guards=guards, quality_rules={"guard_limit_clicks": 4.0})

    assert list_unjudged(click, SETTLED) == []

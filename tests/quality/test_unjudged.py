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
    Unjudged,
    list_unjudged,
)
from quality.wording import TEXTS
from schemas import Counts, Network
from tests.quality.builders import USUAL, click_of

BARE = {"accept_language": None, "client_hints": None, "fetch": None}


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


def test_an_age_without_a_newest_version_was_not_judged() -> None:
    guards = msgspec.structs.replace(USUAL, newest_chrome=None)

    assert [one.signals for one in list_unjudged(click_of(guards=guards), SETTLED)] == [("stale_browser",)]

"""The defaults: what an office of 200 may do, and what a script may not. The figures are those of their docstring."""

import pytest

from ingest.limits.defaults import CODE_BURST, CODE_RATE_PER_S
from ingest.limits.gcra import SECOND_NS, make_limit
from tests.ingest.limits.builders import evenly, limiter, office_day, verdicts


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_an_office_of_200_behind_one_address_is_within(seed: int) -> None:
    day = office_day(seed=seed)
    assert len(day) > 4_000
    assert set(verdicts(limiter(), day)) == {"within"}


def test_an_office_that_follows_two_links_in_the_same_second_and_goes_on_clicking_is_within() -> None:
    moment = [SECOND_NS] * 400
    assert set(verdicts(limiter(), [*moment, *evenly(5, 600, start_s=1.2)])) == {"within"}


def first(verdict: str, given: list[str], per_second: int) -> float:
    return given.index(verdict) / per_second


def test_a_script_of_100_a_second_is_over_in_four_seconds_and_then_nearly_always() -> None:
    given = verdicts(limiter(), evenly(100, 60))
    assert first("over", given, 100) == pytest.approx(400 / 95, abs=0.05)
    assert given[1_000:].count("over") / len(given[1_000:]) == pytest.approx(0.95, abs=0.01)


def test_a_flood_of_1000_a_second_is_far_over_in_less_than_five_seconds() -> None:
    given = verdicts(limiter(), evenly(1_000, 10))
    assert first("far_over", given, 1_000) == pytest.approx(400 / 995 + 4_000 / 945, abs=0.1)


def test_a_burst_of_1000_at_once_is_over_after_400() -> None:
    assert verdicts(limiter(), [SECOND_NS] * 1_000) == ["within"] * 400 + ["over"] * 600


def test_there_is_no_limit_on_codes() -> None:
    assert make_limit(CODE_RATE_PER_S, CODE_BURST) is None

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.limits.gcra import SECOND_NS, Limit, decide, make_limit
from tests.ingest.limits.builders import MODEST, small_limits, times


def admit_by_counting(clicks: list[int], limit: Limit) -> list[bool]:
    """Admit as the words of a limit say, and in no cleverer way.

    A click counts if, with it, no stretch of time that began with a counted click holds more than the burst and what
    the rate adds in that stretch.
    """
    counted: list[int] = []
    admitted = []
    for now in clicks:
        tried = [*counted, now]
        fits = all(
            (len(tried) - n) * limit.interval_ns <= limit.tolerance_ns + now - start for n, start in enumerate(tried)
        )
        counted = tried if fits else counted
        admitted.append(fits)
    return admitted


@MODEST
@given(times, small_limits)
def test_it_decides_as_counting_in_every_stretch_of_time_does(clicks: list[int], limit: Limit) -> None:
    tat, admitted = None, []
    for now in clicks:
        tat, wait = decide(tat, now, limit.interval_ns, limit.tolerance_ns)
        admitted.append(wait == 0)
    assert admitted == admit_by_counting(clicks, limit)


@MODEST
@given(times, small_limits)
def test_a_click_that_waits_as_long_as_it_is_told_is_within_and_a_nanosecond_less_is_not(
    clicks: list[int], limit: Limit
) -> None:
    tat = None
    for now in clicks:
        before = tat
        tat, wait = decide(before, now, limit.interval_ns, limit.tolerance_ns)
        if wait:
            _, after = decide(before, now + wait, limit.interval_ns, limit.tolerance_ns)
            _, just_before = decide(before, now + wait - 1, limit.interval_ns, limit.tolerance_ns)
            assert (after, just_before) == (0, 1)


@MODEST
@given(times, small_limits)
def test_a_level_never_exceeds_the_tolerance(clicks: list[int], limit: Limit) -> None:
    tat = None
    for now in clicks:
        tat, _ = decide(tat, now, limit.interval_ns, limit.tolerance_ns)
        assert tat - now <= limit.tolerance_ns


def test_the_burst_is_admitted_at_once_and_not_one_more() -> None:
    limit = make_limit(5, 400)
    assert limit
    tat, waits = None, []
    for _ in range(401):
        tat, wait = decide(tat, 0, limit.interval_ns, limit.tolerance_ns)
        waits.append(wait)
    assert waits == [0] * 400 + [SECOND_NS // 5]


def test_a_rate_of_zero_is_no_limit() -> None:
    assert make_limit(0, 400) is None


@pytest.mark.parametrize(
    ("rate", "burst"), [(-1, 1), (float("nan"), 1), (float("inf"), 1), (5, 0), (5, 10**8), (2e6, 1), (1e-4, 1)]
)
def test_what_is_no_limit_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        make_limit(rate, burst)


@given(st.floats(0.001, 1_000_000), st.integers(1, 10_000_000))
def test_a_limit_is_what_was_asked_for_within_a_thousandth(rate: float, burst: int) -> None:
    limit = make_limit(rate, burst)
    assert limit
    assert SECOND_NS / limit.interval_ns == pytest.approx(rate, rel=1e-3)
    assert limit.tolerance_ns == burst * limit.interval_ns

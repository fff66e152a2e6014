from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.limits.gcra import SECOND_NS, Limit, decide
from ingest.limits.limiter import FAR_OVER, MAX_PENDING, SHARES, WITHIN, Decision, PendingCounts
from tests.ingest.limits.builders import MODEST, evenly, limit, limiter, small_limits, times, verdicts

pytestmark = pytest.mark.slow


def conforms(clicks: list[int], of: Limit) -> bool:
    tat = None
    for now in clicks:
        tat, wait = decide(tat, now, of.interval_ns, of.tolerance_ns)
        if wait:
            return False
    return True


def test_the_first_click_over_the_burst_is_told_how_long_to_wait() -> None:
    subject = limiter(limit(rate_per_s=2, burst=3))
    assert [subject.decide(1, 0) for _ in range(4)] == [*[WITHIN] * 3, Decision("over", SECOND_NS // 2)]


def test_what_is_over_is_far_over_beyond_ten_times_the_burst() -> None:
    subject = limiter(limit(rate_per_s=2, burst=3))
    assert verdicts(subject, [0] * 40) == ["within"] * 3 + ["over"] * 30 + ["far_over"] * 7


def test_nine_times_the_rate_is_over_and_thirteen_times_becomes_far_over() -> None:
    nine = verdicts(limiter(limit(10, 20)), evenly(90, 60))
    thirteen = verdicts(limiter(limit(10, 20)), evenly(130, 60))
    assert ("far_over" in nine, "far_over" in thirteen) == (False, True)


def test_one_key_says_nothing_about_another() -> None:
    subject = limiter(limit(rate_per_s=2, burst=3))
    verdicts(subject, [0] * 100, key=1)
    assert verdicts(subject, [0] * 4, key=2) == ["within"] * 3 + ["over"]


@MODEST
@given(times, small_limits)
def test_a_look_tells_what_the_next_click_is_told_and_counts_nothing(clicks: list[int], of: Limit) -> None:
    subject = limiter(of)
    for now in clicks:
        assert [subject.peek(1, now) for _ in range(2)] == [subject.decide(1, now)] * 2


@MODEST
@given(times, small_limits)
def test_whoever_keeps_within_ten_times_the_limit_is_never_far_over(clicks: list[int], of: Limit) -> None:
    if conforms(clicks, of.times(FAR_OVER)):
        assert "far_over" not in verdicts(limiter(of), clicks)


@MODEST
@given(st.lists(st.integers(0, 4), min_size=100, max_size=200), st.integers(1, 3))
def test_what_is_not_far_over_is_at_most_eleven_times_the_limit(gaps: list[int], burst: int) -> None:
    interval = 50
    clicks = list(accumulate(gaps))
    given_ = verdicts(limiter(Limit(interval, interval * burst)), clicks)
    recorded = [now for now, verdict in zip(clicks, given_, strict=True) if verdict != "far_over"]
    assert len(recorded) <= 11 * (burst + (clicks[-1] - clicks[0]) / interval)


def test_quiet_keys_are_not_told() -> None:
    subject = limiter(limit(rate_per_s=16, burst=160), shared=True)
    for key in range(100):
        verdicts(subject, [SECOND_NS] * 10, key)
    assert [shared.counts.pending for shared in subject.shared_meters] == [{}, {}]


def test_a_key_that_goes_on_beyond_a_sixteenth_of_the_limit_is_told_with_every_click() -> None:
    subject = limiter(limit(rate_per_s=16, burst=160), shared=True)
    everything = list(evenly(1.25, 100))
    verdicts(subject, everything)
    told = subject.shared_meters[0].counts.pending[1] // subject.shared_meters[0].meter.interval
    # It takes 38 clicks until the share's burst of 10 and the one a second it gets back are used up.
    assert len(everything) - told in range(35, 55)


def test_a_key_below_a_sixteenth_of_the_limit_is_never_told() -> None:
    subject = limiter(limit(rate_per_s=16, burst=160), shared=True)
    verdicts(subject, evenly(0.95, 200))
    assert subject.shared_meters[0].counts.pending == {}


def test_what_is_over_is_told_apart() -> None:
    subject = limiter(limit(rate_per_s=1, burst=16), shared=True)
    verdicts(subject, [0] * 20)
    everything, excess = subject.shared_meters
    told = everything.counts.pending[1] // everything.meter.interval, excess.counts.pending[1] // excess.meter.interval
    assert told == (15, 4)


@MODEST
@given(times, small_limits, st.lists(st.integers(0, SHARES - 1), min_size=60, max_size=60))
def test_what_no_process_would_tell_is_within_the_limit_in_sum(
    clicks: list[int], of: Limit, processes: list[int]
) -> None:
    shares: dict[int, list[int]] = {}
    for now, process in zip(clicks, processes, strict=False):
        shares.setdefault(process, []).append(now)
    quiet = [now for seen in shares.values() if conforms(seen, of.share(SHARES)) for now in seen]
    assert conforms(sorted(quiet), of)


def test_pending_counts_are_bounded_and_count_what_they_cannot_hold() -> None:
    counts = PendingCounts()
    for key in range(MAX_PENDING + 5):
        counts.add(key, 1)
    counts.add(0, 1)
    assert (len(counts.pending), counts.pending[0], counts.unreported) == (MAX_PENDING, 2, 5)


def test_waits_of_an_ongoing_burst_only_get_shorter_as_time_passes() -> None:
    subject = limiter(limit(rate_per_s=1, burst=3))
    waits = [subject.decide(1, n * SECOND_NS // 10).wait_ns for n in range(12)]
    assert (waits[:3], all(b < a for a, b in pairwise(waits[3:11]))) == ([0, 0, 0], True)

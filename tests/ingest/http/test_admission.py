"""The rule of an overload: bursts are answered, standing queues are not, and some requests always are."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.http.admission import MS, NEVER, REFUSE_HOLD_NS, SLOW_DOWN_HOLD_NS, AdmissionControl, StandingQueue

LIMIT_MS = 200
START = 1_000_000 * MS


def run_turns(admission: AdmissionControl, turns_ms: list[int], start: int = START) -> list[int]:
    """Run turns of these lengths one after the other, without a pause between them; give when each refuses, in ms."""
    now, refused_from = start, []
    for index, length_ms in enumerate(turns_ms):
        refuse_at = admission.begin_turn(now, is_backlogged=index > 0)
        refused_from.append(NEVER if refuse_at == NEVER else (refuse_at - now) // MS)
        now += length_ms * MS
    return refused_from


def test_a_burst_is_answered_however_long_it_takes() -> None:
    admission = AdmissionControl(LIMIT_MS)
    assert admission.begin_turn(START, is_backlogged=False) == NEVER
    # The turn of the burst took 10 s. Nothing arrived while it ran.
    assert admission.begin_turn(START + 10_000 * MS, is_backlogged=False) == NEVER
    assert not admission.is_refusing(START + 10_000 * MS)
    assert not admission.is_slowing_down(START + 10_000 * MS)


def test_a_queue_over_half_of_the_limit_for_three_times_the_limit_is_refused_beyond_half_of_it() -> None:
    # Waits before the turns: 0, 150, 150 ... After 450 ms the queue is too young.
    assert run_turns(AdmissionControl(LIMIT_MS), [150] * 5) == [NEVER, NEVER, NEVER, NEVER, 50]


def test_a_machine_that_stops_once_refuses_nobody() -> None:
    turns = [20, 30_000, 150, 90, 20]
    assert run_turns(AdmissionControl(LIMIT_MS), turns) == [NEVER] * len(turns)


def test_a_queue_below_half_of_the_limit_is_never_refused() -> None:
    assert run_turns(AdmissionControl(LIMIT_MS), [100] * 100) == [NEVER] * 100


def test_one_turn_that_finds_no_queue_begins_a_new_interval() -> None:
    turns = [150, 20, 150, 20] * 20
    assert run_turns(AdmissionControl(LIMIT_MS), turns) == [NEVER] * len(turns)


def test_the_wait_before_a_turn_shortens_it_but_some_requests_are_always_answered() -> None:
    assert run_turns(AdmissionControl(LIMIT_MS), [250, 250, 250, 120, 100, 20])[2:] == [NEVER, 50, 80, 100]


def test_a_turn_answers_for_three_times_as_long_as_turns_refused_of_late() -> None:
    admission = AdmissionControl(LIMIT_MS)
    run_turns(admission, [300, 300, 300, 300])
    for refusing_ms, budget_ms in ((0, 50), (160, 240), (20, 150), (0, 75), (0, 50)):
        admission.end_turn(refusing_ms * MS)
        now = START + 10_000 * MS
        admission.begin_turn(now - 300 * MS, is_backlogged=True)
        assert (admission.begin_turn(now, is_backlogged=True) - now) // MS == budget_ms


@given(st.floats(0.1, 1.0), st.integers(100, 20_000), st.integers(20, 500))
def test_however_much_comes_refusing_takes_at_most_a_quarter_of_the_time_in_the_long_run(
    refusal_cost: float, waiting: int, answer_us: int
) -> None:
    admission, now = AdmissionControl(LIMIT_MS), START
    answering = refusing = 0.0
    for turn in range(300):
        budget = admission.begin_turn(int(now), is_backlogged=turn > 0) - int(now)
        answered = min(waiting, budget // (answer_us * 1000) + 1)
        answer_ns, refuse_ns = answered * answer_us * 1e3, (waiting - answered) * refusal_cost * answer_us * 1e3
        admission.end_turn(int(refuse_ns))
        now += answer_ns + refuse_ns
        if turn > 200:
            answering, refusing = answering + answer_ns, refusing + refuse_ns
    assert refusing <= answering / 3 * 1.1


def test_refusing_ends_a_second_after_the_last_sign_of_a_queue() -> None:
    admission = AdmissionControl(LIMIT_MS)
    run_turns(admission, [150] * 5)
    ends = START + 600 * MS + REFUSE_HOLD_NS
    assert admission.is_refusing(ends - 1)
    assert not admission.is_refusing(ends)
    assert admission.begin_turn(ends, is_backlogged=False) == NEVER


def test_delivery_slows_down_before_anybody_is_refused_and_for_longer() -> None:
    admission = AdmissionControl(LIMIT_MS)
    assert run_turns(admission, [60] * 6) == [NEVER] * 6
    last = START + 5 * 60 * MS
    assert admission.is_slowing_down(last)
    assert not admission.is_refusing(last)
    assert admission.is_slowing_down(last + SLOW_DOWN_HOLD_NS - 1)
    assert not admission.is_slowing_down(last + SLOW_DOWN_HOLD_NS)


def test_without_a_limit_nobody_is_refused_and_delivery_still_slows_down() -> None:
    admission = AdmissionControl(0)
    assert run_turns(admission, [1000] * 10) == [NEVER] * 10
    assert admission.is_slowing_down(START + 9000 * MS)
    assert not admission.is_refusing(START + 9000 * MS)


@given(st.lists(st.tuples(st.integers(0, 2000), st.booleans()), max_size=60))
def test_every_turn_answers_for_a_quarter_of_the_limit_and_none_for_more_than_half(
    turns: list[tuple[int, bool]],
) -> None:
    admission, now = AdmissionControl(LIMIT_MS), START
    for after_ms, is_backlogged in turns:
        now += after_ms * MS
        refuse_at = admission.begin_turn(now, is_backlogged=is_backlogged)
        assert admission.is_refusing(now) == (refuse_at != NEVER)
        assert refuse_at == NEVER or LIMIT_MS // 4 <= (refuse_at - now) // MS <= LIMIT_MS // 2


@given(st.lists(st.integers(101, 2000), min_size=3), st.integers(1, 100))
def test_a_queue_is_standing_only_if_no_observation_within_the_interval_was_below_the_target(
    waits: list[int], low: int
) -> None:
    queue, now = StandingQueue(100, 10_000, 50), START
    for wait in waits:
        now += wait
        queue.observe(wait, now)
    assert queue.is_standing(now) == (sum(waits) >= 10_000)
    queue.observe(low, now)
    queue.observe(101, now + 101)
    assert not queue.is_standing(now + 101)

from hypothesis import given
from hypothesis import strategies as st

from ingest.limits.gcra import SECOND_NS, decide
from ingest.limits.meter import TABLES, Meter
from tests.ingest.limits.builders import MODEST, limit

TIGHT = limit(rate_per_s=1, burst=3)
FEW = TABLES * 4

clicks = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0, 1, 10**8, 10**9, 4 * 10**9])), max_size=120)


@MODEST
@given(clicks)
def test_it_decides_as_a_dict_that_forgets_nothing(steps: list[tuple[int, int]]) -> None:
    meter, remembered, now = Meter(TIGHT, 100_000), dict[int, int](), 0
    for key, gap in steps:
        now += gap
        remembered[key], wait = decide(remembered.get(key), now, TIGHT.interval_ns, TIGHT.tolerance_ns)
        assert meter.count_click(key, now) == wait


@MODEST
@given(st.lists(st.integers(0, 2**65), max_size=2_000))
def test_it_never_knows_more_keys_than_it_may(keys: list[int]) -> None:
    meter = Meter(TIGHT, FEW)
    for now, key in enumerate(keys):
        meter.count_click(key, now)
    assert len(meter) <= FEW


def test_a_flood_of_new_keys_stays_within_its_bound() -> None:
    meter = Meter(TIGHT, 10_000)
    for key in range(100_000):
        meter.count_click(key, key)
    assert 5_000 < len(meter) <= 10_000


def test_whoever_keeps_asking_is_remembered_in_a_flood_of_others() -> None:
    meter = Meter(TIGHT, FEW)
    waits = []
    for other in range(TABLES * 10):
        waits.append(meter.count_click(-7, other))
        meter.count_click(other, other)
    assert (waits[:3], min(waits[3:]) > 0) == ([0, 0, 0], True)


def test_networks_whose_addresses_end_alike_are_spread() -> None:
    meter = Meter(TIGHT, TABLES * 200)
    for network in range(TABLES * 50):
        meter.count_click(1 << 64 | 0x20010DB8 << 32 | network << 16, 0)
    assert len(meter) == TABLES * 50


def test_what_has_been_idle_for_two_tolerances_is_forgotten() -> None:
    meter = Meter(TIGHT, TABLES * 20)
    for turn in range(3):
        for key in range(TABLES):
            meter.count_click(turn * TABLES + key, turn * TIGHT.tolerance_ns)
    assert len(meter) == 2 * TABLES


def test_a_key_is_remembered_once() -> None:
    meter = Meter(TIGHT, FEW)
    for turn in range(5):
        meter.count_click(1, turn * TIGHT.tolerance_ns)
        meter.raise_to(1, (turn + 1) * TIGHT.tolerance_ns)
    assert len(meter) == 1


def test_a_clock_that_steps_back_a_little_costs_that_little() -> None:
    meter = Meter(TIGHT, FEW)
    waits = [meter.count_click(1, now * SECOND_NS) for now in (98, 100, 100, 100, 99, 100, 101)]
    assert waits == [0, 0, 0, 0, 2 * SECOND_NS, 1 * SECOND_NS, 0]


def test_a_clock_that_steps_back_far_forgives_everybody() -> None:
    meter = Meter(TIGHT, FEW)
    for _ in range(4):
        meter.count_click(1, 10_000 * SECOND_NS)
    assert [meter.count_click(1, now) for now in (5, 6, 7)] == [0, 0, 0]


def test_a_raised_key_waits_longer_and_is_never_lowered() -> None:
    meter = Meter(TIGHT, FEW)
    meter.count_click(1, 0)
    meter.raise_to(1, 5 * SECOND_NS)
    meter.raise_to(1, 2 * SECOND_NS)
    assert (meter.level(1, 0), meter.count_click(1, 0)) == (5 * SECOND_NS, 3 * SECOND_NS)

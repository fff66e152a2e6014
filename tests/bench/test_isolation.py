"""The figures of hot-code isolation."""

from bench.isolation import BESIDE, MIXES, OF_HOT_CODE, TIMES, compare, in_turns


def delays(alone: float, hot: float, even: float) -> dict[str, list[float]]:
    """Give delays of other codes, alone, beside a hot code and at the same total; the hot code's own are as theirs."""
    values = (alone, hot, even, hot)
    return dict(zip((*MIXES, OF_HOT_CODE), ([value] * 100 for value in values), strict=True))


def test_the_hot_code_has_so_many_times_the_clicks_of_all_others_and_the_total_is_the_same_without_it() -> None:
    alone, hot, even = MIXES.values()

    assert (alone.others, alone.hot) == (hot.others, 0)
    assert hot.hot == TIMES * hot.others
    assert (even.others, even.hot) == (hot.others + hot.hot, 0)


def test_less_than_a_tenth_more_meets_the_target_and_a_fifth_misses_it() -> None:
    same_total, of_hot_code, added = compare(delays(alone=0.2, hot=0.218, even=0.25))

    assert (same_total.measured[:10], same_total.met) == ("0.87, 0.87", True)
    assert (added.measured[:10], added.met) == ("1.09, 1.09", True)
    assert (of_hot_code.measured[:10], of_hot_code.met) == ("1.00, 1.00", True)
    assert [figure.met for figure in compare(delays(alone=0.1, hot=0.12, even=0.1))] == [False, True, False]


def test_the_slowest_hundredth_counts_as_well_as_the_middle() -> None:
    slow = [0.1] * 98 + [0.3] * 2
    figures = compare({**delays(alone=0.1, hot=0.1, even=0.1), BESIDE: slow})

    assert [figure.met for figure in figures] == [False] * 3
    assert [figure.measured[:10] for figure in figures] == ["1.00, 3.00"] * 3


def test_each_mix_comes_first_as_often_as_the_others() -> None:
    rounds = [in_turns(number) for number in range(2 * len(MIXES))]

    assert [sorted(names) for names in rounds] == [sorted(MIXES)] * len(rounds)
    assert sorted(names[0] for names in rounds) == sorted([*MIXES, *MIXES])

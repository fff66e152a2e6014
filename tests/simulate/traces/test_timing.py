from random import Random
from statistics import fmean, median

from simulate.traces.timing import draw_between, draw_exponential, draw_lognormal


def test_times_between_two_are_between_them() -> None:
    rng = Random(1)
    drawn = [draw_between(rng, 100, 200) for _ in range(1000)]
    assert (min(drawn), max(drawn)) == (100, 200)


def test_a_lognormal_delay_has_its_median() -> None:
    rng = Random(1)
    assert 950 <= median(draw_lognormal(rng, 1000, 0.5) for _ in range(4000)) <= 1050


def test_an_exponential_delay_has_its_mean_and_its_end() -> None:
    rng = Random(1)
    assert 950 <= fmean(draw_exponential(rng, 1000, 100_000) for _ in range(4000)) <= 1050
    assert max(draw_exponential(rng, 1000, 1500) for _ in range(100)) == 1500


class Extreme(Random):
    """Draws the ends of the range."""

    def __init__(self, drawn: float) -> None:
        super().__init__(1)
        self.drawn = drawn

    def random(self) -> float:
        return self.drawn


def test_the_ends_of_the_range_are_times_too() -> None:
    for drawn in (0.0, 1 - 2**-53):
        rng = Extreme(drawn)
        assert draw_lognormal(rng, 1000, 0.5) >= 0
        assert 0 <= draw_exponential(rng, 1000, 5000) <= 5000

"""The highest rate that holds is found by doubling and halving."""

import pytest

from bench.search import find_highest


class Limited:
    """Something that holds every rate up to a limit, and remembers what was tried."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.tried: list[float] = []

    async def holds(self, rate: float) -> bool:
        self.tried.append(rate)
        return rate <= self.limit


@pytest.mark.parametrize("limit", [150, 1000, 1001, 1999, 2000, 3333, 9999, 40_000])
async def test_the_rate_found_holds_and_is_at_most_a_tenth_below_the_limit(limit: float) -> None:
    limited = Limited(limit)

    found = await find_highest(limited.holds, 1000)

    assert found <= limit < found * 1.1 + 1


async def test_it_doubles_and_then_halves_the_interval() -> None:
    limited = Limited(3333)

    assert await find_highest(limited.holds, 1000, precision=0.2) == 3000
    assert limited.tried == [1000, 2000, 4000, 3000, 3500]


async def test_where_nothing_holds_it_gives_up_at_a_sixteenth() -> None:
    limited = Limited(0)

    assert await find_highest(limited.holds, 1600) == 0
    assert limited.tried == [1600, 800, 400, 200, 100]


async def test_it_does_not_go_beyond_the_most() -> None:
    assert await find_highest(Limited(10**9).holds, 1000, most=5000) == 4000

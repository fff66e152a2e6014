"""Bad ones among many: found one by one, with few tries, the good ones taken in on the way."""

from collections.abc import Sequence
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.bisection import process_good_items
from tests.examples import examples


class Shelf:
    """Takes numbers in, a part at a time, as a table does: all of them, or none when there is a bad one among them."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.taken: list[int] = []
        self.found: list[tuple[int, str]] = []
        self.tries = 0

    async def attempt(self, part: Sequence[int]) -> str | None:
        self.tries += 1
        wrong = [number for number in part if number in self.bad]
        if wrong:
            return f"{wrong[0]} is bad"
        self.taken += part
        return None

    def find(self, number: int, problem: str) -> None:
        self.found.append((number, problem))


@examples(300)
@given(st.integers(0, 300).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, max(0, n - 1))))))
async def test_every_good_one_is_taken_in_once_and_every_bad_one_found(case: tuple[int, set[int]]) -> None:
    count, bad = case[0], case[1] if case[0] else set()
    shelf = Shelf(bad)

    taken = await process_good_items(range(count), shelf.attempt, shelf.find)

    assert shelf.taken == taken == [number for number in range(count) if number not in bad]
    assert shelf.found == [(number, f"{number} is bad") for number in sorted(bad)]


@pytest.mark.parametrize("place", [0, 1, 2, 7, 100, 2499, 2500, 2501, 4095, 4096, 4998, 4999])
async def test_one_among_five_thousand_costs_at_most_25_tries(place: int) -> None:
    shelf = Shelf({place})

    await process_good_items(range(5000), shelf.attempt, shelf.find)

    assert shelf.tries <= 25


@pytest.mark.parametrize("bad", [range(5000), range(0, 5000, 2), range(0, 5000, 100), range(4900, 5000), range(50)])
async def test_many_cost_about_the_logarithm_each(bad: range) -> None:
    shelf = Shelf(set(bad))

    await process_good_items(range(5000), shelf.attempt, shelf.find)

    assert shelf.tries <= len(bad) * (ceil(log2(5000 / len(bad))) + 4) + ceil(log2(5000))


async def test_what_the_one_who_is_told_raises_ends_the_search() -> None:
    shelf = Shelf({3, 4})

    def give_up(number: int, _: str) -> None:
        raise LookupError(number)

    with pytest.raises(LookupError, match="3"):
        await process_good_items(range(10), shelf.attempt, give_up)
    assert shelf.taken == [0, 1, 2]

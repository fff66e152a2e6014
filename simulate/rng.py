"""Weighted random draws. Pure: the random generator is an argument."""

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from random import Random
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WORD: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Weighted(Generic[T]):
    """Things with weights in any unit; at least one is above zero."""

    __slots__ = ("_ends", "_things")

    def __init__(self, pairs: Iterable[tuple[T, float]]) -> None:
        kept = [(thing, weight) for thing, weight in pairs if weight > 0]
        self._things = tuple(thing for thing, _ in kept)
        self._ends = tuple(accumulate(weight for _, weight in kept))
        if not kept:
            raise ValueError("Nothing to draw from")

    def draw(self, rng: Random) -> T:
        # Only `random()` is guaranteed to give the same numbers for the same seed in every version of Python.
        return self._things[min(bisect(self._ends, rng.random() * self._ends[-1]), len(self._things) - 1)]

    def __iter__(self) -> Iterator[T]:
        return iter(self._things)


def happens(rng: Random, share: float) -> bool:
    """Return true with this probability."""
    return rng.random() < share


def draw_word(rng: Random, length: int, letters: str = WORD) -> str:
    """Draw a text of `length` letters, like the ids of other systems."""
    return "".join([letters[int(rng.random() * len(letters))] for _ in range(length)])


def draw_one(rng: Random, things: Sequence[T]) -> T:
    return things[int(rng.random() * len(things))]


def draw_bits(rng: Random, bits: int) -> int:
    """Draw a whole number below 2**bits."""
    number = 0
    for _ in range(0, bits, 32):
        number = number << 32 | int(rng.random() * 0x1_0000_0000)
    return number & ((1 << bits) - 1)

"""What a record does to our code stays with that record."""

import asyncio

import pytest

from runtime.containment import Crash, contain
from runtime.errors import DependencyAway, Stuck

ADDRESS = "81.2.69.142"


def read(address: str) -> int:
    return int(address)


class Panic(BaseException):
    """As a library in Rust raises it."""


def raising(error: BaseException) -> None:
    raise error


def test_the_result_of_work_that_succeeds_is_returned() -> None:
    assert contain(read, "7") == 7


def test_an_error_is_told_by_its_kind_and_place_without_what_it_quotes() -> None:
    crash = contain(read, ADDRESS)

    assert isinstance(crash, Crash)
    assert ADDRESS not in crash.description
    line = read.__code__.co_firstlineno + 1
    assert crash.description.startswith(
        f"ValueError at runtime/test_containment.py:{line} (read), from runtime/containment.py:"
    )


@pytest.mark.parametrize("error", [RecursionError(), KeyError(1), AssertionError(), UnicodeError(), Panic()], ids=repr)
def test_what_one_record_can_do_is_contained(error: BaseException) -> None:
    assert isinstance(contain(raising, error), Crash)


@pytest.mark.parametrize(
    "error",
    [asyncio.CancelledError(), MemoryError(), DependencyAway(), Stuck(), OSError(), TimeoutError(), SystemExit()],
    ids=repr,
)
def test_what_would_happen_to_the_next_as_well_is_not(error: BaseException) -> None:
    with pytest.raises(type(error)):
        contain(raising, error)

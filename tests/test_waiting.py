"""Waiting itself, and how many examples are enough."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.examples import QUICK, examples, few
from tests.waiting import eventually


@pytest.fixture
def hurried() -> Iterator[None]:
    """The profile of `make check`, for one test."""
    before = settings.get_current_profile_name()
    settings.load_profile(QUICK)
    yield
    settings.load_profile(before)


async def test_what_is_true_at_the_third_time_is_asked_three_times_and_given() -> None:
    answers = [[], None, ["a"], ["b"]]
    assert await eventually(lambda: answers.pop(0)) == ["a"]
    assert answers == [["b"]]


async def test_an_answer_may_have_to_be_awaited() -> None:
    answers = [0, 7]

    async def ask() -> int:
        return answers.pop(0)

    assert await eventually(ask) == 7


async def test_what_never_comes_true_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        await eventually(lambda: False, 0.05)


@pytest.mark.usefixtures("hurried")
def test_make_check_tries_a_tenth() -> None:
    assert (few(150), examples(500).max_examples) == (15, 50)


def test_a_slow_machine_fails_no_property() -> None:
    assert examples(150).deadline is None

"""How many dead letters are too many."""

from collections.abc import Iterable

import pytest

from runtime.dead_letter_limit import WINDOW, DeadLetterLimit
from runtime.errors import TooManyDeadLetters

SETTING = "CLICKRAIL_SINK_DEAD_LETTER_LIMIT"


def limit_of(most: int) -> DeadLetterLimit:
    return DeadLetterLimit(most, setting=SETTING)


def dead(places: Iterable[int], reason: str = "not_json") -> dict[int, str]:
    return dict.fromkeys(places, reason)


def is_too_many(limit: DeadLetterLimit, letters: dict[int, str]) -> bool:
    try:
        limit.check(letters)
    except TooManyDeadLetters:
        return True
    return False


def test_the_first_bad_record_of_a_new_process_stops_nothing() -> None:
    limit_of(100).check(dead([0]))


@pytest.mark.parametrize(("letters", "too_many"), [(100, False), (101, True)])
def test_so_many_of_the_last_ten_thousand_pass_and_one_more_stops(letters: int, too_many: bool) -> None:
    assert is_too_many(limit_of(100), dead(range(0, letters * 50, 50))) == too_many


@pytest.mark.parametrize(("letters", "too_many"), [(99, False), (100, True)])
def test_so_many_in_a_row_stop(letters: int, too_many: bool) -> None:
    assert is_too_many(limit_of(100), dead(range(7, 7 + letters))) == too_many


def test_letters_of_earlier_batches_count_for_as_long_as_they_are_among_the_last_ten_thousand() -> None:
    limit = limit_of(2)
    limit.check(dead([0, 10]))
    limit.count_committed(WINDOW - 1)

    assert is_too_many(limit, dead([0]))
    assert not is_too_many(limit, dead([1]))


def test_a_row_goes_on_in_the_next_batch() -> None:
    limit = limit_of(3)
    limit.check(dead([8, 9]))
    limit.count_committed(10)

    assert is_too_many(limit, dead([0]))
    assert not is_too_many(limit_of(3), dead([0]))


def test_a_batch_that_is_tried_again_counts_once() -> None:
    limit = limit_of(10)
    for _ in range(50):
        limit.check(dead([1, 2]))
    limit.count_committed(10)

    limit.check(dead(range(0, 16, 2)))


def test_a_batch_that_is_left_to_others_does_not_count() -> None:
    limit = limit_of(2)
    limit.check(dead([3, 5]))
    limit.discard()
    limit.count_committed(100)

    limit.check(dead([5, 7]))


def test_zero_is_no_limit() -> None:
    limit_of(0).check(dead(range(50_000)))


def test_the_sentence_says_what_is_wrong_and_what_to_do() -> None:
    limit = limit_of(4)
    with pytest.raises(TooManyDeadLetters) as refused:
        limit.check(dead([0, 2, 4], "not_json") | dead([6, 8], "unknown_version"))

    assert str(refused.value) == (
        "stopped: 5 of the last 9 records would become dead letters (not_json: 3, unknown_version: 2)."
        " Nothing of this batch was dead-lettered or committed. Fix what is wrong and restart;"
        " if the records themselves are bad, restart with a higher CLICKRAIL_SINK_DEAD_LETTER_LIMIT (0: no limit)"
    )

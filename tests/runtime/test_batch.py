"""The batch of a stage: what is made of its records, and what is set aside."""

import pytest

from runtime.batch import Batch, Failure
from runtime.dead_letter_limit import DeadLetterLimit
from runtime.errors import TooManyDeadLetters
from tests.runtime.adder_stage import NOW, SPEC, Letter, Record, read


def batch_of(*texts: str, limit: int = 0) -> Batch[Letter]:
    records = [Record(offset, text) for offset, text in enumerate(texts)]
    return Batch(SPEC, DeadLetterLimit(limit, "A_LIMIT"), records, NOW)


def test_what_was_made_of_each_record_is_given_by_its_place() -> None:
    batch = batch_of("5", "6")

    assert batch.process(read, batch.records) == {0: 5, 1: 6}
    assert batch.letters == {}


def test_a_letter_and_a_crash_are_set_aside_and_the_others_go_on() -> None:
    batch = batch_of("5", "", "six", "7")

    assert batch.process(read, batch.records) == {0: 5, 3: 7}
    assert [(place, letter.reason) for place, letter in batch.letters.items()] == [(1, "empty"), (2, "internal_error")]
    assert batch.letters[2].detail.startswith("ValueError at runtime/adder_stage.py:")


def test_a_second_phase_works_on_what_the_first_made_and_keeps_the_places() -> None:
    batch = batch_of("zero", "0", "4")
    numbers = batch.process(read, batch.records)

    assert batch.process(lambda number: 8 // number, numbers) == {2: 2}
    assert [letter.offset for letter in batch.letters.values()] == [0, 1]


def test_too_many_letters_of_all_phases_together_are_over_the_limit() -> None:
    batch = batch_of("", "", "-1", limit=3)
    batch.process(read, batch.records)

    with pytest.raises(TooManyDeadLetters, match="empty: 2, negative: 1"):
        batch.reject({2: Failure("negative", "-1")})


def test_the_limit_can_be_checked_for_records_that_are_yet_to_be_rejected() -> None:
    batch = batch_of("", "", "-1", limit=3)
    batch.process(read, batch.records)

    with pytest.raises(TooManyDeadLetters, match="empty: 2, negative: 1"):
        batch.check_limit({2: "negative"})
    assert sorted(batch.letters) == [0, 1]

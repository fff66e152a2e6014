"""Where a group stands: over every partition there is."""

import pytest
from aiokafka import TopicPartition

from runtime.kafka.group_offsets import GroupOffsets, was_remade
from runtime.kafka.groups import First

A, B, C, D, E = (TopicPartition("clicks.raw", number) for number in range(5))


def offsets(assigned: frozenset[TopicPartition] | None, *missing: str) -> GroupOffsets:
    return GroupOffsets(
        next_offsets={A: 3}, ends=dict.fromkeys((A, B, C, D, E), 10), firsts={}, assigned=assigned, missing=missing
    )


def test_what_every_partition_has_a_holder_for_is_no_problem_nor_is_a_group_that_is_being_divided() -> None:
    assert offsets(frozenset((A, B, C, D, E))).find_problem(joined=True) is None
    assert offsets(None).find_problem(joined=True) is None
    assert offsets(frozenset()).find_problem(joined=False) is None


def test_partitions_that_nobody_holds_are_named() -> None:
    assert offsets(frozenset((A, B, C, D))).find_problem(joined=True) == "nobody reads clicks.raw/4 of 5 partitions"
    assert (
        offsets(frozenset((B,))).find_problem(joined=True)
        == "nobody reads clicks.raw/0, clicks.raw/2, clicks.raw/3 and 1 more"
        " of 5 partitions"
    )


def test_a_topic_that_is_missing_is_named() -> None:
    problem = offsets(frozenset(), "clicks.rejected").find_problem(joined=True)

    assert problem == "Kafka has no topic clicks.rejected: `clickrail topics apply` makes it"


def test_the_lag_of_a_partition_that_the_group_never_read_is_all_of_it() -> None:
    assert [offsets(None).lag(partition) for partition in (A, B)] == [7, 10]


@pytest.mark.parametrize(
    ("now", "end", "remade"),
    [
        (First(5, 1000), 9, False),
        (First(7, 1200), 9, False),
        (None, 9, False),
        (None, 6, False),
        (None, 5, True),
        (None, 0, True),
        (First(0, 2000), 9, True),
        (First(5, 2000), 9, True),
    ],
)
def test_an_oldest_record_that_is_older_or_another_is_of_a_partition_that_was_made_again(
    now: First | None, end: int, remade: bool
) -> None:
    assert was_remade(First(5, 1000), now, end) == remade

"""Stages by two answers of Kafka: lag, rates, and what is wrong."""

from datetime import timedelta

from aiokafka import TopicPartition

from console.pipeline.stages import Measured, StageState, TopicState, describe_stage, find_oldest
from runtime.kafka.group_offsets import GroupOffsets
from tests.console.builders import NOW

RAW = TopicPartition("eu.clicks.raw", 0)


def measured(after_s: int, committed: int, end: int, members: int = 1) -> Measured:
    offsets = GroupOffsets(
        next_offsets={RAW: committed},
        ends={RAW: end},
        firsts={},
        assigned=frozenset({RAW}) if members else frozenset(),
        committed={RAW: committed},
        members=members,
    )
    at = NOW + timedelta(seconds=after_s)
    return Measured(at=at, stage="enricher", offsets=offsets, oldest_at=NOW if end > committed else None)


def test_rates_are_over_all_measurements() -> None:
    assert describe_stage([measured(0, 100, 150), measured(10, 120, 250)], "eu.") == StageState(
        stage="enricher",
        members=1,
        topics=(TopicState(topic="clicks.raw", partitions=1, lag=130, written_per_s=10.0, read_per_s=2.0),),
        oldest_at=NOW,
        moved_at=NOW + timedelta(seconds=10),
        problem=None,
    )


def test_a_stage_without_a_process_is_a_problem() -> None:
    state = describe_stage([measured(0, 0, 7, members=0)], "eu.")
    assert (state.lag, state.problem) == (7, "No enricher is running: 7 records wait. Start it.")


def test_the_oldest_record_of_any_stage_counts() -> None:
    assert [find_oldest([measured(0, 1, 1)]), find_oldest([measured(0, 1, 1), measured(5, 1, 2)])] == [None, NOW]

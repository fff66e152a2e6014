"""How far each stage has read, and how fast, from what Kafka said at several times. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec
from aiokafka import TopicPartition

from runtime.kafka.group_offsets import GroupOffsets

RATE_OVER_S: Final = 60.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What Kafka said of one stage's group at a time. `oldest_at`: when Kafka took the oldest record that waits."""

    at: datetime
    stage: str
    offsets: GroupOffsets
    oldest_at: datetime | None = None


class TopicState(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as a stage reads it. Rates are records per second; null before two measurements."""

    topic: str
    partitions: int
    lag: int
    written_per_s: float | None
    read_per_s: float | None


class StageState(msgspec.Struct, frozen=True, kw_only=True):
    """A stage. `moved_at`: when its commits were last seen to move; `problem` says what is wrong with its group."""

    stage: str
    members: int
    topics: tuple[TopicState, ...]
    oldest_at: datetime | None
    moved_at: datetime | None
    problem: str | None

    @property
    def lag(self) -> int:
        return sum(topic.lag for topic in self.topics)


def describe_stage(history: Sequence[Measured], prefix: str) -> StageState:
    """Describe a stage by its measurements, the oldest first; the last one counts, rates are over all of them."""
    last, first = history[-1], history[0]
    topics = sorted({partition.topic for partition in last.offsets.ends})
    moved = [now.at for before, now in pairwise(history) if is_moved(before, now)]
    return StageState(
        stage=last.stage,
        members=last.offsets.members,
        topics=tuple(describe_topic(topic, first, last, prefix) for topic in topics),
        oldest_at=last.oldest_at,
        moved_at=moved[-1] if moved else None,
        problem=find_problem(last),
    )


def find_problem(last: Measured) -> str | None:
    offsets, lag = last.offsets, sum(map(last.offsets.lag, last.offsets.ends))
    if offsets.missing:
        return offsets.find_problem(joined=True)
    if not offsets.members:
        return f"No {last.stage} is running: {f'{lag:,} records wait' if lag else 'nothing waits yet'}. Start it."
    return offsets.find_problem(joined=True)


def describe_topic(topic: str, first: Measured, last: Measured, prefix: str) -> TopicState:
    seconds = (last.at - first.at).total_seconds()
    partitions = [partition for partition in last.offsets.ends if partition.topic == topic]

    def rate(before: Mapping[TopicPartition, int], now: Mapping[TopicPartition, int]) -> float | None:
        moved = sum(max(0, now.get(one, 0) - before.get(one, now.get(one, 0))) for one in partitions)
        return moved / seconds if seconds > 0 else None

    return TopicState(
        topic=topic.removeprefix(prefix),
        partitions=len(partitions),
        lag=sum(map(last.offsets.lag, partitions)),
        written_per_s=rate(first.offsets.ends, last.offsets.ends),
        read_per_s=rate(first.offsets.next_offsets, last.offsets.next_offsets),
    )


def is_moved(before: Measured, now: Measured) -> bool:
    return any(offset > before.offsets.committed.get(one, 0) for one, offset in now.offsets.committed.items())


def find_oldest(states: Sequence[Measured]) -> datetime | None:
    """Give the time of the oldest record that waits for any stage."""
    return min((one.oldest_at for one in states if one.oldest_at is not None), default=None)

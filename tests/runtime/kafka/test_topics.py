"""Topics are created once, and differences are reported."""

import msgspec
import pytest

from runtime.kafka.topics import Applied, apply_topics

pytestmark = pytest.mark.servers


class Spec(msgspec.Struct, frozen=True):
    name: str
    partitions: int
    config: dict[str, str]


async def test_what_is_missing_is_created_and_what_stands_is_left_alone(kafka: str, topic_prefix: str) -> None:
    spec = Spec(f"{topic_prefix}a", 2, {"retention.ms": "60000"})

    assert await apply_topics([kafka], [spec]) == [Applied(spec.name, created=True, differences=())]
    assert await apply_topics([kafka], [spec]) == [Applied(spec.name, created=False, differences=())]


async def test_differences_are_reported_and_nothing_is_changed(kafka: str, topic_prefix: str) -> None:
    spec = Spec(f"{topic_prefix}a", 2, {"retention.ms": "60000"})
    await apply_topics([kafka], [spec])

    wanted = Spec(spec.name, 3, {"retention.ms": "1", "cleanup.policy": "delete"})
    for _ in range(2):
        assert await apply_topics([kafka], [wanted]) == [
            Applied(
                spec.name,
                created=False,
                differences=("partitions: 2, wanted 3", "retention.ms: 60000, wanted 1"),
            )
        ]

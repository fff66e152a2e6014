"""Topics are created once, and differences are reported."""

import msgspec
import pytest

from runtime.kafka.topics import Applied, apply_topics, compare_topics

pytestmark = pytest.mark.servers


class Spec(msgspec.Struct, frozen=True):
    name: str
    partitions: int
    config: dict[str, str]
    minimums: dict[str, int] = {}


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


async def test_a_setting_below_its_minimum_is_reported_whoever_set_it(kafka: str, topic_prefix: str) -> None:
    # 1,048,588 is Kafka's default.
    wanted = Spec(f"{topic_prefix}a", 1, {}, {"max.message.bytes": 1_048_588})
    too_much = Spec(f"{topic_prefix}b", 1, {}, {"max.message.bytes": 1_048_589})
    own = Spec(f"{topic_prefix}c", 1, {"max.message.bytes": "20000"})
    await apply_topics([kafka], [own])
    low = Spec(own.name, 1, {}, {"max.message.bytes": 131_072})

    created = await apply_topics([kafka], [wanted, too_much])
    compared = await compare_topics([kafka], [wanted, too_much, low])

    from_broker = ("max.message.bytes: 1048588, wanted at least 1048589",)
    assert created == [Applied(wanted.name, True, ()), Applied(too_much.name, True, from_broker)]  # noqa: FBT003 - a value of the result
    assert compared == {
        wanted.name: (),
        too_much.name: from_broker,
        own.name: ("max.message.bytes: 20000, wanted at least 131072",),
    }

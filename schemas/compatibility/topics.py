"""Compares the settings of two contracts' topics. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from schemas.compatibility.change import Change
from schemas.contract import TopicContract

CAN_GROW: Final = {"retention.ms", "max.message.bytes"}
"""Settings whose higher values keep what a release promised."""
OURS: Final = {"segment.ms"}
"""Settings that no reader sees."""


def compare_topics(was: TopicContract, now: TopicContract) -> Iterator[Change]:
    """Give what changed in a topic itself. More retention and larger records are no change."""
    if was.key != now.key:
        yield Change("key", "key-changed", was.key, now.key)
    if was.partitions != now.partitions:
        counts = (str(topic.partitions) for topic in (was, now))
        yield Change("partitions", "partitions-changed", *counts)
    if was.public and not now.public:
        yield Change("topic", "topic-hidden", "public", "for services only")
    yield from compare_settings(was.config, now.config)
    yield from compare_settings(was.minimums, now.minimums)


def compare_settings(was: Mapping[str, object], now: Mapping[str, object]) -> Iterator[Change]:
    for name in sorted((was.keys() | now.keys()) - OURS):
        before, after = (settings.get(name) for settings in (was, now))
        if before == after:
            continue
        is_number = name in CAN_GROW and before is not None and after is not None
        if not is_number:
            yield Change(f"setting {name}", "setting-changed", *map(describe_setting, (before, after)))
        elif int(str(after)) < int(str(before)):
            yield Change(f"setting {name}", "setting-lowered", str(before), str(after))


def describe_setting(value: object) -> str:
    return "the broker's" if value is None else str(value)

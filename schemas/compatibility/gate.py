"""The gate: whether the readers and the records of a release survive another contract. Pure.

Between two major versions nothing is compared: a reader refuses the records of a major version that it does not know.
"""

from collections.abc import Iterator

from schemas.compatibility.change import ADDED, Change
from schemas.compatibility.json_schemas import compare_schemas
from schemas.compatibility.topics import compare_topics
from schemas.compatibility.words import compare_meanings
from schemas.contract import Contract, parse_version


def find_breaks(was: Contract, now: Contract) -> list[str]:
    """Say what in the contract `now` breaks readers or records of the release `was`, a line each."""
    if parse_version(was.schema_version)[0] != parse_version(now.schema_version)[0]:
        return []
    found = [
        f"{topic}: {change.describe(was.release)}"
        for topic in was.topics
        for change in sorted(compare_topic(was, now, topic), key=lambda change: (change.place, change.rule))
    ]
    if parse_version(now.schema_version) < parse_version(was.schema_version):
        change = Change("schema_version", "version-lowered", was.schema_version, now.schema_version)
        found.append(f"all topics: {change.describe(was.release)}")
    return found


def compare_topic(was: Contract, now: Contract, topic: str) -> Iterator[Change]:
    if topic not in now.topics:
        yield Change("topic", "topic-removed", "there", "absent")
        return
    before, after = was.topics[topic], now.topics[topic]
    yield from compare_topics(before, after)
    yield from compare_meanings(before.fields, after.fields)
    yield from without_additions(compare_schemas(before.headers, after.headers, "header"))
    changes = compare_schemas(was.schemas[topic], now.schemas[topic])
    yield from without_additions(changes)
    yield from check_additions(changes, was.schema_version, now.schema_version)


def without_additions(changes: list[Change]) -> Iterator[Change]:
    return (change for change in changes if change.rule != ADDED)


def check_additions(changes: list[Change], was: str, now: str) -> Iterator[Change]:
    """Give the new optional fields that do not name a version after the release, and up to today's."""
    for change in changes:
        if change.rule == ADDED and not is_between(was, change.since, now):
            yield Change(change.place, "version-not-raised", f"absent in {was}", f"there since {change.since} in {now}")


def is_between(was: str, since: str | None, now: str) -> bool:
    return since is not None and parse_version(was) < parse_version(since) <= parse_version(now)

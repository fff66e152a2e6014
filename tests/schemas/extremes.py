"""Records that the contract's types allow, with the largest, smallest and oddest values that a stranger could write."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from typing import Any, Final

import msgspec

import schemas
from schemas import Topic

EXAMPLES: Final = Path(schemas.__file__).parent / "examples"
NOW: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FAR_EAST: Final = timezone(timedelta(hours=23, minutes=59))
FAR_WEST: Final = timezone(-timedelta(hours=23, minutes=59))
TIMES: Final = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=FAR_EAST),
    datetime(1, 3, 31, tzinfo=UTC),
    datetime(999, 12, 31, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2262, 4, 12, tzinfo=UTC),
    datetime(9998, 12, 31, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=FAR_WEST),
    NOW,
    NOW.astimezone(FAR_EAST),
)
NUMBERS: Final = (0, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**400, 10**4000)
"""The last ones are no double, and the very last is nearly as long as Python reads a number."""
STAMPS: Final = (-(2**63), -1, 0, 1, int(NOW.timestamp() * 1000), 253_402_300_799_999, 253_402_300_800_000, 2**63 - 1)
"""Milliseconds since 1970, as a record's own time: where a topic takes its producers' word, it may be any of these."""

Leaf = tuple[str | int, ...]


def extremes_of(topic: Topic) -> Iterator[bytes]:
    """Give each good example with each number and each time at each extreme, and its times at every pair of them."""
    for path in sorted((EXAMPLES / topic.name / "good").glob("*.json")):
        record = msgspec.json.decode(path.read_bytes())
        numbers = [leaf for leaf, value in leaves_of(record) if type(value) is int]
        times = [leaf for leaf, _ in leaves_of(record) if str(leaf[-1]).endswith("_at")]
        for leaf, number in product(numbers, NUMBERS):
            yield msgspec.json.encode(changed(record, {leaf: msgspec.Raw(str(number).encode())}))
        for moments in product(TIMES, repeat=len(times)):
            at = dict(zip(times, (moment.isoformat() for moment in moments), strict=True))
            yield msgspec.json.encode(changed(record, at))


def leaves_of(value: Any, place: Leaf = ()) -> Iterator[tuple[Leaf, Any]]:
    """Give everything in a document that holds nothing else, and where it is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict | list):
        for key, item in items:
            yield from leaves_of(item, (*place, key))
    else:
        yield place, value


def changed(value: Any, changes: dict[Leaf, Any], place: Leaf = ()) -> Any:
    """Give the document with other leaves in these places."""
    if isinstance(value, dict):
        return {key: changed(item, changes, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [changed(item, changes, (*place, number)) for number, item in enumerate(value)]
    return changes.get(place, value)

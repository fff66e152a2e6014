"""Records as Kafka gives them, made from the contract's examples."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from identity.ulid import make_ulid
from schemas import (
    CLICKS_DEAD,
    CLICKS_ENRICHED,
    CLICKS_REJECTED,
    DeadLetter,
    EnrichedClick,
    RejectedClick,
    decode,
    encode,
)
from tests.schemas.test_codec import read_example

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Source(msgspec.Struct, frozen=True):
    """A record with a place in a topic."""

    topic: str
    value: bytes
    offset: int = 0
    partition: int = 0
    key: bytes | None = b"k"
    timestamp: int = int(NOW.timestamp() * 1000)


def click(number: int = 0, clicked_at: datetime = NOW, **changes: Any) -> EnrichedClick:
    """Give the example click under an id of its own."""
    example = decode(EnrichedClick, read_example("clicks.enriched/good/full.json"))
    assert isinstance(example, EnrichedClick)
    return msgspec.structs.replace(
        example,
        click_id=make_ulid(int(clicked_at.timestamp() * 1000), bytes(number >> 5 * place & 31 for place in range(16))),
        clicked_at=clicked_at,
        published_at=clicked_at + timedelta(milliseconds=5),
        **changes,
    )


def clicked(*clicks: EnrichedClick) -> list[Source]:
    return [Source(CLICKS_ENRICHED.name, encode(one), offset) for offset, one in enumerate(clicks)]


def rejected() -> Source:
    example = decode(RejectedClick, read_example("clicks.rejected/good/paused.json"))
    assert isinstance(example, RejectedClick)
    return Source(CLICKS_REJECTED.name, encode(example))


def dead_lettered(**changes: Any) -> Source:
    example = decode(DeadLetter, read_example("clicks.dead/good/wrong_shape.json"))
    assert isinstance(example, DeadLetter)
    return Source(CLICKS_DEAD.name, encode(msgspec.structs.replace(example, **changes)))

"""Records on their way to Kafka, and what delivers them."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

Headers = list[tuple[str, bytes]]
NO_HEADERS: Final[Headers] = []


class OutRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to be written. The producer's partitioner chooses its partition."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers = NO_HEADERS


class DeliversRecords(Protocol):
    """Delivers records to Kafka, as RecordProducer does: see its `deliver` for what it raises."""

    async def deliver(self, records: Sequence[OutRecord], /) -> None: ...

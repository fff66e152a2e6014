"""The four topics: names, partitions, and the settings `clickrail topics apply` creates them with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from schemas.clicks import EnrichedClick, RawClick
from schemas.dead_letter import DeadLetter
from schemas.record import Record
from schemas.rejected_click import RejectedClick

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
FITS_EVERY_CLICK: Final = MappingProxyType({"max.message.bytes": 128 * 1024})
"""Ingest writes no click of more than 128 KiB into its journal; most have less than 4, and none seen more than 60."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic of the contract. `config` holds Kafka's own names and values; `public` ones carry CloudEvents headers.

    `minimums` are settings that may be higher: a topic is created with the broker's default for them.
    """

    name: str
    record: type[Record]
    key: str
    readers: str
    public: bool
    partitions: int
    config: Mapping[str, str]
    minimums: Mapping[str, int] = MappingProxyType({})


def settings(retention_ms: int, **more: str) -> Mapping[str, str]:
    # LogAppendTime: a click that waited in a journal must not expire, or be refused, because of its own time.
    fixed = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "retention.ms": str(retention_ms)}
    return MappingProxyType(fixed | {name.replace("_", "."): value for name, value in more.items()})


CLICKS_RAW: Final = Topic(
    name="clicks.raw",
    record=RawClick,
    key="click_id",
    readers="the enricher only",
    public=False,
    partitions=12,
    # Short segments: Kafka deletes whole segments, and sealed addresses must not outlive the retention by a week.
    config=settings(72 * HOUR_MS, segment_ms=str(HOUR_MS)),
    minimums=FITS_EVERY_CLICK,
)
CLICKS_ENRICHED: Final = Topic(
    name="clicks.enriched",
    record=EnrichedClick,
    key="click_id",
    readers="sink, console, data teams",
    public=True,
    partitions=12,
    config=settings(7 * DAY_MS),
    minimums=FITS_EVERY_CLICK,
)
CLICKS_REJECTED: Final = Topic(
    name="clicks.rejected",
    record=RejectedClick,
    key="rejection_id",
    readers="sink, console, data teams",
    public=True,
    partitions=12,
    config=settings(7 * DAY_MS),
    minimums=FITS_EVERY_CLICK,
)
CLICKS_DEAD: Final = Topic(
    name="clicks.dead",
    record=DeadLetter,
    key="the original key",
    readers="sink, operators, replay",
    public=True,
    partitions=3,
    # Original bytes are base64: the largest record of another topic must still fit here.
    config=settings(30 * DAY_MS, max_message_bytes=str(2 * 1024 * 1024)),
)

TOPICS: Final = (CLICKS_RAW, CLICKS_ENRICHED, CLICKS_REJECTED, CLICKS_DEAD)

READS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "enricher": (CLICKS_RAW.name,),
        "sink": (CLICKS_ENRICHED.name, CLICKS_REJECTED.name, CLICKS_DEAD.name),
    }
)
"""The topics that each stage reads. Its group is the topics' prefix, `clickrail.`, and its name."""

WRITES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ingest": (CLICKS_RAW.name, CLICKS_REJECTED.name),
        "enricher": (CLICKS_ENRICHED.name, CLICKS_DEAD.name),
        "sink": (CLICKS_DEAD.name,),
    }
)
"""The topics that each stage writes."""

"""What is asked of an erasure, what it found, and its report. Pure."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from schemas import CLICKS_DEAD, CLICKS_ENRICHED, CLICKS_RAW, CLICKS_REJECTED, Topic

Asked = Literal["click", "visitor", "ip_hash"]
TOPICS: Final = {topic.name: topic for topic in (CLICKS_RAW, CLICKS_ENRICHED, CLICKS_REJECTED, CLICKS_DEAD)}


class ErasureRequest(msgspec.Struct, frozen=True):
    """Which clicks: the one with this id, all of the visitor who made it, or all of this `ip_hash`."""

    asked: Asked
    value: str
    why: str = ""


class Found(msgspec.Struct):
    """Clicks to erase, by id with their times; and the hashes of the addresses whose rejections are erased as well."""

    clicks: dict[str, datetime]
    ip_hashes: set[str]

    def count_days(self) -> dict[str, int]:
        """Count the clicks by day (UTC)."""
        days: dict[str, int] = {}
        for at in sorted(self.clicks.values()):
            days[f"{at:%Y-%m-%d}"] = days.get(f"{at:%Y-%m-%d}", 0) + 1
        return days


class ClaimedClick(msgspec.Struct, frozen=True):
    """What names the keys in Redis that a click has written."""

    click_id: str
    clicked_at: datetime
    program_id: str
    client_hash: str | None
    net_hash: str | None
    window_s: int


ForgetClaims = Callable[[Sequence[ClaimedClick]], Awaitable[int]]
"""Deletes what Redis has of these clicks; returns how many keys and entries. Safe to repeat."""


class ErasureReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure changed, or would change. `claims` is null if Redis was not asked.

    `clicks` were made anonymous, with their `scores` and `verdicts`; `links` are other clicks and scores that named one
    of them. `erased_at`: the click had been erased before, and nothing was changed. `copies` says until when Kafka has
    its own copies, by topic.
    """

    clicks: int = 0
    days: Mapping[str, int] = {}
    scores: int = 0
    verdicts: int = 0
    links: int = 0
    letters: int = 0
    rejections: int = 0
    claims: int | None = None
    copies: Mapping[str, datetime] = {}
    erased_at: datetime | None = None


def find_copies_end(topic: str, written_at: datetime) -> datetime:
    """Return when the retention of a topic has passed for a record of that time."""
    return written_at + retention_of(TOPICS[topic])


def retention_of(topic: Topic) -> timedelta:
    return timedelta(milliseconds=int(topic.config["retention.ms"]))


def latest(old: Mapping[str, datetime], new: Mapping[str, datetime]) -> dict[str, datetime]:
    """Join two sets of times, the later one of each topic."""
    return {name: max(one for one in (old.get(name), new.get(name)) if one) for name in sorted({*old, *new})}


def day_of(at: datetime) -> date:
    return at.date()

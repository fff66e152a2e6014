"""Making dead letters: records that a stage could not process, with the reason and the original bytes. Pure."""

from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from schemas.clicks import NEWEST_CLICK, has_plausible_time
from schemas.codec import Undecodable, encode
from schemas.dead_letter import DeadLetter
from schemas.fields import EARLIEST, LATEST
from schemas.headers import Headers, dead_headers

DEAD_REASONS: Final = (
    "not_utf8",
    "not_json",
    "wrong_shape",
    "unknown_version",
    "implausible_time",
    "too_large",
    "refused_by_database",
    "refused_by_kafka",
    "internal_error",
)
"""The reasons of dead letters. `docs/operating.md` says what to do about each."""
CACHED_TIMES: Final = 256
LATEST_MS: Final = (LATEST - EARLIEST) // timedelta(milliseconds=1)


class Cause(Protocol):
    """Why a record could not be processed: one of `DEAD_REASONS`, and a sentence for people."""

    @property
    def reason(self) -> str: ...
    @property
    def detail(self) -> str: ...


class SourceRecord(Protocol):
    """A record read from Kafka; `timestamp` is when the broker received it, in Unix milliseconds."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


def taken_at(record: SourceRecord) -> datetime:
    """Return when the broker received a record. Clamped: a topic may keep any timestamp of the producer."""
    return read_time(record.timestamp)


@lru_cache(CACHED_TIMES)
def read_time(milliseconds: int) -> datetime:
    # Cached: Kafka gives all records of a batch the same time.
    return EARLIEST + timedelta(milliseconds=min(max(milliseconds, 0), LATEST_MS))


def check_click_time(clicked_at: datetime, published_at: datetime) -> Undecodable | None:
    """Return what is wrong with a click's time, or None.

    The time is compared with the moment Kafka received the raw click, so a late replay gives the same result.
    """
    if has_plausible_time(clicked_at, published_at):
        return None
    detail = f"clicked at {clicked_at.isoformat()}, published at {published_at.isoformat()}"
    return Undecodable("implausible_time", detail)


def check_publishing_time(published_at: datetime, read_at: datetime) -> Undecodable | None:
    """Return what is wrong with a click's `published_at`, or None.

    `read_at` is when Kafka received the enriched record. With two brokers' clocks it may be slightly earlier.
    """
    if published_at - read_at <= NEWEST_CLICK:
        return None
    detail = f"published at {published_at.isoformat()}, after Kafka received the record at {read_at.isoformat()}"
    return Undecodable("implausible_time", detail)


def make_dead_letter(record: SourceRecord, cause: Cause, stage: str, now: datetime) -> DeadLetter:
    """Return the dead letter of a record that `stage` could not process; `now` is the time of the failure."""
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value or b"",
        stage=stage,
        reason=cause.reason,
        detail=cause.detail,
        attempts=1,
        failed_at=now,
        taken_at=taken_at(record),
        digest=digest_of(record.value or b""),
        size=len(record.value or b""),
    )


def digest_of(value: bytes) -> str:
    return sha256(value).hexdigest()


def cut_letter(letter: DeadLetter, cap: int) -> DeadLetter:
    """Cut the key and the value of a letter to `cap` bytes each, if they are longer."""
    if len(letter.value) <= cap and len(letter.key or b"") <= cap:
        return letter
    key = None if letter.key is None else letter.key[:cap]
    return msgspec.structs.replace(letter, key=key, value=letter.value[:cap], is_cut=True)


def write_letter(letter: DeadLetter, cap: int) -> tuple[bytes | None, bytes, Headers]:
    """Give the key, value and headers of a letter's record, with so many bytes of the original at most."""
    written = cut_letter(letter, cap)
    return written.key, encode(written), dead_headers(written)

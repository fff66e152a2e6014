"""A record of any of the sink's topics to its outcome: a row of a table, or a dead letter. Pure."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

import msgspec

from schemas import (
    CLICKS_DEAD,
    CLICKS_ENRICHED,
    CLICKS_REJECTED,
    DeadLetter,
    EnrichedClick,
    RejectedClick,
    Undecodable,
    decode,
)
from schemas.events import has_plausible_time
from sink.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS, Row, click_row, letter_row, rejection_row

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Table(msgspec.Struct, frozen=True):
    """A table to load: its columns in the order of our rows, and what makes a row the same row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


CLICKS: Final = Table("clicks", CLICK_COLUMNS, ("click_id", "clicked_at"))
REJECTED_CLICKS: Final = Table("rejected_clicks", REJECTION_COLUMNS, ("rejection_id",))
DEAD_LETTERS: Final = Table("dead_letters", LETTER_COLUMNS, ("topic", "partition", "offset"))


class Source(Protocol):
    """A record as Kafka gives it; `timestamp` is when the broker took it, in milliseconds since 1970."""

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


class Loaded(msgspec.Struct, frozen=True):
    """A row for a table, the record it came from, and for a click the day (UTC) of its partition."""

    table: Table
    row: Row
    source: Source
    day: date | None = None


Outcome = Loaded | DeadLetter


def load(record: Source, prefix: str, now: datetime) -> Outcome:
    """Give the row of a record, or the dead letter of what is none. `prefix` stands before our topics' names."""
    taken_at = EPOCH + timedelta(milliseconds=record.timestamp)
    match record.topic.removeprefix(prefix):
        case CLICKS_ENRICHED.name:
            return load_click(record, taken_at, now)
        case CLICKS_REJECTED.name:
            rejection = decode(RejectedClick, record.value or b"")
            if isinstance(rejection, Undecodable):
                return bury(record, rejection, now)
            return Loaded(REJECTED_CLICKS, rejection_row(rejection, taken_at), record)
        case CLICKS_DEAD.name:
            letter = decode(DeadLetter, record.value or b"")
            # What cannot be read in the dead-letter topic is kept as a letter about itself: there is no further topic.
            known = bury(record, letter, now) if isinstance(letter, Undecodable) else letter
            return Loaded(DEAD_LETTERS, letter_row(known), record)
        case unexpected:
            raise ValueError(f"the sink does not read {unexpected}")


def load_click(record: Source, taken_at: datetime, now: datetime) -> Outcome:
    click = decode(EnrichedClick, record.value or b"")
    if isinstance(click, Undecodable):
        return bury(record, click, now)
    # Judged by when Kafka took the raw click, as the enricher judged it: a late replay is not refused for being late.
    if not has_plausible_time(click.clicked_at, click.published_at):
        detail = f"clicked at {click.clicked_at.isoformat()}, published at {click.published_at.isoformat()}"
        return bury(record, Undecodable("implausible_time", detail), now)
    return Loaded(CLICKS, click_row(click, taken_at), record, click.clicked_at.astimezone(UTC).date())


def bury(record: Source, cause: Undecodable, now: datetime) -> DeadLetter:
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value or b"",
        stage="sink",
        reason=cause.reason,
        detail=cause.detail,
        attempts=1,
        failed_at=now,
    )

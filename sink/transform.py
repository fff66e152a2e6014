"""A record of any of the sink's topics to its outcome: a row of a table, or a dead letter. Pure."""

from datetime import UTC, date, datetime
from typing import Final

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
from schemas.letters import SourceRecord, bury, judge_publishing, judge_time, taken_at
from sink.columns import CLICK_COLUMNS, LETTER_COLUMNS, REJECTION_COLUMNS, Row, click_row, letter_row, rejection_row

STAGE: Final = "sink"


class Table(msgspec.Struct, frozen=True):
    """A table to load: its columns in the order of our rows, and what makes a row the same row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


CLICKS: Final = Table("clicks", CLICK_COLUMNS, ("click_id", "clicked_at"))
REJECTED_CLICKS: Final = Table("rejected_clicks", REJECTION_COLUMNS, ("rejection_id",))
DEAD_LETTERS: Final = Table("dead_letters", LETTER_COLUMNS, ("topic", "partition", "offset", "digest"))


class Loaded(msgspec.Struct, frozen=True):
    """A row for a table, the record it came from, and for a click the day (UTC) of its partition."""

    table: Table
    row: Row
    source: SourceRecord
    day: date | None = None


Outcome = Loaded | DeadLetter


def load(record: SourceRecord, prefix: str, now: datetime) -> Outcome:
    """Give the row of a record, or the dead letter of what is none. `prefix` stands before our topics' names."""
    match record.topic.removeprefix(prefix):
        case CLICKS_ENRICHED.name:
            return load_click(record, now)
        case CLICKS_REJECTED.name:
            rejection = decode(RejectedClick, record.value or b"")
            if isinstance(rejection, Undecodable):
                return bury(record, rejection, STAGE, now)
            return Loaded(REJECTED_CLICKS, rejection_row(rejection, taken_at(record)), record)
        case CLICKS_DEAD.name:
            letter = decode(DeadLetter, record.value or b"")
            if isinstance(letter, Undecodable):
                return bury(record, letter, STAGE, now)
            return Loaded(DEAD_LETTERS, letter_row(letter), record)
        case unexpected:
            raise ValueError(f"the sink does not read {unexpected}")


def load_click(record: SourceRecord, now: datetime) -> Outcome:
    click = decode(EnrichedClick, record.value or b"")
    if isinstance(click, Undecodable):
        return bury(record, click, STAGE, now)
    enriched_at = taken_at(record)
    wrong = judge_time(click.clicked_at, click.published_at) or judge_publishing(click.published_at, enriched_at)
    if wrong:
        return bury(record, wrong, STAGE, now)
    return Loaded(CLICKS, click_row(click, enriched_at), record, click.clicked_at.astimezone(UTC).date())

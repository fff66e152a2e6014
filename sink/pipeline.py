"""A record of any of the sink's topics to its outcome: a row of a table, or a dead letter. Pure."""

from datetime import UTC, datetime
from typing import Final

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
from schemas.letters import SourceRecord, check_click_time, check_publishing_time, make_dead_letter, taken_at
from storage.rows import click_row, letter_row, rejection_row
from storage.tables import CLICKS, DEAD_LETTERS, REJECTED_CLICKS, StorableRow

STAGE: Final = "sink"

Outcome = StorableRow | DeadLetter


def build_row(record: SourceRecord, prefix: str, now: datetime) -> Outcome:
    """Give the row of a record, or the dead letter of what is none. `prefix` is that of the topics' names."""
    match record.topic.removeprefix(prefix):
        case CLICKS_ENRICHED.name:
            return build_click_row(record, now)
        case CLICKS_REJECTED.name:
            rejection = decode(RejectedClick, record.value or b"")
            if isinstance(rejection, Undecodable):
                return make_dead_letter(record, rejection, STAGE, now)
            return StorableRow(REJECTED_CLICKS, rejection_row(rejection, taken_at(record)), record)
        case CLICKS_DEAD.name:
            letter = decode(DeadLetter, record.value or b"")
            if isinstance(letter, Undecodable):
                return make_dead_letter(record, letter, STAGE, now)
            return StorableRow(DEAD_LETTERS, letter_row(letter), record)
        case unexpected:
            raise ValueError(f"the sink does not read {unexpected}")


def build_click_row(record: SourceRecord, now: datetime) -> Outcome:
    click = decode(EnrichedClick, record.value or b"")
    if isinstance(click, Undecodable):
        return make_dead_letter(record, click, STAGE, now)
    enriched_at = taken_at(record)
    wrong = check_click_time(click.clicked_at, click.published_at)
    wrong = wrong or check_publishing_time(click.published_at, enriched_at)
    if wrong:
        return make_dead_letter(record, wrong, STAGE, now)
    return StorableRow(CLICKS, click_row(click, enriched_at), record, click.clicked_at.astimezone(UTC).date())

"""Clicks with their settled scores, and the rows of `click_scores` that they become. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from identity.ulid import ulid_milliseconds
from schemas import Fraud, Uniqueness
from storage.rollups.moves import Key

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_MS_TO_RETURN: Final = 7 * 24 * 3600 * 1000
"""A cookie that comes back later changes nothing any more: the totals of that day are long read."""


class ScoredClick(msgspec.Struct, frozen=True, gc=False):
    """A click by its key in the table, a score of it, and whether it is unique.

    `returned` is the click whose valid cookie it brought back. `changes_uniqueness`: the live verdict says otherwise.
    `changes_score`: the live score has another band or class.
    """

    click_id: str
    clicked_at: datetime
    fraud: Fraud
    unique: Uniqueness
    returned: str | None = None
    changes_uniqueness: bool = False
    changes_score: bool = True


def forget_erased(scored: ScoredClick, erased: frozenset[str]) -> ScoredClick:
    first, returned = scored.unique.first_click_id, scored.returned
    unique = msgspec.structs.replace(scored.unique, first_click_id=None) if first in erased else scored.unique
    return msgspec.structs.replace(scored, unique=unique, returned=None if returned in erased else returned)


def find_time(scored: ScoredClick, returned: str) -> datetime | None:
    """Give the time of the click whose cookie came back; null if that is too long ago."""
    milliseconds = ulid_milliseconds(returned)
    age_ms = scored.clicked_at.timestamp() * 1000 - milliseconds
    return EPOCH + timedelta(milliseconds=milliseconds) if 0 <= age_ms <= MOST_MS_TO_RETURN else None


def list_changing(scored: Sequence[ScoredClick]) -> list[Key]:
    """Give the clicks that the live verdict says something else of."""
    return [(one.click_id, one.clicked_at) for one in scored if one.changes_uniqueness or one.changes_score]


def is_repeat_by_address(scored: ScoredClick) -> bool:
    return scored.unique.is_unique is False and scored.unique.basis == "address"


def list_columns(scored: Iterable[ScoredClick]) -> Iterable[Sequence[object]]:
    """Give the columns of the rows to write."""
    return zip(*map(make_row, scored), strict=True)


def make_row(one: ScoredClick) -> tuple[object, ...]:
    fraud, unique = one.fraud, one.unique
    return (
        one.click_id,
        one.clicked_at,
        fraud.rules,
        fraud.stage,
        fraud.score,
        fraud.band,
        fraud.ivt_class,
        write_signals(fraud),
        unique.is_unique,
        unique.basis,
        unique.first_click_id,
        unique.status,
        one.changes_uniqueness,
    )


def write_signals(fraud: Fraud) -> str | None:
    return msgspec.json.encode(fraud.signals).decode() if fraud.signals else None

"""Settles clicks of the table: reads them in the order of their ids, a day earlier than the first to settle.

Progress is in the database, moved in the transaction that writes the scores, and only from the value it was read with:
if two settlers run, one of them writes and the other is told that it was `Overtaken`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from quality.rules import Rules
from quality.score import score_click
from quality.settling import LOOK_AHEAD_MS, LOOK_BACK_MS, Settling
from quality.settling_click import SettledClick
from runtime.postgres import transaction
from schemas import EnrichedClick
from storage.read.settling import Position, StoredEvidence, read_clicks
from storage.scored_clicks import ScoredClick
from storage.scores import ScoreWriter

LOOK_AHEAD: Final = timedelta(milliseconds=LOOK_AHEAD_MS)
LOOK_BACK: Final = timedelta(milliseconds=LOOK_BACK_MS)
PAGE: Final = 5000
STATEMENT_S: Final = 60.0

READ_PROGRESS: Final = "SELECT settled_until, stored_until, quality_until FROM settling_progress"
START: Final = """
    INSERT INTO settling_progress (settled_until, stored_until, quality_until) VALUES ($1, $2, $3)
    ON CONFLICT (only_row) DO NOTHING
"""
ADVANCE: Final = "UPDATE settling_progress SET settled_until = $2 WHERE settled_until = $1"
NOTE_STORED: Final = "UPDATE settling_progress SET stored_until = greatest(stored_until, $1)"
NOTE_QUALITY: Final = "UPDATE settling_progress SET quality_until = greatest(quality_until, $1)"


class Overtaken(Exception):  # noqa: N818 - named after the condition
    """Another settler has moved the progress: read it again."""


class Progress(msgspec.Struct, frozen=True):
    """How far settling has come.

    Clicks before `settled_until` are settled, except those that were stored after `stored_until`. Days before
    `quality_until` are counted.
    """

    settled_until: datetime
    stored_until: datetime
    quality_until: date


class Step(msgspec.Struct, frozen=True):
    """One page of a pass: the clicks that became final, and the time before which all are. `is_last`: none is left."""

    settled: Sequence[SettledClick]
    settled_until: datetime
    is_last: bool


class TablePass:
    """Settles the clicks of the table from `since` on, in steps."""

    def __init__(self, reader: asyncpg.Connection, rules: Rules, since: datetime, page: int = PAGE) -> None:
        self._reader = reader
        self._settling = Settling(rules)
        self._position = Position(since - LOOK_BACK)
        self._since = since
        self._page = page

    async def step(self, until: datetime) -> Step:
        """Read the next clicks before `until`, of which those are final that are 120 s older."""
        clicks = await read_clicks(self._reader, self._position, until, self._page)
        is_last = len(clicks) < self._page
        final = [one for click in clicks for one in self._settling.add(click)]
        if clicks:
            self._position = Position(clicks[-1].clicked_at, clicks[-1].click_id)
        reached = until if is_last else clicks[-1].clicked_at
        if is_last:
            final += self._settling.advance(round(until.timestamp() * 1000))
            # A click that is stored later, and older than this, is found as a late one.
            self._position = max(self._position, Position(until), key=lambda position: position.clicked_at)
        settled = [one for one in final if one.click.clicked_at >= self._since]
        return Step(settled, max(self._since, reached - LOOK_AHEAD), is_last)


def score_settled(settled: Sequence[SettledClick], rules: Rules) -> list[ScoredClick]:
    scored = ((one, score_click(one.click.evidence, rules, one.later)) for one in settled)
    return [
        ScoredClick(
            one.click.click_id,
            one.click.clicked_at,
            fraud,
            one.unique,
            one.click.returned,
            one.unique.is_unique is not one.click.unique.is_unique,
            (fraud.band, fraud.ivt_class) != read_live(one),
        )
        for one, fraud in scored
    ]


def read_live(settled: SettledClick) -> tuple[str | None, str | None]:
    """Give the band and the class of the live score."""
    evidence = settled.click.evidence
    if isinstance(evidence, StoredEvidence):
        return evidence.live_band, evidence.live_ivt_class
    if isinstance(evidence, EnrichedClick):
        return evidence.fraud.band, evidence.fraud.ivt_class
    raise TypeError(f"no live score in {type(evidence)}")


async def read_progress(connection: asyncpg.Connection) -> Progress | None:
    row = await connection.fetchrow(READ_PROGRESS, timeout=STATEMENT_S)
    return None if row is None else Progress(*row)


async def start_progress(connection: asyncpg.Connection, since: datetime, now: datetime) -> None:
    """Begin settling with the clicks of `since`, unless it has begun already."""
    await connection.execute(START, since, now, since.date(), timeout=STATEMENT_S)


async def write_step(
    connection: asyncpg.Connection,
    writer: ScoreWriter,
    scored: Sequence[ScoredClick],
    before: datetime,
    after: datetime,
) -> None:
    """Write scores and move the progress, both or neither. Raises Overtaken if it is not at `before` any more."""
    await writer.prepare(scored)
    async with transaction(connection):
        if await connection.execute(ADVANCE, before, after, timeout=STATEMENT_S) != "UPDATE 1":
            raise Overtaken
        await writer.write(scored)


async def write_scores(connection: asyncpg.Connection, writer: ScoreWriter, scored: Sequence[ScoredClick]) -> int:
    """Write scores of clicks that are settled already; return how many are new or have changed."""
    await writer.prepare(scored)
    async with transaction(connection):
        return await writer.write(scored)


async def note_stored(connection: asyncpg.Connection, stored_until: datetime) -> None:
    await connection.execute(NOTE_STORED, stored_until, timeout=STATEMENT_S)


async def note_quality(connection: asyncpg.Connection, until: date) -> None:
    await connection.execute(NOTE_QUALITY, until, timeout=STATEMENT_S)

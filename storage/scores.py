"""Writes settled scores and uniqueness of clicks, and the verdicts of people.

A click's uniqueness may change once more after it was settled: when a later click brings its cookie back, its visitor
is another than the one of the same client before. That stays, whatever rules the click is scored with again.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal

import asyncpg
import msgspec

from quality.settled_uniqueness import is_another_visitor, make_returned
from runtime.postgres import transaction
from schemas import Uniqueness
from storage.affiliate_quality import mark_days
from storage.days import prepare_days
from storage.engine import SCORES, StorageEngine, read_engine
from storage.erased import find_erased
from storage.retention.personal_days import list_emptied_days
from storage.rollups.limits import LIMITS, Limits
from storage.rollups.moves import Key, move_counts
from storage.scored_clicks import (
    ScoredClick,
    find_time,
    forget_erased,
    is_repeat_by_address,
    list_changing,
    list_columns,
)

Verdict = Literal["valid", "invalid", "withdrawn"]

WRITE_S: Final = 60.0
WRITE: Final = """
    INSERT INTO click_scores AS old (click_id, clicked_at, rules, stage, score, band, ivt_class, signals,
        is_unique, unique_basis, first_click_id, unique_status, changes_uniqueness)
    SELECT * FROM unnest(
        $1::text[], $2::timestamptz[], $3::text[], $4::text[],
        $5::smallint[], $6::text[], $7::text[], $8::text[]::jsonb[],
        $9::boolean[], $10::text[], $11::text[], $12::text[], $13::boolean[]
    ) AS new (click_id, clicked_at)
    WHERE NOT EXISTS (SELECT FROM dropped_click_days WHERE day = (new.clicked_at AT TIME ZONE 'UTC')::date)
    ON CONFLICT (click_id, clicked_at, rules, stage) DO UPDATE SET score = excluded.score, band = excluded.band,
        ivt_class = excluded.ivt_class, signals = excluded.signals, is_unique = excluded.is_unique,
        unique_basis = excluded.unique_basis, first_click_id = excluded.first_click_id,
        unique_status = excluded.unique_status, changes_uniqueness = excluded.changes_uniqueness,
        scored_at = clock_timestamp()
    WHERE (old.score, old.band, old.ivt_class, old.signals)
            IS DISTINCT FROM (excluded.score, excluded.band, excluded.ivt_class, excluded.signals)
        OR (old.is_unique, old.unique_basis, old.first_click_id, old.unique_status) IS DISTINCT FROM
            (excluded.is_unique, excluded.unique_basis, excluded.first_click_id, excluded.unique_status)
        OR EXISTS (
            SELECT FROM click_scores newer
            WHERE (newer.click_id, newer.clicked_at) = (old.click_id, old.clicked_at)
                AND newer.scored_at > old.scored_at
        )
"""
"""A score that is there already stays as it is, unless it differs or other rules gave a newer one. The statement leaves
out dropped days: a hypertable would make their chunks again."""
FIND: Final = """
    SELECT DISTINCT click_id, clicked_at, is_unique, unique_basis, first_click_id
    FROM click_scores
    JOIN unnest($1::text[], $2::timestamptz[]) AS asked (click_id, clicked_at) USING (click_id, clicked_at)
    WHERE clicked_at >= $3 AND clicked_at <= $4
"""
FIND_REPEATS: Final = f"{FIND} AND NOT is_unique AND unique_basis = 'address'"
FIND_RETURNED: Final = f"{FIND} AND is_unique AND unique_basis = 'cookie'"
WRITE_RETURNED: Final = """
    UPDATE click_scores SET is_unique = true, unique_basis = 'cookie', first_click_id = click_scores.click_id,
        unique_status = 'judged', changes_uniqueness = true
    FROM unnest($1::text[], $2::timestamptz[]) AS asked (click_id, clicked_at)
    WHERE click_scores.click_id = asked.click_id AND click_scores.clicked_at = asked.clicked_at
        AND click_scores.clicked_at >= $3 AND click_scores.clicked_at <= $4
        AND NOT is_unique AND unique_basis = 'address'
"""
ADD_VERDICT: Final = "INSERT INTO click_verdicts (click_id, clicked_at, verdict, why, who) VALUES ($1, $2, $3, $4, $5)"


class ScoreWriter:
    """Writes scores over one connection. Remembers which days can be stored, so it prepares each day once."""

    def __init__(self, connection: asyncpg.Connection, limits: Limits = LIMITS) -> None:
        self._connection = connection
        self._limits = limits
        self._days: set[date] = set()
        self._engine: StorageEngine | None = None

    async def prepare(self, scored: Sequence[ScoredClick]) -> None:
        """Create the missing partitions, each in its own transaction. Call it outside of one."""
        if days := {find_day(one) for one in scored} - self._days:
            self._engine = self._engine or await read_engine(self._connection)
            # A day that was dropped meanwhile has no clicks left, and its scores are not written.
            await prepare_days(self._connection, self._engine, days, SCORES)
            self._days |= days

    async def write(self, scored: Sequence[ScoredClick]) -> int:
        """Write scores, each once, and move the counts of their clicks; return how many rows are new or have changed.

        Clicks of days without personal columns keep the scores they have. Waits for who counts clicks, up to some
        seconds.
        """
        scored = await self._remove_erased(scored)
        if not scored:
            return 0
        async with transaction(self._connection):
            scored = await self._keep_returned(await remove_emptied(self._connection, scored))
            if not scored:
                return 0
            status = await self._connection.execute(WRITE, *list_columns(scored), timeout=WRITE_S)
            written, returned = int(status.rsplit(" ", 1)[1]), await self._write_returned(scored)
            keys = returned + ([(one.click_id, one.clicked_at) for one in scored] if written else [])
            if keys:
                await mark_days(self._connection, [at for _, at in keys])
                await move_counts(self._connection, keys, returned + list_changing(scored), self._limits)
        return written

    async def _remove_erased(self, scored: Sequence[ScoredClick]) -> Sequence[ScoredClick]:
        """Leave out clicks that were erased since they were read, and what others know of erased ones."""
        named = ((one.click_id, one.unique.first_click_id, one.returned) for one in scored)
        erased = await find_erased(self._connection, (one for ids in named for one in ids)) if scored else frozenset()
        return [forget_erased(one, erased) for one in scored if one.click_id not in erased] if erased else scored

    async def _keep_returned(self, scored: Sequence[ScoredClick]) -> Sequence[ScoredClick]:
        """Keep what is known of cookies that came back after these clicks had been settled."""
        repeats = [(one.click_id, one.clicked_at) for one in scored if is_repeat_by_address(one)]
        returned = {row["click_id"] for row in await self._fetch(FIND_RETURNED, repeats)}
        if not returned:
            return scored
        return [
            msgspec.structs.replace(one, unique=make_returned(one.click_id), changes_uniqueness=True)
            if one.click_id in returned
            else one
            for one in scored
        ]

    async def _write_returned(self, scored: Sequence[ScoredClick]) -> list[Key]:
        """Make unique the earlier clicks whose cookies these clicks brought back; return those that it changed."""
        keys = [(one.returned, at) for one in scored if one.returned and (at := find_time(one, one.returned))]
        changed = [
            (row["click_id"], row["clicked_at"])
            for row in await self._fetch(FIND_REPEATS, keys)
            if is_another_visitor(row["click_id"], read_unique(row))
        ]
        if changed:
            await self._connection.execute(WRITE_RETURNED, *list_keys(changed), timeout=WRITE_S)
        return changed

    async def _fetch(self, query: str, keys: Sequence[Key]) -> list[asyncpg.Record]:
        return await self._connection.fetch(query, *list_keys(keys), timeout=WRITE_S) if keys else []


async def remove_emptied(connection: asyncpg.Connection, scored: Sequence[ScoredClick]) -> Sequence[ScoredClick]:
    """Leave out clicks of days without personal columns: a signal may quote such a column, as a topic still has it.

    Within the transaction that writes: who marks a day waits for it.
    """
    days = [find_day(one) for one in scored]
    emptied = set(await list_emptied_days(connection, min(days), max(days)))
    return [one for one in scored if find_day(one) not in emptied] if emptied else scored


def find_day(one: ScoredClick) -> date:
    return one.clicked_at.astimezone(UTC).date()


def read_unique(row: asyncpg.Record) -> Uniqueness:
    return Uniqueness(is_unique=row["is_unique"], basis=row["unique_basis"], first_click_id=row["first_click_id"])


def list_keys(keys: Sequence[Key]) -> tuple[list[str], list[datetime], datetime, datetime]:
    """Give the parameters of a statement about some clicks. By the first and last time PostgreSQL prunes partitions."""
    times = [at for _, at in keys]
    return [click_id for click_id, _ in keys], times, min(times), max(times)


async def add_verdict(
    connection: asyncpg.Connection, click: Key, verdict: Verdict, *, why: str, who: str, limits: Limits = LIMITS
) -> None:
    """Record what a person decided, and count the click by it. Earlier verdicts stay, and the newest counts."""
    async with transaction(connection):
        await connection.execute(ADD_VERDICT, *click, verdict, why, who, timeout=WRITE_S)
        await mark_days(connection, [click[1]])
        await move_counts(connection, [click], [click], limits)

"""Writes scores of clicks, and the verdicts of people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import asyncpg
import msgspec

from schemas import Fraud
from storage.partitions import SCORES, make_partition

Verdict = Literal["valid", "invalid", "withdrawn"]

WRITE_S: Final = 60.0
WRITE: Final = """
    INSERT INTO click_scores AS old (click_id, clicked_at, rules, stage, score, band, ivt_class, signals)
    SELECT * FROM unnest(
        $1::text[], $2::timestamptz[], $3::text[], $4::text[],
        $5::smallint[], $6::text[], $7::text[], $8::text[]::jsonb[]
    )
    ON CONFLICT (click_id, clicked_at, rules, stage) DO UPDATE SET score = excluded.score, band = excluded.band,
        ivt_class = excluded.ivt_class, signals = excluded.signals, scored_at = clock_timestamp()
    WHERE (old.score, old.band, old.ivt_class, old.signals)
            IS DISTINCT FROM (excluded.score, excluded.band, excluded.ivt_class, excluded.signals)
        OR EXISTS (
            SELECT FROM click_scores newer
            WHERE (newer.click_id, newer.clicked_at) = (old.click_id, old.clicked_at)
                AND newer.scored_at > old.scored_at
        )
"""
"""A score that is there already stays as it is, unless it differs or other rules gave a newer one."""
ADD_VERDICT: Final = "INSERT INTO click_verdicts (click_id, clicked_at, verdict, why, who) VALUES ($1, $2, $3, $4, $5)"


class ScoredClick(msgspec.Struct, frozen=True):
    """A click by its key in the table, and a score of it."""

    click_id: str
    clicked_at: datetime
    fraud: Fraud


class ScoreWriter:
    """Writes scores over one connection. Remembers which days have a partition, so it checks each day once."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._days: set[int] = set()

    async def prepare(self, scored: Sequence[ScoredClick]) -> None:
        """Create the missing partitions, each in its own transaction. Call it outside of one."""
        for day in sorted({one.clicked_at.date() for one in scored}):
            if day.toordinal() not in self._days:
                # A day that was dropped meanwhile has no clicks left; its scores fail, and the caller reads again.
                await make_partition(self._connection, day, SCORES)
                self._days.add(day.toordinal())

    async def write(self, scored: Sequence[ScoredClick]) -> int:
        """Write scores, each once; return how many rows are new or have changed."""
        if not scored:
            return 0
        columns = [
            [one.click_id for one in scored],
            [one.clicked_at for one in scored],
            [one.fraud.rules for one in scored],
            [one.fraud.stage for one in scored],
            [one.fraud.score for one in scored],
            [one.fraud.band for one in scored],
            [one.fraud.ivt_class for one in scored],
            [write_signals(one.fraud) for one in scored],
        ]
        status = await self._connection.execute(WRITE, *columns, timeout=WRITE_S)
        return int(status.rsplit(" ", 1)[1])


def write_signals(fraud: Fraud) -> str | None:
    return msgspec.json.encode(fraud.signals).decode() if fraud.signals else None


async def add_verdict(
    connection: asyncpg.Connection, click_id: str, clicked_at: datetime, verdict: Verdict, *, why: str, who: str
) -> None:
    """Record what a person decided. Earlier verdicts stay, and the newest counts."""
    await connection.execute(ADD_VERDICT, click_id, clicked_at, verdict, why, who, timeout=WRITE_S)

"""Which dead letters there are, and what became of them: waiting, sent again, unsure, refused, or cut."""

from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import msgspec

from schemas import DeadLetter
from storage.read.letter_names import LetterName, name_letter
from storage.read.queries import QUERY_S, Reader

SEND_S: Final = 60.0
"""Timeout of a replay's statements: they may wait for a sink that is loading."""

State = Literal["waiting", "sent", "unsure", "refused", "cut"]

STATE: Final = """
    CASE WHEN r.sent_at IS NOT NULL THEN 'sent' WHEN r.refused_at IS NOT NULL THEN 'refused'
        WHEN r.attempt IS NOT NULL THEN 'unsure' WHEN l.is_cut THEN 'cut' ELSE 'waiting' END
"""
# The last attempt determines the state of a letter.
FROM: Final = """
    FROM dead_letters l LEFT JOIN LATERAL (
        SELECT attempt, begun_at, sent_at, refused_at FROM dead_letter_replays a
        WHERE (a.topic, a."partition", a."offset", a.digest) = (l.topic, l."partition", l."offset", l.digest)
        ORDER BY attempt DESC LIMIT 1
    ) r ON true
    WHERE ($1::text IS NULL OR l.reason = $1) AND ($2::text IS NULL OR l.topic = $2)
        AND ($3::timestamptz IS NULL OR l.failed_at >= $3) AND ($4::timestamptz IS NULL OR l.failed_at < $4)
        AND ($5::text IS NULL OR l.stage = $5) AND ($6::int IS NULL OR l."partition" = $6)
        AND ($7::bigint IS NULL OR l."offset" = $7) AND ($8::text IS NULL OR l.digest LIKE $8 || '%')
"""
LIST: Final = f"""
    SELECT l.topic, l."partition", l."offset", l.digest, l.failed_at, l.stage, l.reason, l.detail, l.size,
        {STATE} AS state
    {FROM} ORDER BY l.failed_at DESC, l.topic, l."partition", l."offset", l.digest LIMIT $9
"""
COUNT: Final = f"SELECT {STATE} AS state, count(*) {FROM} GROUP BY 1"
ATTEMPTS: Final = """
    SELECT begun_at, sent_at, refused_at FROM dead_letter_replays
    WHERE topic = $1 AND "partition" = $2 AND "offset" = $3 AND digest = $4 ORDER BY attempt
"""


class LetterFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters; None means any. `since` (inclusive) and `until` (exclusive) are aware times of the failure.

    One letter has a topic, a partition, an offset and a digest, or its first characters.
    """

    reason: str | None = None
    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    stage: str | None = None
    partition: int | None = None
    offset: int | None = None
    digest: str | None = None

    def values(self) -> tuple[Any, ...]:
        times = self.since, self.until
        return self.reason, self.topic, *times, self.stage, self.partition, self.offset, self.digest


class LetterSummary(msgspec.Struct, frozen=True):
    """A dead letter without its bytes; `size` is that of the original value, in bytes."""

    topic: str
    partition: int
    offset: int
    digest: str
    failed_at: datetime
    stage: str
    reason: str
    detail: str
    size: int
    state: State


class LetterCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The number of letters by state. A cut letter is incomplete and never sent again."""

    waiting: int = 0
    sent: int = 0
    unsure: int = 0
    refused: int = 0
    cut: int = 0

    def sendable(self, *, again: bool) -> int:
        """Return how many letters a replay would send; `again` includes the unsure ones."""
        return self.waiting + self.refused + (self.unsure if again else 0)


class Attempt(msgspec.Struct, frozen=True):
    """One attempt to send a letter. The outcome is unknown while `sent_at` and `refused_at` are both None."""

    begun_at: datetime
    sent_at: datetime | None
    refused_at: datetime | None


async def list_letters(connection: asyncpg.Connection, filters: LetterFilters, limit: int) -> list[LetterSummary]:
    """Return letters, the newest first."""
    rows = await connection.fetch(LIST, *filters.values(), limit, timeout=QUERY_S)
    return [LetterSummary(*row) for row in rows]


async def count_letters(connection: asyncpg.Connection, filters: LetterFilters) -> LetterCounts:
    return LetterCounts(**dict(await connection.fetch(COUNT, *filters.values(), timeout=SEND_S)))


async def list_attempts(connection: Reader, letter: DeadLetter) -> list[Attempt]:
    """Return the attempts to send one letter, the oldest first."""
    identity = (letter.topic, letter.partition, letter.offset, letter.digest)
    return [Attempt(*row) for row in await connection.fetch(ATTEMPTS, *identity, timeout=QUERY_S)]


def name_summary(letter: LetterSummary) -> LetterName:
    """Return the name by which `clickrail dead show` finds a letter."""
    return name_letter(letter.topic, letter.partition, letter.offset, letter.digest)

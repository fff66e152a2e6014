"""Dead letters sent again: their original bytes, under their original key, to the topic they were read from.

What is sent is noted before it is sent (`begun_at`) and when Kafka has it (`sent_at`), in `dead_letter_replays`. So no
letter is sent twice, whoever sends at the same time. Where a replay was interrupted between the two, nobody can say
whether Kafka has the record: such letters are counted as `unsure`, and are sent again only on demand. Sent twice, a
record does no harm to the tables; another reader of the topic may see it twice, as it may see any record.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import asyncpg
import msgspec

from runtime.producer import OutRecord
from schemas import CLICKS_ENRICHED, CLICKS_REJECTED, DeadLetter, EnrichedClick, RejectedClick, decode
from schemas.headers import Headers, enriched_headers, rejected_headers
from sink.queries import QUERY_S

PAGE: Final = 500
SEND_S: Final = 60.0
"""For a statement of a replay: it may wait for a sink that loads."""

State = Literal["waiting", "sent", "unsure", "cut"]

STATE: Final = """
    CASE WHEN r.sent_at IS NOT NULL THEN 'sent' WHEN r.begun_at IS NOT NULL THEN 'unsure'
        WHEN l.is_cut THEN 'cut' ELSE 'waiting' END
"""
FROM: Final = """
    FROM dead_letters l LEFT JOIN dead_letter_replays r USING (topic, "partition", "offset", digest)
    WHERE ($1::text IS NULL OR l.reason = $1) AND ($2::text IS NULL OR l.topic = $2)
        AND ($3::timestamptz IS NULL OR l.failed_at >= $3) AND ($4::timestamptz IS NULL OR l.failed_at < $4)
"""
LIST: Final = f"""
    SELECT l.topic, l."partition", l."offset", l.digest, l.failed_at, l.stage, l.reason, l.detail, l.size,
        {STATE} AS state
    {FROM} ORDER BY l.failed_at DESC, l.topic, l."partition", l."offset", l.digest LIMIT $5
"""
COUNT: Final = f"SELECT {STATE} AS state, count(*) {FROM} GROUP BY 1"
# Whoever notes a letter first sends it.
BEGIN: Final = f"""
    WITH chosen AS (
        SELECT l.topic, l."partition", l."offset", l.digest, l.key, l.value
        {FROM} AND NOT l.is_cut AND r.begun_at IS NULL AND l.topic = ANY ($6::text[])
        ORDER BY l.failed_at, l.topic, l."partition", l."offset", l.digest LIMIT $5
    ), begun AS (
        INSERT INTO dead_letter_replays (topic, "partition", "offset", digest)
        SELECT topic, "partition", "offset", digest FROM chosen ON CONFLICT DO NOTHING
        RETURNING topic, "partition", "offset", digest
    )
    SELECT * FROM chosen JOIN begun USING (topic, "partition", "offset", digest)
"""  # noqa: S608 - parts of our own
NOTE_SENT: Final = """
    UPDATE dead_letter_replays r SET sent_at = clock_timestamp()
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[]) AS s (topic, part, place, digest)
    WHERE (r.topic, r."partition", r."offset", r.digest) = (s.topic, s.part, s.place, s.digest)
"""
FORGET_UNSURE: Final = f"""
    DELETE FROM dead_letter_replays d USING (
        SELECT l.topic, l."partition", l."offset", l.digest {FROM} AND r.begun_at IS NOT NULL AND r.sent_at IS NULL
    ) AS u WHERE (d.topic, d."partition", d."offset", d.digest) = (u.topic, u."partition", u."offset", u.digest)
"""  # noqa: S608 - parts of our own


class LetterFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters; null means any. `since` is included, `until` is not; both are aware, and of the failure."""

    reason: str | None = None
    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self) -> tuple[Any, ...]:
        return self.reason, self.topic, self.since, self.until


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
    """How many letters there are by what has become of them. A cut one is not whole, and is never sent again."""

    waiting: int = 0
    sent: int = 0
    unsure: int = 0
    cut: int = 0


class Delivers(Protocol):
    """What delivers records, as RecordProducer does."""

    async def deliver(self, records: Sequence[OutRecord], /) -> None: ...


async def list_letters(connection: asyncpg.Connection, filters: LetterFilters, limit: int) -> list[LetterSummary]:
    """Give the newest letters first."""
    rows = await connection.fetch(LIST, *filters.values(), limit, timeout=QUERY_S)
    return [LetterSummary(*row) for row in rows]


async def count_letters(connection: asyncpg.Connection, filters: LetterFilters) -> LetterCounts:
    return LetterCounts(**dict(await connection.fetch(COUNT, *filters.values(), timeout=SEND_S)))


async def replay(
    connection: asyncpg.Connection,
    producer: Delivers,
    filters: LetterFilters,
    topics: Sequence[str],
    *,
    again: bool = False,
) -> int:
    """Send the letters that wait again, the oldest first; give how many. `again` sends the unsure ones, too.

    Only what was read from `topics`: a letter says itself where it was read, and that decides where it is written.
    Raises DeliveryFailed: before anything is noted when Kafka is away; when it does not take a page of letters, these
    are unsure from then on.
    """
    # Delivers nothing, and so tells whether Kafka can be reached at all.
    await producer.deliver([])
    if again:
        await connection.execute(FORGET_UNSURE, *filters.values(), timeout=SEND_S)
    sent = 0
    while rows := await connection.fetch(BEGIN, *filters.values(), PAGE, list(topics), timeout=SEND_S):
        await producer.deliver(
            [OutRecord(row["topic"], row["key"], row["value"], headers_of(row["topic"], row["value"])) for row in rows]
        )
        identities = [(row["topic"], row["partition"], row["offset"], row["digest"]) for row in rows]
        await connection.execute(NOTE_SENT, *map(list, zip(*identities, strict=True)), timeout=SEND_S)
        sent += len(rows)
    return sent


def headers_of(topic: str, value: bytes) -> Headers:
    """Give the headers that a record of a public topic carries, as far as it can be read: a letter has kept none."""
    if topic.endswith(CLICKS_ENRICHED.name):
        click = decode(EnrichedClick, value)
        return enriched_headers(click) if isinstance(click, EnrichedClick) else []
    if topic.endswith(CLICKS_REJECTED.name):
        rejection = decode(RejectedClick, value)
        return rejected_headers(rejection) if isinstance(rejection, RejectedClick) else []
    return []


def describe_counts(counts: LetterCounts) -> str:
    """Say the counts in one line."""
    parts = [f"{counts.waiting:,} waiting", f"{counts.sent:,} sent again"]
    parts += [f"{counts.unsure:,} unsure (a replay was interrupted; --again sends them)"] if counts.unsure else []
    parts += [f"{counts.cut:,} cut (not whole, never sent again)"] if counts.cut else []
    return ", ".join(parts)


def name_of(letter: LetterSummary | DeadLetter) -> str:
    """Give the name by which `clickrail dead show` finds a letter."""
    return f"{letter.topic}/{letter.partition}/{letter.offset}"

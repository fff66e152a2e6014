"""Dead letters sent again: their original bytes, under their original key, to the topic they were read from.

What is sent is noted before it is sent (`begun_at`) and when Kafka has it (`sent_at`), in `dead_letter_replays`. So no
letter is sent twice, whoever sends at the same time. Where a replay was interrupted between the two, nobody can say
whether Kafka has the record: such letters are counted as `unsure`, and are sent again only on demand. Sent twice, a
record does no harm to the tables; another reader of the topic may see it twice, as it may see any record. Each sending
is an attempt with a note of its own, and all notes are kept.

A letter larger than its topic takes is `refused`: Kafka does not have it, the others are sent, and the next replay
tries it once more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import asyncpg
import msgspec

from runtime.errors import RecordTooLarge
from runtime.kafka.producer import OutRecord
from schemas import CLICKS_ENRICHED, CLICKS_REJECTED, DeadLetter, EnrichedClick, RejectedClick, decode
from schemas.headers import Headers, enriched_headers, rejected_headers
from storage.read.letter_names import LetterName, name_letter
from storage.read.queries import QUERY_S, Reader

PAGE: Final = 500
SEND_S: Final = 60.0
"""For a statement of a replay: it may wait for a sink that loads."""

State = Literal["waiting", "sent", "unsure", "refused", "cut"]

STATE: Final = """
    CASE WHEN r.sent_at IS NOT NULL THEN 'sent' WHEN r.refused_at IS NOT NULL THEN 'refused'
        WHEN r.attempt IS NOT NULL THEN 'unsure' WHEN l.is_cut THEN 'cut' ELSE 'waiting' END
"""
# Of its attempts the last one says what has become of a letter.
FROM: Final = """
    FROM dead_letters l LEFT JOIN LATERAL (
        SELECT attempt, begun_at, sent_at, refused_at FROM dead_letter_replays a
        WHERE (a.topic, a."partition", a."offset", a.digest) = (l.topic, l."partition", l."offset", l.digest)
        ORDER BY attempt DESC LIMIT 1
    ) r ON true
    WHERE ($1::text IS NULL OR l.reason = $1) AND ($2::text IS NULL OR l.topic = $2)
        AND ($3::timestamptz IS NULL OR l.failed_at >= $3) AND ($4::timestamptz IS NULL OR l.failed_at < $4)
"""
LIST: Final = f"""
    SELECT l.topic, l."partition", l."offset", l.digest, l.failed_at, l.stage, l.reason, l.detail, l.size,
        {STATE} AS state
    {FROM} ORDER BY l.failed_at DESC, l.topic, l."partition", l."offset", l.digest LIMIT $5
"""
COUNT: Final = f"SELECT {STATE} AS state, count(*) {FROM} GROUP BY 1"
# Whoever notes an attempt first sends it. $7 is when this replay began, so that it tries each letter once; $8: whether
# the unsure ones are sent, too.
BEGIN: Final = f"""
    WITH chosen AS (
        SELECT l.topic, l."partition", l."offset", l.digest, l.key, l.value, coalesce(r.attempt, 0) + 1 AS attempt
        {FROM} AND NOT l.is_cut AND l.topic = ANY ($6::text[]) AND (
            r.attempt IS NULL OR r.begun_at < $7 AND r.sent_at IS NULL AND (r.refused_at IS NOT NULL OR $8::boolean)
        )
        ORDER BY l.failed_at, l.topic, l."partition", l."offset", l.digest LIMIT $5
    ), begun AS (
        INSERT INTO dead_letter_replays (topic, "partition", "offset", digest, attempt)
        SELECT topic, "partition", "offset", digest, attempt FROM chosen ON CONFLICT DO NOTHING
        RETURNING topic, "partition", "offset", digest, attempt
    )
    SELECT * FROM chosen JOIN begun USING (topic, "partition", "offset", digest, attempt)
"""  # noqa: S608 - parts of our own
NOTE: Final = """
    UPDATE dead_letter_replays r
    SET sent_at = CASE WHEN s.refused THEN NULL ELSE clock_timestamp() END,
        refused_at = CASE WHEN s.refused THEN clock_timestamp() END
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::int[], $6::boolean[])
        AS s (topic, part, place, digest, attempt, refused)
    WHERE (r.topic, r."partition", r."offset", r.digest, r.attempt) = (s.topic, s.part, s.place, s.digest, s.attempt)
"""
ATTEMPTS: Final = """
    SELECT begun_at, sent_at, refused_at FROM dead_letter_replays
    WHERE topic = $1 AND "partition" = $2 AND "offset" = $3 AND digest = $4 ORDER BY attempt
"""


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
    refused: int = 0
    cut: int = 0

    def sendable(self, *, again: bool) -> int:
        """Give how many a replay would send, with the unsure ones where they are asked for."""
        return self.waiting + self.refused + (self.unsure if again else 0)


class Attempt(msgspec.Struct, frozen=True):
    """One sending of a letter: nobody knows what came of it while neither `sent_at` nor `refused_at` is there."""

    begun_at: datetime
    sent_at: datetime | None
    refused_at: datetime | None


class ReplayResult(msgspec.Struct, frozen=True):
    """What a replay did: how many letters it sent, and which ones are larger than their topic takes."""

    sent: int
    refused: tuple[LetterName, ...] = ()


class RecordDeliverer(Protocol):
    """What delivers records, as RecordProducer does."""

    async def deliver(self, records: Sequence[OutRecord], /) -> None: ...


async def list_letters(connection: asyncpg.Connection, filters: LetterFilters, limit: int) -> list[LetterSummary]:
    """Give the newest letters first."""
    rows = await connection.fetch(LIST, *filters.values(), limit, timeout=QUERY_S)
    return [LetterSummary(*row) for row in rows]


async def count_letters(connection: asyncpg.Connection, filters: LetterFilters) -> LetterCounts:
    return LetterCounts(**dict(await connection.fetch(COUNT, *filters.values(), timeout=SEND_S)))


async def list_attempts(connection: Reader, letter: DeadLetter) -> list[Attempt]:
    """Give the sendings of one letter, first to last."""
    identity = (letter.topic, letter.partition, letter.offset, letter.digest)
    return [Attempt(*row) for row in await connection.fetch(ATTEMPTS, *identity, timeout=QUERY_S)]


async def replay(
    connection: asyncpg.Connection,
    producer: RecordDeliverer,
    filters: LetterFilters,
    topics: Sequence[str],
    *,
    again: bool = False,
) -> ReplayResult:
    """Send the letters that wait again, the oldest first. `again` sends the unsure ones, too.

    Only what was read from `topics`: a letter says itself where it was read, and that decides where it is written.
    Raises DeliveryFailed: before anything is noted when Kafka is away; when it does not take a page of letters, these
    are unsure from then on.
    """
    # Delivers nothing, and so tells whether Kafka can be reached at all.
    await producer.deliver([])
    began_at = await connection.fetchval("SELECT clock_timestamp()", timeout=QUERY_S)
    sent, refused = 0, []
    limits = (PAGE, list(topics), began_at, again)
    while rows := await connection.fetch(BEGIN, *filters.values(), *limits, timeout=SEND_S):
        places = await send_page(producer, rows)
        identities = [
            (row["topic"], row["partition"], row["offset"], row["digest"], row["attempt"], place in places)
            for place, row in enumerate(rows)
        ]
        await connection.execute(NOTE, *map(list, zip(*identities, strict=True)), timeout=SEND_S)
        refused += [name_letter(*identity[:4]) for identity in identities if identity[-1]]
        sent += len(rows) - len(places)
    return ReplayResult(sent, tuple(refused))


async def send_page(producer: RecordDeliverer, rows: Sequence[Any]) -> frozenset[int]:
    """Send letters; give the places of those that are larger than their topic takes. Raises DeliveryFailed."""
    try:
        await producer.deliver(
            [OutRecord(row["topic"], row["key"], row["value"], headers_of(row["topic"], row["value"])) for row in rows]
        )
    except RecordTooLarge as error:
        return frozenset(error.indexes)
    return frozenset()


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
    parts += [f"{counts.refused:,} refused (larger than their topic takes)"] if counts.refused else []
    parts += [f"{counts.cut:,} cut (not whole, never sent again)"] if counts.cut else []
    return ", ".join(parts)


def describe_attempt(attempt: Attempt) -> str:
    """Say in one line when a letter was sent, and what came of it."""
    if attempt.sent_at is not None:
        return f"{attempt.sent_at:%Y-%m-%d %H:%M:%SZ} sent"
    if attempt.refused_at is not None:
        return f"{attempt.refused_at:%Y-%m-%d %H:%M:%SZ} refused: larger than its topic takes"
    return f"{attempt.begun_at:%Y-%m-%d %H:%M:%SZ} unsure: interrupted"


def name_summary(letter: LetterSummary) -> LetterName:
    """Give the name by which `clickrail dead show` finds a letter."""
    return name_letter(letter.topic, letter.partition, letter.offset, letter.digest)

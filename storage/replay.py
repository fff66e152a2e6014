"""Replay of dead letters: send their original bytes, with their original key, to the topic they were read from.

Each attempt has a row in `dead_letter_replays`, written before the record is sent (`begun_at`) and updated when Kafka
has it (`sent_at`). So concurrent replays never send a letter twice. If a replay stops between the two, it is unknown
whether Kafka has the record: such letters are `unsure` and are sent again only on demand. A record that is sent twice
is stored once; other readers of the topic may see it twice, as any record. All attempts are kept.

A letter that its topic refuses, mostly as too large, is `refused`: the other letters are sent, and
the next replay tries it again.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from runtime.errors import RecordRefused
from runtime.kafka.out_record import DeliversRecords, OutRecord
from schemas import CLICKS_ENRICHED, CLICKS_REJECTED, EnrichedClick, RejectedClick, decode
from schemas.headers import Headers, enriched_headers, rejected_headers
from storage.letter_states import FROM, SEND_S, LetterFilters
from storage.read.letter_names import LetterName, name_letter
from storage.read.queries import QUERY_S

PAGE: Final = 500

# The replay that inserts an attempt sends it. $11 is the start of this replay, so that it tries each letter once;
# $12 tells whether to send unsure letters, too.
BEGIN: Final = f"""
    WITH chosen AS (
        SELECT l.topic, l."partition", l."offset", l.digest, l.key, l.value, coalesce(r.attempt, 0) + 1 AS attempt
        {FROM} AND NOT l.is_cut AND l.topic = ANY ($10::text[]) AND (
            r.attempt IS NULL OR r.begun_at < $11 AND r.sent_at IS NULL AND (r.refused_at IS NOT NULL OR $12::boolean)
        )
        ORDER BY l.failed_at, l.topic, l."partition", l."offset", l.digest LIMIT $9
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


class ReplayResult(msgspec.Struct, frozen=True):
    """The result of a replay: how many letters it sent, and which ones Kafka refuses."""

    sent: int
    refused: tuple[LetterName, ...] = ()


Proceed = Callable[[int], Awaitable[None]]


async def go_on(_: int) -> None:
    """Replay to the end."""


async def replay(
    connection: asyncpg.Connection,
    producer: DeliversRecords,
    filters: LetterFilters,
    topics: Sequence[str],
    *,
    again: bool = False,
    proceed: Proceed = go_on,
) -> ReplayResult:
    """Send the waiting letters again, the oldest first; `again` includes the unsure ones.

    Only letters read from `topics` are sent: a letter is written to the topic it names. `proceed` gets the number sent
    after each page, and may raise to end the replay there. Raises DeliveryFailed: before
    any attempt is recorded when Kafka is away; later, the letters of a page that fails become unsure.
    """
    # An empty delivery checks whether Kafka can be reached.
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
        await proceed(sent)
    return ReplayResult(sent, tuple(refused))


async def send_page(producer: DeliversRecords, rows: Sequence[Any]) -> frozenset[int]:
    """Send letters; return the indexes of those that Kafka refuses. Raises DeliveryFailed."""
    try:
        await producer.deliver(
            [OutRecord(row["topic"], row["key"], row["value"], headers_of(row["topic"], row["value"])) for row in rows]
        )
    except RecordRefused as error:
        return frozenset(error.reasons)
    return frozenset()


def headers_of(topic: str, value: bytes) -> Headers:
    """Rebuild the headers of a public topic's record, if it can be decoded: a letter does not keep them."""
    if topic.endswith(CLICKS_ENRICHED.name):
        click = decode(EnrichedClick, value)
        return enriched_headers(click) if isinstance(click, EnrichedClick) else []
    if topic.endswith(CLICKS_REJECTED.name):
        rejection = decode(RejectedClick, value)
        return rejected_headers(rejection) if isinstance(rejection, RejectedClick) else []
    return []

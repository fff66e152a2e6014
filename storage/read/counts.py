"""Counts: clicks per minute, totals, rejections by reason, top codes and countries.

Nothing here writes. Each statement is cancelled after QUERY_S seconds, at the server too. Clicks of bots are counted
separately from those of people; tests, recorded prefetches and app fetches are in neither.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.large import ask_anyway
from storage.read.asking.plan import TooLarge
from storage.read.asking.question import Question, Range
from storage.read.queries import IS_VISIT, QUERY_S, Connection, Reader

COUNT_REJECTED: Final = f"""
    SELECT (SELECT count(*) FROM rejected_clicks WHERE rejected_at >= $1 AND rejected_at < $2 AND {IS_VISIT}),
        (SELECT count(*) FROM dead_letters WHERE failed_at >= $1 AND failed_at < $2)
"""  # noqa: S608 - fixed texts


class MinuteCount(msgspec.Struct, frozen=True):
    """The counts of the minute that begins at `minute` (UTC)."""

    minute: datetime
    people: int
    bots: int
    rejected: int


class Totals(msgspec.Struct, frozen=True):
    """Accepted clicks of people and of bots, rejections and dead letters.

    Of the people's clicks, `unique` and `repeats` were judged, by the verdict that counts. Beside them are app fetches
    and prefetches.
    """

    people: int
    bots: int
    rejected: int
    dead_letters: int
    unique: int = 0
    repeats: int = 0
    app_fetches: int = 0
    prefetches: int = 0

    @property
    def not_judged(self) -> int:
        """The people's clicks of which nobody knows whether they are unique."""
        return self.people - self.unique - self.repeats


class Share(msgspec.Struct, frozen=True):
    """The number of people's clicks with this value; `name` is None when it is unknown."""

    name: str | None
    count: int


class ReasonCount(msgspec.Struct, frozen=True):
    """How often a reason occurred, in all and by UTC hour, and the time and id of the latest rejection."""

    reason: str
    count: int
    latest_at: datetime
    latest_id: str = ""
    hours: Mapping[datetime, int] = MappingProxyType({})


async def newest_click_at(reader: Reader) -> datetime | None:
    """Return the time of the newest click, tests included: it shows that clicks reach the table."""
    newest: datetime | None = await reader.fetchval(
        "SELECT clicked_at FROM clicks ORDER BY clicked_at DESC LIMIT 1", timeout=QUERY_S
    )
    return newest


async def clicks_per_minute(connection: Connection, since: datetime, until: datetime) -> list[MinuteCount]:
    """Count clicks and rejections of a range by UTC minute, oldest first. Empty minutes are left out."""
    question = Question(range=Range(since, until), measures=("people", "bots"), by=("minute",))
    clicks: dict[Any, tuple[int, ...]] = {
        group.keys[0]: group.counts for group in (await count(connection, question)).groups
    }
    rows = await connection.fetch(
        "SELECT date_trunc('minute', rejected_at, 'UTC'), count(*) FROM rejected_clicks"  # noqa: S608 - fixed texts
        f" WHERE rejected_at >= $1 AND rejected_at < $2 AND {IS_VISIT} GROUP BY 1",
        since,
        until,
        timeout=QUERY_S,
    )
    rejected: dict[Any, int] = dict(map(tuple, rows))
    counted = []
    for minute in sorted({*clicks, *rejected}):
        people, bots = clicks.get(minute, (0, 0))
        counted.append(MinuteCount(minute, people, bots, rejected.get(minute, 0)))
    return [one for one in counted if one.people or one.bots or one.rejected]


async def count_totals(connection: Connection, since: datetime, until: datetime) -> Totals:
    """Count the clicks, rejections and dead letters of a range."""
    measures = ("people", "bots", "uniques", "repeats", "app_fetches", "prefetches")
    people, bots, *others = (await count(connection, Question(range=Range(since, until), measures=measures))).totals
    rejected, letters = await connection.fetchrow(COUNT_REJECTED, since, until, timeout=QUERY_S)
    return Totals(people, bots, rejected, letters, *others)


async def top_codes(connection: Connection, since: datetime, until: datetime, limit: int) -> list[Share]:
    return await read_shares(connection, Question(range=Range(since, until), by=("code",), limit=limit))


async def top_countries(connection: Connection, since: datetime, until: datetime, limit: int) -> list[Share]:
    return await read_shares(connection, Question(range=Range(since, until), by=("country",), limit=limit))


async def read_shares(connection: Connection, question: Question) -> list[Share]:
    answer = await count(connection, question)
    return [Share(str(group.keys[0]) or None, group.counts[0]) for group in answer.groups]


async def count(connection: Connection, question: Question) -> Answer:
    """Answer a question about a recent range, even if it reads more than a page may: its result is cached.

    Raises LookupError if there is no answer, and asyncpg's errors.
    """
    now = datetime.now(UTC)
    answer = await ask(connection, question, now)
    if isinstance(answer, TooLarge):
        answer = await ask_anyway(connection, question, now, QUERY_S)
    if isinstance(answer, Answer):
        return answer
    raise LookupError(str(answer))


async def rejections_by_reason(reader: Reader, since: datetime, until: datetime | None = None) -> list[ReasonCount]:
    """Count rejections from `since` until before `until` by reason, the most frequent first."""
    # `$2 IS NULL OR ...` could not use the index.
    before, values = ("", (since,)) if until is None else ("AND rejected_at < $2", (since, until))
    rows = await reader.fetch(
        "SELECT reason, date_trunc('hour', rejected_at, 'UTC'), count(*), max(rejected_at),"  # noqa: S608 - fixed texts
        f' max(rejection_id COLLATE "C") FROM rejected_clicks WHERE rejected_at >= $1 {before} GROUP BY 1, 2',
        *values,
        timeout=QUERY_S,
    )
    counts = (ReasonCount(reason, count, at, ulid, {hour: count}) for reason, hour, count, at, ulid in rows)
    return sorted(add_reason_counts(counts), key=lambda one: (-one.count, one.reason))


def add_reason_counts(counts: Iterable[ReasonCount]) -> list[ReasonCount]:
    """Add up the counts of each reason."""
    total: dict[str, ReasonCount] = {}
    for one in counts:
        other = total.get(one.reason, ReasonCount(one.reason, 0, one.latest_at))
        hours = {hour: one.hours.get(hour, 0) + other.hours.get(hour, 0) for hour in (*other.hours, *one.hours)}
        total[one.reason] = ReasonCount(
            one.reason,
            one.count + other.count,
            max(one.latest_at, other.latest_at),
            max(one.latest_id, other.latest_id),
            hours,
        )
    return list(total.values())

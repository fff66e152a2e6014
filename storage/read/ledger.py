"""The conservation ledger, by minute: accepted = stored + dead + in flight + missing + acknowledged as lost.

Ingest numbers the clicks of each process 1, 2, 3 ...; what was accepted up to a minute is the highest number seen.
A number below it that is neither stored nor in a dead letter is in flight, and missing when nothing that old is on its
way any more. The last numbers of a process that died are not seen: nothing came after them. What people have
acknowledged as lost is not missing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from identity.ulid import RANDOM_BYTES, make_ulid
from storage.read.queries import QUERY_S, Reader

KEPT_DAYS: Final = 35
GRACE: Final = timedelta(minutes=2)
"""How old a missing number is before it counts as missing, while nothing waits in Kafka."""
WINDOW: Final = timedelta(hours=24)
"""Missing clicks of this time are told on every page."""
MOST_HOLES: Final = 500

BASED: Final = """
    SELECT n.process, n.stored, n.dead - n.stored AS dead, n.arrived,
        coalesce(a.numbers, '{}') - n.arrived AS acknowledged,
        CASE WHEN n.process < s.first_process THEN lower(n.arrived) - 1 ELSE 0 END AS base
    FROM (SELECT $4::text AS first_process) AS s, ledger_numbers n LEFT JOIN (
        SELECT process, range_agg(numbers) AS numbers FROM ledger_acknowledged GROUP BY process
    ) AS a USING (process)
"""
"""Processes that began before the ledger, or before what it keeps, are counted from the first number that arrived."""
STEPS: Final = f"""
    WITH based AS ({BASED}), recent AS (
        SELECT minute, process, highest FROM ledger_heights WHERE minute >= $1 AND minute < $2
    ), before AS (
        SELECT process, (
            SELECT max(h.highest) FROM ledger_heights h WHERE h.process = r.process AND h.minute < $1
        ) AS highest FROM (SELECT DISTINCT process FROM recent) AS r
    ), heights AS (
        SELECT r.minute, r.process, r.highest, b.highest AS highest_before, n.base, n.stored, n.dead, n.arrived,
            n.acknowledged,
            max(r.highest) OVER earlier AS earlier, max(r.minute) OVER earlier AS since
        FROM recent r JOIN before b USING (process) JOIN based n USING (process)
        WINDOW earlier AS (PARTITION BY r.process ORDER BY r.minute ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), steps AS (
        SELECT minute, process, since, stored, dead, int8multirange(int8range(
            least(greatest(earlier, highest_before, base), highest), highest, '(]'
        )) AS numbers, arrived, acknowledged FROM heights
    )
"""  # noqa: S608 - parts of our own
SIZE: Final = "(SELECT coalesce(sum(upper(part) - lower(part)), 0)::bigint FROM unnest({}) AS part)"
MINUTES: Final = f"""{STEPS}
    SELECT minute, sum({SIZE.format("numbers")})::bigint AS accepted,
        sum({SIZE.format("numbers * stored")})::bigint AS stored, sum({SIZE.format("numbers * dead")})::bigint AS dead,
        sum({SIZE.format("numbers * acknowledged")})::bigint AS acknowledged
    FROM steps WHERE $3::int IS NOT NULL GROUP BY minute ORDER BY minute DESC
"""  # noqa: S608 - parts of our own
HOLES: Final = f"""{STEPS}
    SELECT minute, process, since, lower(hole) AS first, upper(hole) - 1 AS last,
        sum(upper(hole) - lower(hole)) OVER ()::bigint AS total
    FROM steps, unnest(numbers - arrived - acknowledged) AS hole ORDER BY minute DESC, process, first LIMIT $3
"""  # noqa: S608 - parts of our own
UNNUMBERED: Final = """
    SELECT u.minute, count(*) AS letters FROM ledger_unnumbered u
    WHERE u.minute >= $1 AND u.minute < $2 AND NOT EXISTS (SELECT FROM clicks c WHERE c.click_id = u.click_id
        AND c.clicked_at >= u.minute AND c.clicked_at < u.minute + interval '1 minute')
    GROUP BY u.minute
"""
REFUSED: Final = """
    SELECT date_trunc('minute', rejected_at, 'UTC') AS minute, count(*) AS refused FROM rejected_clicks
    WHERE rejected_at >= $1 AND rejected_at < $2 GROUP BY 1
"""
COUNTED_FROM: Final = "SELECT counted_from FROM ledger_state"


class LedgerMinute(msgspec.Struct, frozen=True, kw_only=True):
    """One minute. `refused` are recorded refusals; `absent` is not accounted for: in flight, or missing."""

    minute: datetime
    accepted: int
    stored: int
    dead: int
    refused: int = 0
    acknowledged: int = 0

    @property
    def absent(self) -> int:
        return self.accepted - self.stored - self.dead - self.acknowledged

    @property
    def answered(self) -> int:
        return self.accepted + self.refused


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of a process, first and last, that have not arrived. They were given between `since` and `minute`."""

    minute: datetime
    process: str
    since: datetime | None
    first: int
    last: int

    @property
    def clicks(self) -> int:
        return self.last - self.first + 1


class HoleReport(msgspec.Struct, frozen=True):
    """What is missing: the clicks, the newest holes, and from when up to when (exclusive) the ledger was read."""

    missing: int
    holes: Sequence[Hole]
    since: datetime
    until: datetime


async def read_minutes(connection: Reader, since: datetime, until: datetime) -> list[LedgerMinute]:
    """Count the minutes from `since` to `until` (exclusive) that have clicks or refusals, the newest first."""
    values = (since, until, 0, await read_first_process(connection, until))
    rows = await connection.fetch(MINUTES, *values, timeout=QUERY_S)
    counts = {row["minute"]: (row["accepted"], row["stored"], row["dead"], row["acknowledged"]) for row in rows}
    refused = dict(await connection.fetch(REFUSED, since, until, timeout=QUERY_S))
    letters = dict(await connection.fetch(UNNUMBERED, since, until, timeout=QUERY_S))
    return [
        make_minute(minute, counts.get(minute, (0, 0, 0, 0)), refused.get(minute, 0), letters.get(minute, 0))
        for minute in sorted({*counts, *refused}, reverse=True)
    ]


def make_minute(minute: datetime, counts: tuple[int, int, int, int], refused: int, unnumbered: int) -> LedgerMinute:
    """Add the letters without a number to the dead ones, as far as numbers are absent."""
    accepted, stored, dead, acknowledged = counts
    dead += min(unnumbered, accepted - stored - dead - acknowledged)
    return LedgerMinute(
        minute=minute, accepted=accepted, stored=stored, dead=dead, refused=refused, acknowledged=acknowledged
    )


async def read_holes(connection: Reader, now: datetime, until: datetime, most: int = MOST_HOLES) -> HoleReport:
    """Find the clicks of the last 24 hours before `until` that have not arrived: all, and `most` of the holes.

    Raises asyncpg's errors.
    """
    since = cut_to_minute(now - WINDOW)
    until = cut_to_minute(until)
    values = (since, until, most, await read_first_process(connection, now))
    rows = await connection.fetch(HOLES, *values, timeout=QUERY_S)
    letters = dict(await connection.fetch(UNNUMBERED, since, until, timeout=QUERY_S))
    missing = (rows[0]["total"] if rows else 0) - sum(letters.values())
    holes = [read_hole(row) for row in rows]
    return HoleReport(max(0, missing), holes if missing > 0 else (), since, until)


def read_hole(row: Any) -> Hole:
    names = ("minute", "process", "since", "first", "last")
    return Hole(**{name: row[name] for name in names})


async def read_first_process(connection: Reader, now: datetime) -> str:
    """Give the first id that a process may have whose numbers are all expected."""
    counted_from = await connection.fetchval(COUNTED_FROM, timeout=QUERY_S)
    start = max(counted_from, now - timedelta(days=KEPT_DAYS))
    return make_ulid(int(start.timestamp() * 1000), bytes(RANDOM_BYTES))


def cut_to_minute(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)

"""Reads what the attribution of a click needs: the click and its verdict, then the visitor's earlier clicks one by one.

An id holds its time, so each statement touches one partition.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from storage.erased import digest_id
from storage.read.attribution import (
    Attribution,
    ChainEnd,
    StoredLink,
    Unattributed,
    attribute,
    choose_quality,
    find_next,
    make_score,
    read_time,
)
from storage.read.finding import ROUNDING
from storage.read.queries import QUERY_S, Reader

FindWindow: TypeAlias = Callable[[str], Awaitable[timedelta | None]]
"""Returns the window of a program by its id; null if there is no such program."""

FIELDS: Final = "click_id, clicked_at, code, affiliate_id, program_id, is_test, previous_click_id"
BY_ID: Final = "click_id = $1 AND clicked_at BETWEEN $2 AND $3"
READ_LINK: Final = f"SELECT {FIELDS} FROM clicks WHERE {BY_ID} AND erased_at IS NULL"  # noqa: S608 - names of ours
READ_HEAD: Final = f"""
    SELECT {FIELDS}, fraud_score, fraud_band, fraud_ivt_class, settled.score, settled.band, settled.ivt_class,
        manual.verdict
    FROM clicks
    LEFT JOIN LATERAL (
        SELECT score, band, ivt_class FROM click_scores WHERE {BY_ID}
        ORDER BY scored_at DESC LIMIT 1
    ) AS settled ON true
    LEFT JOIN LATERAL (
        SELECT nullif(verdict, 'withdrawn') AS verdict FROM click_verdicts WHERE click_id = $1
        ORDER BY number DESC LIMIT 1
    ) AS manual ON true
    WHERE {BY_ID} AND erased_at IS NULL
"""  # noqa: S608 - names of ours
READ_MISSING: Final = f"""
    SELECT EXISTS (SELECT FROM clicks WHERE {BY_ID})
        OR EXISTS (SELECT FROM erased_clicks WHERE digest = $4) AS is_erased,
        EXISTS (SELECT FROM dropped_click_days WHERE day = $5) AS is_dropped
"""  # noqa: S608 - names of ours


async def find_attribution(
    reader: Reader, click_id: str, find_window: FindWindow, at: datetime
) -> Attribution | Unattributed:
    """Find whom a click is credited to at a time. `click_id` is a ULID in canonical form."""
    time = read_time(click_id)
    if time is None:
        return Unattributed("unknown_click")
    row = await fetch_by_id(reader, READ_HEAD, click_id, time)
    if row is None:
        return await explain_missing(reader, click_id, time)
    head = StoredLink(*row[:7])
    quality = choose_quality(make_score(*row[7:10]), make_score(*row[10:13]), row[13])
    window = await find_window(head.program_id)
    chain, end = await read_chain(reader, head, window, at)
    return attribute(chain, end, quality, window, at)


async def explain_missing(reader: Reader, click_id: str, time: datetime) -> Unattributed:
    row = await reader.fetchrow(
        READ_MISSING, click_id, time - ROUNDING, time + ROUNDING, digest_id(click_id), time.date(), timeout=QUERY_S
    )
    if row["is_erased"]:
        return Unattributed("erased")
    return Unattributed("removed" if row["is_dropped"] else "unknown_click")


async def read_chain(
    reader: Reader, head: StoredLink, window: timedelta | None, at: datetime
) -> tuple[Sequence[StoredLink], ChainEnd]:
    """Read the visitor's clicks before `head` that are in the window, the newest first."""
    chain = [head]
    while isinstance(following := find_next(chain, window, at), datetime):
        previous = chain[-1].previous_click_id
        row = await fetch_by_id(reader, READ_LINK, str(previous), following)
        link = None if row is None else StoredLink(*row)
        if link is None or link.program_id != head.program_id:
            return chain, "missing"
        chain.append(link)
    return chain, following


async def fetch_by_id(reader: Reader, statement: str, click_id: str, time: datetime) -> Any:
    """Fetch the row of a click by a statement that takes its id and the range of its time; null if there is none."""
    return await reader.fetchrow(statement, click_id, time - ROUNDING, time + ROUNDING, timeout=QUERY_S)

"""Finds the clicks of an erasure.

A visitor's clicks are tied by their cookie (previous, lease and first click ids, both ways) and by `client_hash` with
`ip_hash`, which are equal only under the same hash key. No index serves these columns, since each would cost the sink
for every click: every day is read, once or twice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from identity.ulid import is_ulid
from identity.ulid_time import ulid_time
from schemas.clicks import NEWEST_CLICK
from storage.erasure.request import ErasureRequest, Found
from storage.erasure.saved_views import Named, find_views
from storage.retention.policy import start_of

SCAN_S: Final = 600.0
ROUNDING: Final = timedelta(milliseconds=1)
COLUMNS: Final = (
    "click_id, clicked_at, previous_click_id, lease_click_id, first_click_id, ip_hash, client_hash, erased_at"
)
BY_IDS: Final = f"""
    SELECT {COLUMNS} FROM clicks WHERE click_id = ANY($1) AND clicked_at >= $2 AND clicked_at <= $3
"""  # noqa: S608 - names of ours
BY_TIES: Final = f"""
    SELECT {COLUMNS} FROM clicks WHERE clicked_at >= $1 AND clicked_at < $2 AND (
        previous_click_id = ANY($3) OR lease_click_id = ANY($3) OR first_click_id = ANY($3)
        OR (client_hash = ANY($4) AND (client_hash, ip_hash) IN (SELECT * FROM unnest($4::text[], $5::text[])))
    )
"""  # noqa: S608 - names of ours
BY_IP_HASH: Final = """
    SELECT click_id, clicked_at FROM clicks WHERE clicked_at >= $1 AND clicked_at < $2 AND ip_hash = $3
"""
TIMES: Final = "SELECT min(clicked_at) AS first, max(clicked_at) AS last FROM clicks"
HAS_REJECTIONS: Final = "SELECT EXISTS (SELECT FROM rejected_clicks WHERE ip_hash = $1)"

Span = tuple[datetime, datetime]


async def search(connection: asyncpg.Connection, request: ErasureRequest) -> Found:
    """Find what is asked for, among the clicks of the table."""
    match request.asked:
        case "click":
            rows = await find_by_ids(connection, [request.value])
            return Found({row["click_id"]: row["clicked_at"] for row in rows}, set())
        case "visitor":
            return await VisitorSearch(connection).run(request.value)
        case "ip_hash":
            return await find_by_hash(connection, request.value)


async def find_by_ids(connection: asyncpg.Connection, ids: Sequence[str]) -> list[asyncpg.Record]:
    """Find clicks by their ids, whose times select the days."""
    times = [ulid_time(one) for one in ids]
    if not times:
        return []
    rows: list[asyncpg.Record] = await connection.fetch(
        BY_IDS, ids, min(times) - ROUNDING, max(times) + ROUNDING, timeout=SCAN_S
    )
    return rows


async def find_by_hash(connection: asyncpg.Connection, ip_hash: str) -> Found:
    found = Found({}, set())
    for since, until in await list_spans(connection):
        rows = await connection.fetch(BY_IP_HASH, since, until, ip_hash, timeout=SCAN_S)
        found.clicks.update((row["click_id"], row["clicked_at"]) for row in rows)
    is_named = bool(await find_views(connection, Named(hashes=(ip_hash,))))
    if found.clicks or is_named or await connection.fetchval(HAS_REJECTIONS, ip_hash, timeout=SCAN_S):
        found.ip_hashes.add(ip_hash)
    return found


async def list_spans(connection: asyncpg.Connection) -> list[Span]:
    """Return the days of clicks as times, oldest first: by the clicks, since a chunk may hold more than its day."""
    row = await connection.fetchrow(TIMES, timeout=SCAN_S)
    if row["first"] is None:
        return []
    first, last = row["first"].astimezone(UTC).date(), row["last"].astimezone(UTC).date()
    days = (start_of(first + timedelta(days=number)) for number in range((last - first).days + 1))
    return [(day, day + timedelta(days=1)) for day in days]


class VisitorSearch:
    """Follows what ties clicks together until no more are found."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._found = Found({}, set())
        self._named: set[str] = set()
        self._keys: set[tuple[str, str]] = set()
        self._looked_up: set[str] = set()

    async def run(self, click_id: str) -> Found:
        self._named.add(click_id)
        await self._look_up()
        if not self._found.clicks:
            return self._found
        spans, size = await list_spans(self._connection), -1
        # A click that is found late in a pass may be tied to one of a day that was read before.
        while size != self._size():
            size = self._size()
            for span in spans:
                await self._read_day(span)
        return self._found

    async def _read_day(self, span: Span) -> None:
        """Find the clicks of a day that are tied to those found; some may be tied to another of the same day."""
        size = -1
        while size != self._size():
            size = self._size()
            clients, addresses = [key[0] for key in self._keys], [key[1] for key in self._keys]
            self._add(
                await self._connection.fetch(BY_TIES, *span, list(self._named), clients, addresses, timeout=SCAN_S)
            )
            await self._look_up()

    async def _look_up(self) -> None:
        """Find the clicks that those found name, and the ones that these name."""
        while ids := [one for one in self._named - self._looked_up if is_ulid(one)]:
            self._looked_up |= self._named
            self._add(await find_by_ids(self._connection, [one for one in ids if is_plausible(one)]))

    def _add(self, rows: Sequence[asyncpg.Record]) -> None:
        for row in rows:
            if row["erased_at"] is not None:
                continue
            self._found.clicks[row["click_id"]] = row["clicked_at"]
            named = (row["click_id"], row["previous_click_id"], row["lease_click_id"], row["first_click_id"])
            self._named.update(one for one in named if one)
            if row["ip_hash"]:
                self._found.ip_hashes.add(row["ip_hash"])
                if row["client_hash"]:
                    self._keys.add((row["client_hash"], row["ip_hash"]))

    def _size(self) -> int:
        return len(self._found.clicks)


def is_plausible(click_id: str) -> bool:
    """Return whether the tables accept the time of this id."""
    try:
        ulid_time(click_id) + NEWEST_CLICK + ROUNDING
    except (ValueError, OverflowError):
        return False
    return True


async def list_days_after(connection: asyncpg.Connection, times: Sequence[datetime]) -> list[datetime]:
    """Return the days whose clicks may name clicks of these times: those after, and the one before."""
    if not times:
        return []
    earliest = min(times) - timedelta(days=2)
    return [since for since, _ in await list_spans(connection) if since >= earliest]

"""An erasure from its request to its report. Its list of clicks is in the database: an interrupted one is continued."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby
from typing import Final

import asyncpg
import msgspec

from runtime.postgres import transaction
from storage.erased import LOCK
from storage.erasure.clicks import Key, erase_clicks
from storage.erasure.plan import find_erased_before, find_letters_alone
from storage.erasure.request import ClaimedClick, ErasureReport, ErasureRequest, ForgetClaims, Found, day_of, latest
from storage.erasure.saved_views import Named, forget_views
from storage.erasure.search import list_days_after, search
from storage.erasure.traces import delete_letters, erase_rejections, forget_links
from storage.retention.personal_days import UNLIMITED

AT_ONCE: Final = 200
LOCK_TIMEOUT_S: Final = 10.0
"""How long batches of the sink are waited for; new batches wait behind."""

BEGIN: Final = "INSERT INTO erasures (asked, why, ip_hashes) VALUES ($1, $2, $3) RETURNING number"
LIST_CLICKS: Final = """
    INSERT INTO erasure_clicks (click_id, clicked_at, erasure)
    SELECT click_id, clicked_at, $3 FROM unnest($1::text[], $2::timestamptz[]) AS n (click_id, clicked_at)
    ON CONFLICT (click_id) DO NOTHING
"""
FIND_OPEN: Final = "SELECT number FROM erasures WHERE ended_at IS NULL ORDER BY number"
READ_CLICKS: Final = """
    SELECT click_id, clicked_at, is_erased FROM erasure_clicks WHERE erasure = $1 ORDER BY clicked_at, click_id
"""
MARK: Final = "UPDATE erasure_clicks SET is_erased = true WHERE click_id = ANY($1)"
NOTE: Final = """
    UPDATE erasures SET clicks = clicks + $2, scores = scores + $3, verdicts = verdicts + $4, links = links + $5,
        letters = letters + $6, rejections = rejections + $7, claims = claims + $8, copies = $9
    WHERE number = $1
"""
READ: Final = """
    SELECT ip_hashes, clicks, scores, verdicts, links, letters, rejections, claims, copies
    FROM erasures WHERE number = $1
"""
READ_COPIES: Final = "SELECT copies FROM erasures WHERE number = $1"
DELETE_LIST: Final = "DELETE FROM erasure_clicks WHERE erasure = $1"
END: Final = "UPDATE erasures SET ended_at = clock_timestamp(), ip_hashes = '{}' WHERE number = $1"

Copies = Mapping[str, datetime]
decode_copies: Final = msgspec.json.Decoder(dict[str, datetime]).decode


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction changed."""

    clicks: int = 0
    scores: int = 0
    verdicts: int = 0
    links: int = 0
    letters: int = 0
    rejections: int = 0
    claims: int = 0
    copies: Copies = {}


async def erase(
    connection: asyncpg.Connection, request: ErasureRequest, forget: ForgetClaims | None = None
) -> ErasureReport:
    """Erase what is asked for. Erasures that were interrupted are continued first; if one was this, it is reported.

    Safe to interrupt and to repeat. Must not run inside a transaction. Raises NothingFound, and asyncpg's errors.
    """
    continued = await continue_erasures(connection, forget)
    if erased_at := await find_erased_before(connection, request):
        return continued[-1] if continued else ErasureReport(erased_at=erased_at)
    found = await search(connection, request)
    if not (found.clicks or found.ip_hashes):
        if continued:
            return continued[-1]
        found = await find_letters_alone(connection, request)
    number = await begin(connection, request, found)
    return await Erasure(connection, number, forget).run()


async def continue_erasures(connection: asyncpg.Connection, forget: ForgetClaims | None = None) -> list[ErasureReport]:
    """Complete the erasures that were interrupted."""
    numbers = [row["number"] for row in await connection.fetch(FIND_OPEN)]
    return [await Erasure(connection, number, forget).run() for number in numbers]


async def begin(connection: asyncpg.Connection, request: ErasureRequest, found: Found) -> int:
    """Note what is to be erased, before anything is."""
    async with transaction(connection):
        number: int = await connection.fetchval(BEGIN, request.asked, request.why, sorted(found.ip_hashes))
        await connection.execute(LIST_CLICKS, list(found.clicks), list(found.clicks.values()), number)
    return number


class Erasure:
    """Works through the list of one erasure. Counts are added up in the database, over all its runs."""

    def __init__(self, connection: asyncpg.Connection, number: int, forget: ForgetClaims | None) -> None:
        self._connection = connection
        self._number = number
        self._forget = forget

    async def run(self) -> ErasureReport:
        rows = await self._connection.fetch(READ_CLICKS, self._number)
        keys = [(row["click_id"], row["clicked_at"]) for row in rows]
        for chunk in split([(row["click_id"], row["clicked_at"]) for row in rows if not row["is_erased"]]):
            await self._erase_clicks(chunk)
        ids = [click_id for click_id, _ in keys]
        for since in await list_days_after(self._connection, [at for _, at in keys]):
            await self._forget_links(ids, since)
        for start in range(0, len(ids), AT_ONCE):
            await self._delete_letters(ids[start : start + AT_ONCE])
        row = await self._connection.fetchrow(READ, self._number)
        while row["ip_hashes"] and await self._erase_rejections(row["ip_hashes"]):
            pass
        await self._forget_views(Named(row["ip_hashes"], set(ids)))
        return await self._end(Found(dict(keys), set()))

    async def _erase_clicks(self, keys: Sequence[Key]) -> None:
        async with self._locked():
            claimed, scores, verdicts, copies = await erase_clicks(self._connection, keys)
            claims = await self._forget(claimed) if self._forget and claimed else 0
            await self._connection.execute(MARK, [click_id for click_id, _ in keys])
            changes = Changes(clicks=len(claimed), scores=scores, verdicts=verdicts, claims=claims, copies=copies)
            await self._note(changes)

    async def _forget_links(self, ids: Sequence[str], since: datetime) -> None:
        async with transaction(self._connection):
            await self._connection.execute(UNLIMITED)
            links, clicks = await forget_links(self._connection, ids, since)
            if links:
                claims = await self._forget([name_only(one, since) for one in clicks]) if self._forget else 0
                await self._note(Changes(links=links, claims=claims))

    async def _delete_letters(self, ids: Sequence[str]) -> None:
        async with self._locked():
            letters, copies = await delete_letters(self._connection, ids)
            await self._note(Changes(letters=letters, copies=copies))

    async def _erase_rejections(self, ip_hashes: Sequence[str]) -> int:
        async with self._locked():
            rejections, copies = await erase_rejections(self._connection, ip_hashes)
            await self._note(Changes(rejections=rejections, copies=copies))
        return rejections

    async def _forget_views(self, named: Named) -> None:
        async with transaction(self._connection):
            await forget_views(self._connection, named)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Open a transaction in which nothing that was erased can be stored by others."""
        async with transaction(self._connection):
            await self._connection.execute(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}")
            await self._connection.execute(LOCK)
            await self._connection.execute(UNLIMITED)
            yield

    async def _note(self, changes: Changes) -> None:
        """Add what was changed to the record of the erasure, in the same transaction."""
        *numbers, copies = msgspec.structs.astuple(changes)
        old = decode_copies(await self._connection.fetchval(READ_COPIES, self._number))
        joined = msgspec.json.encode(latest(old, copies)).decode()
        await self._connection.execute(NOTE, self._number, *numbers, joined)

    async def _end(self, found: Found) -> ErasureReport:
        async with transaction(self._connection):
            await self._connection.execute(DELETE_LIST, self._number)
            await self._connection.execute(END, self._number)
            row = await self._connection.fetchrow(READ, self._number)
        return ErasureReport(
            days=found.count_days(),
            copies=decode_copies(row["copies"]),
            claims=row["claims"] if self._forget else None,
            **{name: row[name] for name in ("clicks", "scores", "verdicts", "links", "letters", "rejections")},
        )


def split(keys: Sequence[Key]) -> list[list[Key]]:
    """Split clicks, which are in the order of their times, into lists of one day (UTC) and `AT_ONCE` at most."""
    days = (list(group) for _, group in groupby(keys, lambda key: day_of(key[1])))
    return [day[start : start + AT_ONCE] for day in days for start in range(0, len(day), AT_ONCE)]


def name_only(click_id: str, at: datetime) -> ClaimedClick:
    """Return a click of which Redis may keep a verdict that names an erased one."""
    return ClaimedClick(click_id, at, "", None, None, 0)

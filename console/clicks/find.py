"""Finds a click or rejection with what is known of it, in the tables or among what has just arrived."""

from datetime import datetime
from typing import Final

from console.clicks.events import ClickOrRejection
from console.clicks.filters import Filters
from console.database import DatabaseAway
from console.environment import Environment
from identity.ulid_time import ulid_time
from schemas.clicks import NEWEST_CLICK
from storage.read.erasures import find_erased, find_erased_at
from storage.read.finding import find_click, find_rejection
from storage.read.queries import Connection, Reader, time_limit
from storage.read.records import StoredClick
from storage.read.scores import Verdict, find_verdict

ERASURE_S: Final = 0.5
"""An erasure locks its table while it works: a page waits this long, and shows what is not yet erased."""


async def find_event(environment: Environment, ulid: str) -> ClickOrRejection | None:
    """Find a click or rejection by its ULID, in the tables or among the recent events of the live stream.

    Null for one that was erased. Raises DatabaseAway if the tables cannot be read and the stream does not have it.
    """
    if ulid_time(ulid) > environment.now() + NEWEST_CLICK:
        # The tables accept no such time, and it could overflow the time range of the query.
        return None

    live = environment.broadcast.find(ulid)

    async def ask(reader: Reader) -> ClickOrRejection | None:
        found = await find_click(reader, ulid) or await find_rejection(reader, ulid)
        if found is not None or live is None:
            return found
        return None if await find_erased_at(reader, ulid) else live

    try:
        return await environment.database.read(ask)
    except DatabaseAway:
        if live is None:
            raise
        return live


async def forget_erased(environment: Environment, filters: Filters) -> None:
    """Make the live stream forget the events that were erased, of those that match. Raises DatabaseAway.

    Does nothing while PostgreSQL is away: nobody knows then what was erased, and the live view continues.
    """
    ids = [line.id for line in environment.broadcast.recent(filters)]

    async def ask(connection: Connection) -> frozenset[str]:
        async with time_limit(connection, ERASURE_S):
            return await find_erased(connection, ids)

    if ids and environment.database.problem is None:
        environment.broadcast.forget(await environment.database.try_to_read(ask) or ())


async def find_erasure(environment: Environment, ulid: str) -> datetime | None:
    """Find when a click was erased. None: it was not, or the tables cannot be read."""
    try:
        return await environment.database.read(lambda reader: find_erased_at(reader, ulid))
    except DatabaseAway:
        return None


async def find_click_verdict(environment: Environment, event: ClickOrRejection) -> Verdict | None:
    """Find the verdicts about a click. None: it has no row yet, or the tables cannot be read."""
    if not isinstance(event, StoredClick) or event.stored_at is None:
        return None
    click = event.click
    try:
        return await environment.database.read(lambda reader: find_verdict(reader, click.click_id, click.clicked_at))
    except DatabaseAway:
        return None

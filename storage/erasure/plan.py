"""What an erasure would change, before anything is."""

from datetime import datetime

import asyncpg

from identity.ulid import is_ulid
from identity.ulid_time import ulid_time
from storage.erasure.request import ErasureReport, ErasureRequest, Found
from storage.erasure.saved_views import Named, find_views
from storage.erasure.search import find_by_ids, list_days_after, search
from storage.erasure.traces import count_traces, find_links
from storage.read.erasures import find_erased_at


class NothingFound(Exception):  # noqa: N818 - named after the condition
    """Neither the tables nor the dead letters have what is to be erased."""


async def plan_erasure(connection: asyncpg.Connection, request: ErasureRequest) -> ErasureReport:
    """Say what an erasure would change. Raises NothingFound."""
    if erased_at := await find_erased_before(connection, request):
        return ErasureReport(erased_at=erased_at)
    found = await search(connection, request)
    ids, links = list(found.clicks) or own_id(request), 0
    for since in await list_days_after(connection, list(found.clicks.values())):
        links += len([key for key in await find_links(connection, ids, since) if key[0] not in found.clicks])
    letters, rejections = await count_traces(connection, ids, sorted(found.ip_hashes))
    views = await find_views(connection, Named(found.ip_hashes, ids))
    if not (found.clicks or letters or rejections or views):
        raise NothingFound
    return ErasureReport(
        clicks=len(found.clicks), days=found.count_days(), links=links, letters=letters, rejections=rejections
    )


async def find_erased_before(connection: asyncpg.Connection, request: ErasureRequest) -> datetime | None:
    """Return when the click was erased, asked by its old id or by the one it has now."""
    if request.asked == "ip_hash":
        return None
    rows = await find_by_ids(connection, [request.value])
    return rows[0]["erased_at"] if rows else await find_erased_at(connection, request.value)


async def find_letters_alone(connection: asyncpg.Connection, request: ErasureRequest) -> Found:
    """Return the click that only dead letters have. Raises NothingFound."""
    ids = own_id(request)
    if not ids or not (await count_traces(connection, ids, []))[0]:
        raise NothingFound
    return Found({one: ulid_time(one) for one in ids}, set())


def own_id(request: ErasureRequest) -> list[str]:
    return [request.value] if request.asked != "ip_hash" and is_ulid(request.value) else []

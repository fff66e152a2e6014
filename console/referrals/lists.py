"""`/programs`, `/affiliates` and `/codes`: searched, sorted, in pages, with the clicks of the last days."""

from typing import Any, Final

import structlog
from aiohttp import web

from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.referrals.activity import Activities, read_activity
from console.referrals.kinds import CONSEQUENCES, TONES, VERBS, KindPage
from console.referrals.list_query import PAGE_ROWS, SORTS, read_list_query
from console.web.responses import reply
from referrals.admin.search import Row, Rows, search
from storage.read.queries import Connection
from urls.links import PREFIX

log = structlog.get_logger()
HEADS: Final = {
    "id": "Id",
    "name": "Name",
    "status": "State",
    "affiliate": "Affiliate",
    "program": "Program",
    "created": "Created",
    "codes": "Codes",
}


async def show_list(page: KindPage, request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    query = read_list_query(request.query)

    async def read(connection: Any) -> Rows:
        return await search(connection, page.kind, query.wanted(page.kind))

    found = await environment.database.read(read)
    return reply(
        request,
        "referrals/list.html",
        page=page,
        query=query,
        found=found,
        first=(query.page - 1) * PAGE_ROWS + 1,
        last_page=max(1, -(-found.number // PAGE_ROWS)),
        sorts=SORTS[page.kind],
        heads=HEADS,
        tones=TONES,
        verbs=VERBS,
        consequences=CONSEQUENCES,
        said=request.query.get("said", ""),
        link=f"{(environment.settings.public_url or '').rstrip('/')}{PREFIX}",
        activity=await find_activity(environment, page, found.rows),
    )


async def find_activity(environment: Environment, page: KindPage, rows: list[Row]) -> Activities | None:
    """Read the clicks of the rows. None: they cannot be counted now; the list is shown all the same."""
    ids = [row.id for row in rows]

    async def read(connection: Connection) -> Activities | None:
        return await read_activity(connection, page.kind, ids, environment.now())

    try:
        return await environment.database.read(read)
    except DatabaseAway as error:
        log.warning("clicks of a list are not counted", error=str(error))
        return None

"""The log as a file: streamed page by page, so that no statement is longer than that of a page."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import hdrs, web

from console.audit.exports import note_export
from console.clicks.all_pages import PAGE, read_all
from console.clicks.asked import Asked, read_asked
from console.clicks.csv_file import LINES_MOST, list_titles, make_record, name_file, say_end, write_records
from console.clicks.filters import Filters
from console.clicks.log_address import rewrite_old
from console.clicks.past_clicks import PastClicks, read_past_clicks
from console.clicks.picks import Picks
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment

MOST_SEARCHES: Final = 400
"""So many searches in a row: each takes 1.5 s at most. What is older than they reach is left out, and said."""


async def download_clicks(request: web.Request) -> web.StreamResponse:
    """Send the clicks of a view as CSV, newest first, at most LINES_MOST."""
    environment: Environment = request.app[ENVIRONMENT]
    if (query := rewrite_old(request.query)) is not None:
        raise web.HTTPFound(environment.base.address("/clicks.csv") + (f"?{query}" if query else ""))
    asked = await read_asked(environment, request.query)
    if asked.problem is not None:
        raise DatabaseAway(asked.problem)
    name = name_file(Picks(asked.view).with_own(), asked.today.now)
    headers = {
        hdrs.CONTENT_TYPE: "text/csv; charset=utf-8",
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
        hdrs.CACHE_CONTROL: "no-store",
    }
    await note_export(request, name)
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        async for chunk in write_file(environment, asked):
            await response.write(chunk)
    return response


async def write_file(environment: Environment, asked: Asked) -> AsyncIterator[bytes]:
    """Write the file in pieces. Its last line says what is left out, if anything is."""
    zone = asked.today.zone

    async def read_page(filters: Filters) -> PastClicks:
        return await environment.database.read(lambda connection: read_past_clicks(connection, filters, PAGE))

    yield write_records([list_titles(zone)])
    count = 0
    try:
        async for lines, is_last_search in read_all(read_page, asked.filters, MOST_SEARCHES):
            kept = lines[: LINES_MOST - count]
            count += len(kept)
            yield write_records(make_record(line, zone) for line in kept)
            if count == LINES_MOST:
                yield say_end(f"only the newest {LINES_MOST:,} rows are here: ask for all of them as a job", zone)
                return
            if is_last_search:
                yield say_end("older clicks were not searched: ask for all of them as a job", zone)
    except DatabaseAway as error:
        yield say_end(f"the rest is missing: {error}", zone)

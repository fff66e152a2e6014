"""The page of the log: live without a range, else a list of the clicks of one."""

from typing import Final

import msgspec
from aiohttp import web

from console.clicks.asked import Asked, read_asked
from console.clicks.filterable import make_click_filterable, make_rejection_filterable
from console.clicks.filters import Filterable
from console.clicks.find import find_event, forget_erased
from console.clicks.lines import Line, merge_lines
from console.clicks.log_address import is_live, rewrite_old
from console.clicks.log_words import list_chips, write_analytics
from console.clicks.past_clicks import PastClicks, read_past_clicks
from console.clicks.picks import Picks
from console.clicks.why_missing import read_id
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.view.toolbar import Toolbar, make_toolbar
from console.view.view import write_view
from console.web.responses import reply
from storage.read.finding import find_stored
from storage.read.records import StoredClick

LINES: Final = 50
CHOICES: Final = ("outcome", "visitors", "unique", "quality")
"""The parameters that a form of the page sets."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a page, how far was looked for them, and what went wrong."""

    lines: list[Line]
    past: PastClicks
    position: str
    problem: str | None


async def show_clicks(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    if (query := rewrite_old(request.query)) is not None:
        raise web.HTTPFound(environment.base.address("/clicks") + (f"?{query}" if query else ""))
    # Read the position before the tables: events that arrive in between are streamed too, and the script skips repeats.
    position = environment.broadcast.position
    asked = await read_asked(environment, request.query)
    page = await read_page(environment, asked, position)
    picks = Picks(asked.view)
    is_full = len(page.lines) == LINES
    return reply(
        request,
        "clicks/log.html",
        page=page,
        lines=page.lines,
        view=asked.view,
        filters=asked.filters,
        is_live=asked.is_live,
        cleared=write_view(msgspec.structs.replace(asked.view, filters=(), measure="", rest=())),
        live_query=Picks(msgspec.structs.replace(asked.view, range=asked.view.usual, days=None)).with_own(around=""),
        has_range=not is_live(asked.view),
        toolbar=make_log_toolbar(asked),
        picks=picks,
        chips=list_chips(asked.view, picks),
        analytics=write_analytics(asked.view),
        older=picks.with_own(before=page.lines[-1].id) if is_full else "",
        past=None if is_full else page.past,
        further=picks.with_own(before=page.past.further),
        anchor=await find_anchor(environment, asked),
    )


def make_log_toolbar(asked: Asked) -> Toolbar:
    toolbar = make_toolbar("/clicks", asked.view, asked.ignored, asked.today, has_comparison=False)
    if not is_live(asked.view):
        return toolbar
    return msgspec.structs.replace(toolbar, title="Live", dates="and everything before")


async def read_page(environment: Environment, asked: Asked, position: str) -> Page:
    """Read the lines of a page: what is stored, and what has arrived and is not stored yet."""
    filters, problem = asked.filters, asked.problem
    past, stored = PastClicks(lines=[]), frozenset[str]()
    if problem is None:
        try:
            if not filters.before:
                await forget_erased(environment, filters)
            stored = await find_settled(environment, asked)
            past = await environment.database.read(lambda connection: read_past_clicks(connection, filters, LINES))
        except DatabaseAway as error:
            problem = str(error)
    live = [] if filters.before else environment.broadcast.recent(filters)
    unsettled = (line for line in live if line.id not in stored and past.has_reached(line))
    return Page(lines=merge_lines(past.lines, unsettled, LINES), past=past, position=position, problem=problem)


async def find_settled(environment: Environment, asked: Asked) -> frozenset[str]:
    """Find the recent clicks for which the tables decide whether they match: those whose verdict may have changed.

    Raises DatabaseAway.
    """
    filters = asked.filters
    if filters.before or not filters.needs_verdicts:
        return frozenset()
    click_ids = [line.id for line in environment.broadcast.recent(filters)]
    return await environment.database.read(lambda reader: find_stored(reader, click_ids))


async def find_anchor(environment: Environment, asked: Asked) -> Filterable | None:
    """Find the click around which the list was opened: lines of the same visitor or network are marked."""
    ulid = read_id(asked.view.get("around"))
    if ulid is None:
        return None
    try:
        event = await find_event(environment, ulid)
    except DatabaseAway:
        return None
    if event is None:
        return None
    return make_click_filterable(event) if isinstance(event, StoredClick) else make_rejection_filterable(event)

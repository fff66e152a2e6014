"""The page of annotations: a list, a form to add one, and a button to remove each."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from console.annotations.finding import find_automatic
from console.annotations.marks import list_notes, write_when
from console.annotations.table import NewAnnotation, add_annotation, list_annotations, remove_annotation
from console.audit.log import actor_of
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.view.filters import Filter, is_storable
from console.view.today import read_today
from console.view.view import View
from console.web.forms import read_form
from console.web.numbers import read_whole
from console.web.responses import reply
from storage.read.asking.question import Span
from storage.read.queries import QUERY_S, Connection

LONGEST: Final = 500
LAST: Final = 10**15
AUTOMATIC: Final = timedelta(days=28)
"""How far back the page lists what nobody wrote; charts go back as far as the tables do."""
PATH: Final = "/annotations"
FIELDS: Final = ("day", "time", "program", "text")
HAS: Final = "SELECT EXISTS (SELECT FROM programs WHERE id = $1)"
PROGRAMS: Final = "SELECT id, name FROM programs ORDER BY lower(name), id LIMIT 1000"


async def show_annotations(request: web.Request) -> web.Response:
    """Show the annotations, of one program and of all if `program` names one. `day` fills the form."""
    return await reply_page(request, {name: request.query.get(name, "") for name in FIELDS})


async def reply_page(
    request: web.Request, given: Mapping[str, str], status: int = 200, fault: str = ""
) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    chosen = request.query.get("program", "")
    chosen = chosen if is_storable(chosen) else ""

    async def read(connection: Connection) -> web.Response:
        today = await read_today(connection, environment.now())
        view = View(filters=(Filter("program", "is", (chosen,)),) if chosen else ())
        found = await list_annotations(connection, view=view)
        since = Span(today.now - AUTOMATIC, today.now)
        automatic = await find_automatic(environment, connection, view, since)
        return reply(
            request,
            "annotations/page.html",
            status,
            programs=await connection.fetch(PROGRAMS, timeout=QUERY_S),
            annotations=[(one, write_when(one.when, today.zone)) for one in found],
            notes=list_notes((), automatic, since, today.zone)[::-1],
            days=AUTOMATIC.days,
            zone=today.zone.key,
            chosen=chosen,
            given={**given, "day": given["day"] or today.now.astimezone(today.zone).date().isoformat()},
            fault=fault,
        )

    return await environment.database.read(read)


async def post_annotation(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    form = await read_form(request)
    given = {name: form.get(name, "").strip() for name in FIELDS}

    async def read(reader: Connection) -> NewAnnotation | str:
        new = read_annotation(given, (await read_today(reader, environment.now())).zone)
        if (
            isinstance(new, str)
            or new.program_id is None
            or await reader.fetchval(HAS, new.program_id, timeout=QUERY_S)
        ):
            return new
        return "There is no such program."

    new = await environment.database.read(read)
    if isinstance(new, str):
        return await reply_page(request, given, 422, new)
    actor = actor_of(request[SESSION])
    await environment.accounts.write(lambda connection: add_annotation(connection, new, actor, environment.now()))
    return go_to_page(environment)


def read_annotation(given: Mapping[str, str], zone: ZoneInfo) -> NewAnnotation | str:
    """Read a form; a text says what is wrong."""
    text, program = given["text"], given["program"] or None
    if not 1 <= len(text) <= LONGEST or not all(map(is_storable, given.values())):
        return f"Write 1 to {LONGEST} characters."
    try:
        day = date.fromisoformat(given["day"])
        clock = time.fromisoformat(given["time"]) if given["time"] else None
    except ValueError:
        return "Choose a day, and a time such as 14:30 or none."
    if not date(1970, 1, 2) <= day < date(9990, 1, 1) or (clock is not None and clock.tzinfo is not None):
        return f"Choose a day from 1970 on, and a time of {zone.key}."
    if clock is None:
        return NewAnnotation(when=day, text=text, program_id=program)
    return NewAnnotation(when=datetime.combine(day, clock, zone).astimezone(UTC), text=text, program_id=program)


async def post_removal(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    number = read_whole(request.match_info["number"], 1, LAST)
    actor = actor_of(request[SESSION])
    if number is None or not await environment.accounts.write(
        lambda connection: remove_annotation(connection, number, actor, environment.now())
    ):
        raise web.HTTPNotFound
    return go_to_page(environment)


def go_to_page(environment: Environment) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: environment.base.address(PATH)})

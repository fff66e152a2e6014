"""Request handlers of the clicks, the errors and the dead letters."""

import re
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from console.clicks.details import describe_event
from console.clicks.events import ClickOrRejection
from console.clicks.explain import explain
from console.clicks.filters import (
    Filters,
    IgnoredParameter,
    is_storable,
    list_ignored,
    read_filters,
    write_query,
)
from console.clicks.lines import make_line, make_rejection_line, merge_lines
from console.clicks.past_clicks import PastClicks, read_past_clicks
from console.clicks.quality import report_quality
from console.clicks.reason_counts import count_reasons
from console.clicks.rejection_reasons import group_reasons
from console.clicks.timing import chart_journey, chart_steps
from console.clicks.why_missing import explain_erased, explain_missing, read_id
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.web.responses import reply
from console.web.text import read_bytes
from identity.ulid_time import ulid_time
from schemas.events import NEWEST_CLICK
from schemas.reasons import REASONS, TRACES
from storage.read.erasures import find_erased_at
from storage.read.letter_names import LetterName, distinct_names
from storage.read.queries import (
    Connection,
    Reader,
    RejectionFilters,
    find_click,
    find_letters,
    find_rejection,
    find_stored,
    recent_letters,
    recent_rejections,
)
from storage.read.records import StoredClick, StoredLetter, VerdictNow
from storage.read.scores import Verdict, find_verdict

LINES: Final = 100
LATEST: Final = 20
LETTERS: Final = 50
UNFIT_FOR_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")


async def show_clicks(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    filters = read_filters(request.query)
    # Read the position before the tables: events that arrive in between are streamed too, and the script skips repeats.
    position = environment.broadcast.position
    problem = None
    stored = frozenset[str]()
    try:
        stored = await find_settled(environment, filters)
        past = await environment.database.read(lambda connection: read_past_clicks(connection, filters, LINES))
    except DatabaseAway as error:
        past, problem = PastClicks(lines=[]), str(error)
    live = [] if filters.before else environment.broadcast.recent(filters)
    unsettled = (line for line in live if line.id not in stored and past.has_reached(line))
    lines = merge_lines(past.lines, unsettled, LINES)
    is_full = len(lines) == LINES
    return reply(
        request,
        "clicks.html",
        filters=filters,
        lines=lines,
        position=position,
        problem=problem,
        older=write_query(filters, before=lines[-1].id) if is_full else "",
        past=None if is_full else past,
        further=write_query(filters, before=past.further),
        query=write_query(filters),
        ignored=list_ignored(request.query),
    )


async def find_settled(environment: Environment, filters: Filters) -> frozenset[str]:
    """Find the recent clicks for which the tables decide whether they match: those whose verdict may have changed.

    Raises DatabaseAway.
    """
    if filters.before or not filters.needs_verdicts:
        return frozenset()
    click_ids = [line.id for line in environment.broadcast.recent(filters)]
    return await environment.database.read(lambda reader: find_stored(reader, click_ids))


async def show_click(request: web.Request) -> web.Response:
    return await reply_click(request, "click.html")


async def show_click_part(request: web.Request) -> web.Response:
    return await reply_click(request, "parts/click.html")


async def reply_click(request: web.Request, template: str) -> web.Response:
    asked = request.match_info["click_id"]
    environment: Environment = request.app[ENVIRONMENT]
    ulid = read_id(asked)
    event = None if ulid is None else await find_event(environment, ulid)
    # The live stream may still have a click that was erased.
    erased_at = await find_erasure(environment, ulid) if ulid and (event is None or event.stored_at is None) else None
    if event is None or erased_at:
        missing = explain_erased(asked, erased_at) if erased_at else explain_missing(asked, environment.now())
        return reply(request, template, 404, missing=missing, event=None)
    verdict = await find_click_verdict(environment, event)
    return reply(request, template, missing=None, event=event, **make_click_context(event, verdict))


async def find_event(environment: Environment, ulid: str) -> ClickOrRejection | None:
    """Find a click or rejection by its ULID, in the tables or among the recent events of the live stream.

    Raises DatabaseAway if the tables cannot be read and the stream does not have it.
    """
    if ulid_time(ulid) > environment.now() + NEWEST_CLICK:
        # The tables accept no such time, and it could overflow the time range of the query.
        return None

    async def ask(reader: Reader) -> ClickOrRejection | None:
        return await find_click(reader, ulid) or await find_rejection(reader, ulid)

    live = environment.broadcast.find(ulid)
    try:
        return await environment.database.read(ask) or live
    except DatabaseAway:
        if live is None:
            raise
        return live


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


def make_click_context(event: ClickOrRejection, verdict: Verdict | None = None) -> dict[str, Any]:
    steps_us = event.click.handled.steps_us if isinstance(event, StoredClick) else {}
    return {
        "line": make_line(settle_event(event, verdict)),
        "decisions": explain(event, verdict),
        "quality": report_quality(event.click, verdict) if isinstance(event, StoredClick) else None,
        "steps": chart_steps(steps_us),
        "way": chart_journey(event),
        "groups": describe_event(event),
    }


def settle_event(event: ClickOrRejection, verdict: Verdict | None) -> ClickOrRejection:
    """Give a click the verdict that counts."""
    if verdict is None or not isinstance(event, StoredClick):
        return event
    return msgspec.structs.replace(event, verdict=VerdictNow(verdict.unique, verdict.newest))


async def show_errors(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    asked = request.query.get("reason", "")
    reason = REASONS.get(asked)
    ignored = [IgnoredParameter("reason", asked, "no such reason")] if asked and reason is None else []
    now = environment.now()
    filters = RejectionFilters(reason=reason.number) if reason else RejectionFilters(visits_only=True)

    async def ask(reader: Connection) -> dict[str, Any]:
        counted = await count_reasons(reader, now)
        return {
            "groups": group_reasons(counted.counts),
            "counted_since": counted.reached,
            "lines": [make_rejection_line(stored) for stored in await recent_rejections(reader, filters, LATEST)],
            "letters": await recent_letters(reader, LETTERS),
        }

    return reply(
        request, "errors.html", reason=reason, ignored=ignored, traces=TRACES, **await environment.database.read(ask)
    )


async def show_dead_letter(request: web.Request) -> web.Response:
    """Show a dead letter with all its bytes."""
    found = await find_dead_letters(request)
    stored, letter = found[0], found[0].letter
    name, *others = distinct_names([one.letter for one in found])
    key = None if letter.key is None else read_bytes(letter.key)
    return reply(
        request,
        "dead_letter.html",
        letter=letter,
        stored=stored,
        letter_name=name,
        others=others,
        value=read_bytes(letter.value),
        key=key,
    )


async def download_dead_letter(request: web.Request) -> web.Response:
    """Send the original bytes of a dead letter as a download, never as a page."""
    letter = (await find_dead_letters(request))[0].letter
    name = f"{UNFIT_FOR_A_NAME.sub('_', letter.topic)}-{letter.partition}-{letter.offset}.bin"
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    return web.Response(body=letter.value, content_type="application/octet-stream", headers=headers)


async def find_dead_letters(request: web.Request) -> list[StoredLetter]:
    """Find the dead letters of a URL, newest first, at least one. Raises HTTPNotFound, DatabaseAway."""
    topic, partition, offset, digest = (request.match_info[name] for name in ("topic", "partition", "offset", "digest"))
    if not is_storable(topic):
        raise web.HTTPNotFound
    name = LetterName(topic, int(partition), int(offset), digest.removeprefix("@"))
    found = await request.app[ENVIRONMENT].database.read(lambda reader: find_letters(reader, name))
    if not found:
        raise web.HTTPNotFound
    return found

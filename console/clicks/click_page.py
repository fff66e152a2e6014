"""The page of one click or rejection, and the same beside the list."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from console.clicks.details import describe_event
from console.clicks.events import ClickOrRejection
from console.clicks.explain import explain
from console.clicks.find import find_click_verdict, find_erasure, find_event
from console.clicks.lines import make_line
from console.clicks.log_address import LIVE, read_log
from console.clicks.picks import Picks
from console.clicks.quality import report_quality
from console.clicks.timing import chart_journey, chart_steps
from console.clicks.why_missing import explain_erased, explain_missing, read_id
from console.database import DatabaseAway
from console.environment import ENVIRONMENT, Environment
from console.view.ranges import CUSTOM
from console.view.today import read_today
from console.view.view import View, write_view
from console.web.responses import reply
from schemas import encode
from storage.read.asking.question import Range
from storage.read.records import StoredClick, VerdictNow
from storage.read.scores import Verdict

AROUND: Final = timedelta(minutes=1)


async def show_click(request: web.Request) -> web.Response:
    return await reply_click(request, "clicks/click.html")


async def show_click_part(request: web.Request) -> web.Response:
    return await reply_click(request, "clicks/click_part.html")


async def reply_click(request: web.Request, template: str) -> web.Response:
    asked = request.match_info["click_id"]
    environment: Environment = request.app[ENVIRONMENT]
    view, _ = read_log(request.query)
    picks = Picks(view)
    ulid = read_id(asked)
    event = None if ulid is None else await find_event(environment, ulid)
    # The live stream may still have a click that was erased.
    erased_at = await find_erasure(environment, ulid) if ulid and (event is None or event.stored_at is None) else None
    if event is None or erased_at:
        missing = explain_erased(asked, erased_at) if erased_at else explain_missing(asked, environment.now())
        return reply(request, template, 404, missing=missing, event=None, picks=picks)
    verdict = await find_click_verdict(environment, event)
    context = make_click_context(event, verdict)
    around = write_around(context["line"].at, context["line"].id)
    zone = await read_zone(environment)
    return reply(request, template, missing=None, event=event, picks=picks, around=around, zone=zone, **context)


async def read_zone(environment: Environment) -> ZoneInfo | None:
    """Read the reporting zone; null while the tables are away."""
    now = environment.now()
    try:
        return (await environment.database.read(lambda reader: read_today(reader, now))).zone
    except DatabaseAway:
        return None


def write_around(at: datetime, ulid: str) -> str:
    """Write the query of the log for the minute before and after a click."""
    begin, end = (at.replace(microsecond=0) + shift for shift in (-AROUND, AROUND + timedelta(seconds=1)))
    view = View(range=CUSTOM, days=Range(begin, end), rest=(("around", ulid),), usual=LIVE)
    return write_view(view)


def write_raw(event: ClickOrRejection) -> str:
    """Write the record as JSON that people can read, as the tables have it."""
    record = event.click if isinstance(event, StoredClick) else event.rejection
    return msgspec.json.format(encode(record), indent=2).decode()


def make_click_context(event: ClickOrRejection, verdict: Verdict | None = None) -> dict[str, Any]:
    steps_us = event.click.handled.steps_us if isinstance(event, StoredClick) else {}
    return {
        "line": make_line(settle_event(event, verdict)),
        "decisions": explain(event, verdict),
        "quality": report_quality(event.click, verdict) if isinstance(event, StoredClick) else None,
        "steps": chart_steps(steps_us),
        "way": chart_journey(event),
        "groups": describe_event(event),
        "raw": write_raw(event),
    }


def settle_event(event: ClickOrRejection, verdict: Verdict | None) -> ClickOrRejection:
    """Give a click the verdict that counts."""
    if verdict is None or not isinstance(event, StoredClick):
        return event
    return msgspec.structs.replace(event, verdict=VerdictNow(verdict.unique, verdict.newest))

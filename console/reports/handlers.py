"""The page of reports, and their CSV."""

import asyncio
from typing import Any, Final

from aiohttp import hdrs, web

from console.annotations.finding import find_notes
from console.annotations.marks import Note
from console.audit.exports import note_export
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.reports.columns import COLUMNS
from console.reports.csv_file import CsvReport, name_file, write_csv
from console.reports.level import choose_unit, find_series_measure
from console.reports.links import PATH, Option, ReportLinks
from console.reports.numbers import write_number
from console.reports.presets import PRESETS
from console.reports.reading import Report, explain, read_report
from console.reports.reading_all import ADVICE, read_all
from console.reports.request import SIZES, ReportRequest, read_request
from console.reports.saved import SavedViews, find_shown, list_saved
from console.reports.table import list_rows, make_totals
from console.view.ranges import Today
from console.view.today import read_today
from console.view.toolbar import make_toolbar
from console.view.view import IgnoredParameter, set_filter
from console.view.words import name_field
from console.web.responses import find_site, reply
from storage.read.asking.plan import Refusal, TooLarge
from storage.read.queries import Connection

RESETS: Final = ("page", "open")
MOST_QUIET: Final = 20


async def show_reports(request: web.Request) -> web.Response:
    """Show a report. Without a query: the reader's start page, if there is one."""
    environment: Environment = request.app[ENVIRONMENT]
    asked, ignored = read_request(request.query)
    user = request[SESSION].user

    async def read(connection: Connection) -> tuple[Report | Refusal, Today, SavedViews, list[Note]]:
        today = await read_today(connection, environment.now())
        saved = await list_saved(connection, user.id, PATH, write_query(asked))
        notes = await find_notes(environment, connection, asked.view, today)
        return await read_report(connection, asked, today), today, saved, notes

    report, today, saved, notes = await environment.database.read(read)
    start = next((one for one in saved.views if one.is_start and one.path == PATH and one.query), None)
    if start is not None and not request.query_string:
        raise web.HTTPSeeOther(environment.base.address(start.address))

    def write() -> web.Response:
        shown = describe(asked, ignored, report, today, saved)
        return reply(request, "reports/reports.html", **shown, notes=notes, site=find_site(request))

    # Hundreds of rows take a fifth of a second, in which nobody else would be answered.
    return await asyncio.to_thread(write)


def describe(
    asked: ReportRequest,
    ignored: list[IgnoredParameter],
    report: Report | Refusal,
    today: Today,
    saved: SavedViews,
) -> dict[str, Any]:
    """Give the page's template what it shows."""
    links = ReportLinks(asked)
    found = report if isinstance(report, Report) else None
    rows = list_rows(found, links) if found else []
    query = write_query(asked)
    return {
        "toolbar": make_toolbar(PATH, asked.view, ignored, today, resets=RESETS),
        "asked": asked,
        "links": links,
        "report": found,
        "refused": "" if isinstance(report, Report) else explain(report),
        "is_too_large": isinstance(report, TooLarge),
        "rows": rows,
        "totals": make_totals(found, links) if found else (),
        "number": write_number(found.level.number if found else None, is_rate=False),
        "quiet": list_quiet(found, links) if found else [],
        "last_page": -(-found.level.number // asked.size) if found else 0,
        "presets": PRESETS,
        "sizes": SIZES,
        "saved": saved,
        "shown": find_shown(saved.views, PATH, query),
        "query": query,
        "is_shared": False,
        "has_trend": any(row.sparkline for row in rows),
        "trend_how": describe_trend(found) if found else "",
        "name_field": name_field,
    }


def write_query(asked: ReportRequest) -> str:
    """Write the query by which a report is saved: without its page, and what is open in it."""
    return ReportLinks(asked).report(page="", open="").partition("?")[2]


def list_quiet(report: Report, links: ReportLinks) -> list[Option]:
    """List who had clicks in the other range and has none in this one, those with the most clicks first."""
    by = report.level.question.by[0]
    return [
        Option(one.entity, links.report(set_filter(links.view, by, "is", (one.entity,))), how=f"{one.clicks:,}")
        for one in (report.quiet or ())[:MOST_QUIET]
    ]


def describe_trend(report: Report) -> str:
    """Say what the small charts show."""
    measure = COLUMNS[find_series_measure(report.request.sort, report.request.measures)].title
    unit = choose_unit(report.level.question, report.level.answer.plan.span.length)
    return f"{measure} by {unit}"


async def download_report(request: web.Request) -> web.StreamResponse:
    """Send all rows of a report as CSV."""
    environment: Environment = request.app[ENVIRONMENT]
    asked, _ = read_request(request.query)

    async def read(connection: Connection) -> tuple[CsvReport | Refusal, Today]:
        today = await read_today(connection, environment.now())
        return await read_all(connection, asked, today), today

    report, today = await environment.database.read(read)
    if not isinstance(report, CsvReport):
        return reply(
            request,
            "reports/not_exported.html",
            422,
            words=explain(report),
            advice=ADVICE,
            query=ReportLinks(asked).report().partition("?")[2] if isinstance(report, TooLarge) else "",
        )
    name = name_file(asked, today)
    await note_export(request, name)
    return await send_csv(request, report, name)


async def send_csv(request: web.Request, report: CsvReport, name: str) -> web.StreamResponse:
    """Stream the file. Nobody may be reading any more: then it ends."""
    disposition = f'attachment; filename="{name}"'
    response = web.StreamResponse(headers={"Content-Disposition": disposition})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        for lines in write_csv(report):
            await response.write(lines)
        await response.write_eof()
    except ConnectionError:
        pass
    return response

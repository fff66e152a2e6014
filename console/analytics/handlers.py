"""Requests for the analytics page and its parts. Each part is also a page of its own."""

from typing import Any

from aiohttp import web

from console.analytics.asking import (
    OWN,
    PATH,
    Part,
    answer_part,
    count_rejected,
    has_clicks,
    read_part,
    set_rest,
    write_report,
)
from console.analytics.cards import CARDS
from console.analytics.replies import reply_part
from console.analytics.series import UNITS, Point, choose_unit, encode_series, list_units, make_series
from console.analytics.totals import MEASURES, find_before, find_clicks, make_rate, make_rejected, make_totals
from console.annotations.finding import find_notes
from console.annotations.marks import place_notes
from console.auth.sessions import SESSION
from console.environment import ENVIRONMENT, Environment
from console.reports.saved import SavedViews, find_shown, list_saved
from console.view.dates import read_days
from console.view.measures import MAIN, MEASURE_WORDS, QUALITY
from console.view.ranges import CUSTOM, Today
from console.view.today import read_today
from console.view.toolbar import make_toolbar
from console.view.toolbar_ranges import find_other
from console.view.view import read_view, write_view
from console.view.words import describe_dates
from console.web.responses import find_site, reply
from storage.read.asking.answer import Answer
from storage.read.asking.periods import Unit
from storage.read.asking.question import Span, locate
from storage.read.queries import Reader


async def show_analytics(request: web.Request) -> web.Response:
    """Show the page: its toolbar, and places for its parts, which load by themselves."""
    environment: Environment = request.app[ENVIRONMENT]
    view, ignored = read_view(request.query, OWN)
    user = request[SESSION].user

    query = write_view(view)

    async def read(reader: Reader) -> tuple[Today, SavedViews]:
        return await read_today(reader, environment.now()), await list_saved(reader, user.id, PATH, query)

    today, saved = await environment.database.read(read)
    toolbar = make_toolbar(PATH, view, ignored, today)
    view_links = [
        ("Report", f"/reports?{write_view(view, **dict.fromkeys(OWN, ''))}"),
        ("Clicks", find_clicks(view, view.measure)),
    ]
    shown = find_shown(saved.views, PATH, query)
    context = {"shown": shown, "site": find_site(request), "query": query, "cards": CARDS, "view_links": view_links}
    return reply(request, "analytics/page.html", 200, toolbar=toolbar, **context)


async def show_totals(request: web.Request) -> web.Response:
    part = await read_part(request)
    answer = await answer_part(request, part, MEASURES)
    if not isinstance(answer, Answer):
        return reply_part(request, part, "totals", refusal=answer, job=write_report(part.view, "day", MEASURES))
    environment: Environment = request.app[ENVIRONMENT]
    database, view = environment.database, part.view
    rejected = await database.read(lambda connection: count_rejected(connection, view, part.today))
    span = answer.plan.span
    over = Span(span.begin, max(span.begin, min(span.end, part.today.now)))
    main = make_totals(view, answer, part.writer, MAIN)
    is_empty = not answer.total("gross") and not rejected
    return reply_part(
        request,
        part,
        "totals",
        main=[*main, make_rejected(view, rejected), make_rate(view, answer, over)],
        quality=make_totals(view, answer, part.writer, QUALITY),
        answer=answer,
        is_empty=is_empty,
        has_any=not is_empty or await database.read(has_clicks),
        other=describe_other(part),
        has_before=find_before(answer) is not None,
    )


def describe_other(part: Part) -> str:
    """Write the dates that are compared with."""
    other = find_other(part.view, part.today)
    return "" if other is None else describe_dates(other, part.today.zone)


async def show_chart(request: web.Request) -> web.Response:
    part = await read_part(request)
    asked = part.view.find_range(part.today)
    span = locate(asked, part.today.zone)
    unit, words = choose_unit(part.view, span), MEASURE_WORDS[part.measure]
    answer = await answer_part(request, part, (part.measure,), (unit,), compare=None)
    context: dict[str, Any] = {"words": words, "unit": unit, "units": list_choices(part, span, unit)}
    if not isinstance(answer, Answer):
        job = write_report(part.view, unit, (part.measure,))
        return reply_part(request, part, "chart", refusal=answer, job=job, **context)
    other = await answer_other(request, part, unit)
    environment: Environment = request.app[ENVIRONMENT]
    notes = await environment.database.read(lambda reader: find_notes(environment, reader, part.view, part.today))
    marks = place_notes(notes, span, unit, part.today.zone)
    series = make_series(asked, unit, part.today, answer, other)
    return reply_part(
        request,
        part,
        "chart",
        series=series,
        data=encode_series(series, words.title, marks),
        marks=marks,
        other=describe_other(part) if other else "",
        total=answer.totals[0],
        addresses=[write_zoom(part, point) for point in series.points],
        **context,
    )


def write_zoom(part: Part, point: Point) -> str:
    """Write the address of the page for one period alone."""
    days = read_days(point.first, point.last)
    return (
        "" if isinstance(days, str) else part.writer.address(range=CUSTOM, days=days, rest=set_rest(part.view, unit=""))
    )


def list_choices(part: Part, span: Span, current: Unit) -> list[tuple[str, str, bool]]:
    """List the units of time that can be chosen: title, address, whether it is chosen."""
    return [
        (UNITS[unit], part.writer.address(rest=set_rest(part.view, unit=unit)), unit == current)
        for unit in list_units(span)
    ]


async def answer_other(request: web.Request, part: Part, unit: str) -> Answer | None:
    """Answer for the range to compare with, as a whole; null if there is none, or it cannot be answered."""
    other = find_other(part.view, part.today)
    if other is None:
        return None
    answer = await answer_part(request, part, (part.measure,), (unit,), compare=None, range=other)
    return answer if isinstance(answer, Answer) else None

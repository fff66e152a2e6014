"""Requests for the analytics page and its parts. Each part is also a page of its own."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from console.analytics.asking import OWN, PART, PATH, Part, answer_part, count_rejected, has_clicks, read_part
from console.analytics.breakdown import ROWS, make_breakdown
from console.analytics.cards import CARDS, MAP, TAB_TITLES, choose_measure
from console.analytics.refusals import explain_refusal
from console.analytics.series import UNITS, choose_unit, encode_series, list_units, make_series
from console.analytics.totals import MEASURES, make_rate, make_rejected, make_totals
from console.environment import ENVIRONMENT, Environment
from console.view.measures import MAIN, MEASURE_WORDS, QUALITY
from console.view.today import read_today
from console.view.toolbar import find_other, make_toolbar
from console.view.view import View, read_view, toggle_value, write_view
from console.view.words import describe_dates
from console.web.responses import reply
from storage.read.asking.answer import Answer
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Span, locate

COMPARED_ROWS: Final = {"affiliate": 18, "code": 18}
MOST_COMPARED: Final = 200
COUNTRIES: Final = 300
MINUTE: Final = timedelta(minutes=1)


async def show_analytics(request: web.Request) -> web.Response:
    """Show the page: its toolbar, and places for its parts, which load by themselves."""
    environment: Environment = request.app[ENVIRONMENT]
    view, ignored = read_view(request.query, OWN)
    today = await environment.database.read(lambda reader: read_today(reader, environment.now()))
    toolbar = make_toolbar(PATH, view, ignored, today)
    return reply(request, "analytics/page.html", toolbar=toolbar, query=write_view(view), cards=CARDS)


async def show_totals(request: web.Request) -> web.Response:
    part = await read_part(request)
    answer = await answer_part(request, part, MEASURES)
    if not isinstance(answer, Answer):
        return reply_part(request, part, "totals", refusal=answer)
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
    )


def describe_other(part: Part) -> str:
    """Write the dates that are compared with."""
    other = find_other(part.view, part.today)
    return "" if other is None else describe_dates(other, part.today.zone)


async def show_chart(request: web.Request) -> web.Response:
    part = await read_part(request)
    asked = part.view.find_range(part.today)
    span = locate(asked, part.today.zone)
    unit, measure = choose_unit(part.view, span), part.measure
    answer = await answer_part(request, part, (measure,), (unit,), compare=None)
    units = [
        (UNITS[one], part.writer.address(rest=set_rest(part.view, unit=one)), one == unit) for one in list_units(span)
    ]
    title = MEASURE_WORDS[measure].title
    if not isinstance(answer, Answer):
        return reply_part(request, part, "chart", refusal=answer, title=title, units=units)
    other = await answer_other(request, part, measure, unit)
    series = make_series(asked, unit, part.today, answer, other)
    return reply_part(
        request,
        part,
        "chart",
        title=title,
        how=MEASURE_WORDS[measure].how,
        series=series,
        data=encode_series(series, [title, describe_other(part)]),
        units=units,
        unit=unit,
        other=describe_other(part) if other else "",
        total=answer.totals[0],
        tone=MEASURE_WORDS[measure].tone,
    )


async def answer_other(request: web.Request, part: Part, measure: str, unit: str) -> Answer | None:
    """Answer for the range to compare with, as a whole; null if there is none, or it cannot be answered."""
    other = find_other(part.view, part.today)
    if other is None or part.is_large:
        return None
    answer = await answer_part(request, part, (measure,), (unit,), compare=None, range=other)
    return answer if isinstance(answer, Answer) else None


def set_rest(view: View, **changes: str) -> tuple[tuple[str, str], ...]:
    return tuple((dict(view.rest) | changes).items())


async def show_card(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    card = CARDS.get(name)
    if card is None:
        raise web.HTTPNotFound
    part = await read_part(request)
    measure = choose_measure(name, part.measure)
    tab = card.choose(part.view.get(name))
    field = "country" if tab == MAP else tab
    limit = COUNTRIES if tab == MAP else COMPARED_ROWS.get(field, MOST_COMPARED) if part.view.compare else ROWS + 1
    answer = await answer_part(request, part, (measure,), (field,), limit=limit)
    context: dict[str, Any] = {
        "card_name": name,
        "card": card,
        "tab": tab,
        "field": field,
        "tabs": list_tabs(part, name, tab),
        "title": MEASURE_WORDS[measure].title,
        "query": write_view(part.view, large=""),
    }
    if not isinstance(answer, Answer):
        return reply_part(request, part, "card", refusal=answer, **context)
    found = make_breakdown(part.view, field, measure, answer, part.writer)
    places = draw_map(part, answer) if tab == MAP else ""
    everything = f"{PATH}/all?{write_view(msgspec.structs.replace(part.view, by=(field,), measure='' if measure == 'people' else measure), **NO_PART)}"
    return reply_part(
        request, part, "card", found=found, places=places, everything=everything, answer=answer, **context
    )


NO_PART: Final = dict.fromkeys(PART, "")


def list_tabs(part: Part, name: str, current: str) -> list[tuple[str, str, str, bool]]:
    """List the tabs of a card: title, address of the page, address of the part, whether it is shown."""
    tabs = []
    for tab in CARDS[name].tabs:
        rest = set_rest(part.view, **{name: tab})
        address = part.writer.address(rest=rest)
        query = part.writer.query(rest=rest)
        tabs.append((TAB_TITLES[tab], address, f"/parts{PATH}/card/{name}?{query}", tab == current))
    return tabs


def draw_map(part: Part, answer: Answer) -> str:
    """Encode the countries of the map, with the address that each leads to, as JSON."""
    rows = {
        str(group.keys[0]): [group.counts[0], toggle_address(part, str(group.keys[0]))]
        for group in answer.groups
        if group.keys[0] and group.counts[0]
    }
    return msgspec.json.encode(rows).decode()


def toggle_address(part: Part, country: str) -> str:
    return part.writer.address(filters=toggle_value(part.view, "country", country).filters)


def reply_part(
    request: web.Request, part: Part, template: str, /, refusal: Refusal | None = None, **context: Any
) -> web.Response:
    """Answer with a part alone, or as a page of its own if it was not asked for as a part."""
    environment: Environment = request.app[ENVIRONMENT]
    path = environment.base.relative(request.path)
    is_part = path.startswith("/parts/")
    response = reply(
        request,
        f"analytics/{template}.html" if is_part else "analytics/alone.html",
        part=template,
        view=part.view,
        toolbar=None,
        whole=part.writer.address(),
        refused=None if refusal is None else explain_refusal(refusal),
        again=f"/parts{path.removeprefix('/parts')}?{write_view(part.view, large='1')}",
        is_large=part.is_large,
        **context,
    )
    response.headers[hdrs.VARY] = "HX-Request"
    return response

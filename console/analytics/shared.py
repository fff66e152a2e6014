"""What a link to analytics shows: totals and their course, and nothing that leads to a click."""

from typing import Any

import msgspec
from aiohttp import web
from multidict import MultiMapping

from console.analytics.asking import Part, answer_part, read_query
from console.analytics.refusals import explain_refusal
from console.analytics.series import choose_unit, make_series
from console.analytics.totals import find_before, make_totals
from console.annotations.finding import find_shared_notes
from console.annotations.marks import Note
from console.environment import ENVIRONMENT
from console.view.measures import MAIN, MEASURE_WORDS, QUALITY
from console.view.toolbar import make_toolbar
from storage.read.asking.answer import Answer
from storage.read.asking.question import locate


async def read_totals(request: web.Request, query: MultiMapping[str]) -> dict[str, Any]:
    """Give the template its numbers. Nobody without a login has large questions answered. Raises DatabaseAway."""
    part = msgspec.structs.replace(await read_query(request.app[ENVIRONMENT], query), is_large=False)
    toolbar = make_toolbar("/analytics", part.view, [], part.today)
    answer = await answer_part(request, part, (*MAIN, *QUALITY))
    if not isinstance(answer, Answer):
        return {"toolbar": toolbar, "refused": explain_refusal(answer)}
    return {
        "toolbar": toolbar,
        "refused": None,
        "main": make_totals(part.view, answer, part.writer, MAIN),
        "quality": make_totals(part.view, answer, part.writer, QUALITY),
        "has_before": find_before(answer) is not None,
        "words": MEASURE_WORDS[part.measure],
        "series": await read_series(request, part),
        "notes": await read_notes(request, part),
    }


async def read_notes(request: web.Request, part: Part) -> list[Note]:
    database = request.app[ENVIRONMENT].database
    return await database.read(lambda reader: find_shared_notes(reader, part.view, part.today))


async def read_series(request: web.Request, part: Part) -> Any:
    """Give the course of the measure; null if that is not answered."""
    asked = part.view.find_range(part.today)
    unit = choose_unit(part.view, locate(asked, part.today.zone))
    answer = await answer_part(request, part, (part.measure,), (unit,), compare=None)
    return make_series(asked, unit, part.today, answer, None) if isinstance(answer, Answer) else None

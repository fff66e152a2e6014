"""All values of a field: a list that can be searched, sorted and paged."""

from typing import Any, Final

import msgspec
from aiohttp import web

from console.analytics.asking import OWN, PART, PATH, Part, answer_part, write_report
from console.analytics.breakdown import has_value, split_percent
from console.analytics.changes import Delta, compare
from console.analytics.refusals import explain_refusal
from console.analytics.totals import find_before
from console.environment import ENVIRONMENT, Environment
from console.view.asked import find_values
from console.view.filters import LONGEST, Filter, is_storable
from console.view.measures import MEASURE_WORDS
from console.view.today import read_today
from console.view.toolbar import make_toolbar
from console.view.toolbar_ranges import ToolbarWriter
from console.view.view import View, read_view, toggle_value, write_view
from console.view.words import FIELD_TITLES, name_value
from console.web.responses import reply
from storage.read.asking.answer import Answer
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Problem, locate
from storage.rollups.dimensions import OTHER

ALL: Final = f"{PATH}/all"
ROWS: Final = 50
COLUMNS: Final = ("people", "uniques", "bots", "suspicious", "invalid", "gross")
USUAL: Final = "country"


class Line(msgspec.Struct, frozen=True):
    """A value with its counts; `address` adds it to the filters of the page."""

    value: str
    shown: str
    counts: tuple[int, ...]
    share: str
    address: str
    is_filtered: bool
    delta: Delta | None


async def show_everything(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    view, ignored = read_view(request.query, (*OWN, *PART))
    today = await environment.database.read(lambda reader: read_today(reader, environment.now()))
    field = next((name for name in view.by if name in FIELD_TITLES), USUAL)
    view = msgspec.structs.replace(view, by=(field,))
    part = Part(view, today, ToolbarWriter(PATH, view, PART), bool(view.get("large")))
    columns, page = list_columns(part), read_page(view)
    answer = await answer_page(request, part, field, columns, page)
    return reply(
        request,
        "analytics/all.html",
        toolbar=make_toolbar(ALL, view, ignored, today),
        view=view,
        field=field,
        field_title=FIELD_TITLES[field],
        columns=list_headings(view, columns),
        back=part.writer.address(by=(), sort=""),
        **describe_page(part, field, answer, page),
    )


def describe_page(part: Part, field: str, answer: Answer | Refusal, page: int) -> dict[str, Any]:
    """Describe the lines of a page, and the pages beside it; or why there are none."""
    view = part.view
    pages = ToolbarWriter(ALL, view, ("large",))
    shared = {
        "again": f"{ALL}?{write_view(view, large='1')}",
        "job": write_report(view, field, list_columns(part)),
        "first": (page - 1) * ROWS + 1,
        "newer": pages.address(rest=turn(view, page - 1)) if page > 1 else "",
    }
    if not isinstance(answer, Answer):
        return shared | {"answer": None, "lines": [], "refused": explain_refusal(answer), "older": ""}
    older = pages.address(rest=turn(view, page + 1)) if answer.number > page * ROWS else ""
    return shared | {"answer": answer, "lines": make_lines(part, field, answer), "refused": None, "older": older}


def list_columns(part: Part) -> tuple[str, ...]:
    """List the measures of the columns: that of the page is among them."""
    return tuple(dict.fromkeys((part.measure, *COLUMNS)))


def read_page(view: View) -> int:
    """Read the number of the page, from 1."""
    text = view.get("page")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 4 else 1  # noqa: PLR2004 - pages enough


def turn(view: View, page: int) -> tuple[tuple[str, str], ...]:
    kept = {name: value for name, value in view.rest if name != "page"}
    return tuple((kept | ({"page": str(page)} if page > 1 else {})).items())


async def answer_page(
    request: web.Request, part: Part, field: str, columns: tuple[str, ...], page: int
) -> Answer | Refusal:
    """Ask for a page of values, of those alone that contain what is searched for. Raises DatabaseAway."""
    text = part.view.get("q")[:LONGEST].strip()
    sort = part.view.sort.removeprefix("-")
    changes: dict[str, Any] = {
        "limit": ROWS,
        "offset": (page - 1) * ROWS,
        "sort": sort if sort in columns else part.measure,
    }
    if not text or not is_storable(text):
        return await answer_part(request, part, columns, (field,), **changes)
    environment: Environment = request.app[ENVIRONMENT]
    span = locate(part.view.find_range(part.today), part.today.zone)
    found = await environment.database.read(lambda reader: find_values(reader, Filter(field, "has", (text,)), span))
    if isinstance(found, Problem):
        return found
    return await answer_part(request, part, columns, (field,), more_where=(found,), **changes)


def list_headings(view: View, columns: tuple[str, ...]) -> list[tuple[str, str, str, bool]]:
    """List the columns: title, how it is counted, the address that sorts by it, whether it sorts."""
    pages = ToolbarWriter(ALL, view, ("page", "large"))
    sort = view.sort.removeprefix("-") if view.sort.removeprefix("-") in columns else columns[0]
    return [
        (MEASURE_WORDS[name].title, MEASURE_WORDS[name].how, pages.address(sort=f"-{name}"), name == sort)
        for name in columns
    ]


def make_lines(part: Part, field: str, answer: Answer) -> list[Line]:
    total, view = answer.totals[0], part.view
    before = find_before(answer)
    known = {} if before is None else {group.keys[0]: group.counts[0] for group in before.groups}
    is_whole = before is not None and before.number <= len(before.groups)
    is_good = MEASURE_WORDS[part.measure].is_good
    lines = []
    for group in answer.groups:
        value, count = str(group.keys[0]), group.counts[0]
        is_known = before is not None and (is_whole or value in known)
        lines.append(
            Line(
                value=value,
                shown=name_value(field, value),
                counts=group.counts,
                share=split_percent([count], total)[0],
                address=""
                if value == OTHER
                else part.writer.address(by=(), sort="", filters=toggle_value(view, field, value).filters),
                is_filtered=has_value(view.find_filter(field), value),
                delta=compare(count, known.get(value, 0), is_good=is_good) if is_known else None,
            )
        )
    return lines

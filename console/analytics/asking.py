"""Asks the tables what the parts of the page show."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiohttp import web
from multidict import MultiMapping

from console.analytics.totals import MOST_REJECTED, REJECTION_FIELDS
from console.environment import ENVIRONMENT, Environment
from console.view.asked import find_values, make_question
from console.view.ranges import Today
from console.view.today import read_today
from console.view.toolbar_ranges import ToolbarWriter
from console.view.view import View, read_view, write_view
from storage.read.asking.answer import Answer
from storage.read.asking.asker import ask
from storage.read.asking.plan import Refusal
from storage.read.asking.question import Filter, Problem, Question, locate
from storage.read.queries import IS_VISIT, QUERY_S, Connection, Reader

PATH: Final = "/analytics"
OWN: Final = ("links", "sources", "places", "devices", "quality", "unit")
"""The page's own parameters: the tab of each card, and the unit of the chart."""
PART: Final = ("large", "q", "page", "part")
"""Parameters of parts alone."""
REJECTED: Final = {"program": "program_id", "affiliate": "affiliate_id", "code": "asked"}


class Part(msgspec.Struct, frozen=True):
    """What a part of the page is asked for. `writer` writes addresses of the whole page."""

    view: View
    today: Today
    writer: ToolbarWriter
    is_large: bool

    @property
    def measure(self) -> str:
        return self.view.measure or "people"


async def read_part(request: web.Request) -> Part:
    """Read a request for a part. Raises DatabaseAway."""
    return await read_query(request.app[ENVIRONMENT], request.query)


async def read_query(environment: Environment, query: MultiMapping[str]) -> Part:
    """Read the query of a part. Raises DatabaseAway."""
    view, _ = read_view(query, (*OWN, *PART))
    today = await environment.database.read(lambda reader: read_today(reader, environment.now()))
    return Part(view, today, ToolbarWriter(PATH, view, PART), bool(view.get("large")))


async def answer_part(
    request: web.Request,
    part: Part,
    measures: Sequence[str],
    by: Sequence[str] = (),
    more_where: tuple[Filter, ...] = (),
    **changes: Any,
) -> Answer | Refusal:
    """Answer the view of a part for these measures, grouped by `by`, with more filters. `changes` are of the question.

    Raises DatabaseAway.
    """
    environment: Environment = request.app[ENVIRONMENT]
    database = environment.database

    async def make(reader: Reader) -> Question | Problem:
        view = msgspec.structs.replace(part.view, by=tuple(by), sort="")
        question = await make_question(reader, view, part.today, measures)
        if isinstance(question, Problem):
            return question
        return msgspec.structs.replace(question, where=(*question.where, *more_where), **changes)

    question = await database.read(make)
    if isinstance(question, Problem):
        return question
    if part.is_large:
        return await environment.large_counts.ask(database, question, part.today)
    return await database.read(lambda connection: ask(connection, question, part.today.now))


async def count_rejected(connection: Connection, view: View, today: Today) -> int | None:
    """Count rejections of the view, at most one more than MOST_REJECTED. Null if a filter is by what they have not."""
    if any(one.field not in REJECTION_FIELDS for one in view.filters):
        return None
    span = locate(view.find_range(today), today.zone)
    where: list[str] = ["rejected_at >= $1", "rejected_at < $2", IS_VISIT]
    values: list[Any] = [span.begin, span.end]
    for one in view.filters:
        found = await find_values(connection, one, span)
        if isinstance(found, Problem):
            return None
        values.append(list(found.values))
        column = REJECTED[one.field]
        of_values = f"coalesce({column}, '') = ANY (${len(values)}::text[])"
        where.append(f"NOT {of_values}" if found.is_not else of_values)
    counted = f"SELECT FROM rejected_clicks WHERE {' AND '.join(where)} LIMIT {MOST_REJECTED + 1}"
    count: int = await connection.fetchval(f"SELECT count(*) FROM ({counted}) AS counted", *values, timeout=QUERY_S)  # noqa: S608 - our own columns
    return count


async def has_clicks(reader: Reader) -> bool:
    """Return whether any click was ever stored."""
    return bool(await reader.fetchval("SELECT EXISTS (SELECT FROM clicks)", timeout=QUERY_S))


def set_rest(view: View, **changes: str) -> tuple[tuple[str, str], ...]:
    return tuple((dict(view.rest) | changes).items())


def write_report(view: View, by: str, measures: Sequence[str]) -> str:
    """Write the query of the report that has the numbers of a part, for a job."""
    whole = msgspec.structs.replace(view, by=(by,), measure="", sort="", rest=())
    return write_view(whole, columns=",".join(measures))

"""`GET /api/v1/analytics`: counts of clicks of a range, grouped and compared, as the pages show them."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from console.api.answers import answer_json
from console.api.endpoints import Endpoint, Parameter
from console.api.requests import MOST_OFFSET, MOST_ROWS, BadRequest, read_number, read_strict_view
from console.environment import ENVIRONMENT, Environment
from console.view.asked import make_question
from console.view.dates import write_moment
from console.view.today import read_today
from console.view.view import ALL_MEASURES, View
from storage.read.asking.answer import Answer, Group, Key
from storage.read.asking.asker import ask
from storage.read.asking.plan import NotKept, Refusal, TooLarge
from storage.read.asking.question import Problem, show_value
from storage.read.queries import Connection

OWN: Final = ("measures", "limit", "offset")
USUAL: Final = ("people", "uniques", "bots", "suspicious")


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One group: its keys by name, its counts by measure, and those of the range to compare with.

    A day or month is written as its first day, an hour or minute as its beginning.
    """

    keys: dict[str, str]
    counts: dict[str, int]
    before: dict[str, int] | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `number` is how many groups there are in all; `next` is the offset of the next page, or null.

    `pending` clicks are stored and in no rollup yet: they are counted, unless `is_behind`.
    """

    begin: datetime
    end: datetime
    zone: str
    by: tuple[str, ...]
    measures: tuple[str, ...]
    totals: dict[str, int]
    totals_before: dict[str, int] | None
    rows: list[Row]
    number: int
    next: int | None
    pending: int
    is_behind: bool
    as_of: datetime


async def show_analytics(request: web.Request) -> web.Response:
    environment: Environment = request.app[ENVIRONMENT]
    view = read_strict_view(request.query, OWN)
    measures = read_measures(view)
    limit = read_number(view, "limit", 100, 1, MOST_ROWS)
    offset = read_number(view, "offset", 0, 0, MOST_OFFSET)

    async def find(connection: Connection) -> Answer | Refusal:
        today = await read_today(connection, environment.now())
        question = await make_question(connection, view, today, measures, limit=limit, offset=offset)
        return question if isinstance(question, Problem) else await ask(connection, question, today.now)

    found = await environment.database.read(find)
    if not isinstance(found, Answer):
        raise refuse(found)
    return answer_json(describe_answer(found))


def read_measures(view: View) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(view.get("measures").split(","))) if view.get("measures") else USUAL
    if unknown := [name for name in names if name not in ALL_MEASURES]:
        raise BadRequest(f"{unknown[0]} is no measure: {', '.join(ALL_MEASURES)}", "bad_question")
    return names


def refuse(found: Refusal) -> BadRequest:
    """Return the problem of a question that is not answered."""
    match found:
        case Problem(reason):
            return BadRequest(reason, "bad_question")
        case NotKept(reason):
            return BadRequest(reason, "not_kept", 410)
        case TooLarge():
            return BadRequest(str(found), "too_large", 422)


def describe_answer(answer: Answer) -> Counted:
    plan, before = answer.plan, answer.before if isinstance(answer.before, Answer) else None
    question = plan.question
    shown = question.offset + len(answer.groups)
    old = {group.keys: group.counts for group in before.groups} if before and question.unit is None else None
    return Counted(
        begin=plan.span.begin,
        end=plan.span.end,
        zone=plan.state.zone_name,
        by=question.by,
        measures=question.measures,
        totals=name_counts(question.measures, answer.totals),
        totals_before=name_counts(question.measures, before.totals) if before else None,
        rows=[describe_group(question.by, question.measures, group, old) for group in answer.groups],
        number=answer.number,
        next=shown if shown < answer.number else None,
        pending=answer.pending,
        is_behind=answer.is_behind,
        as_of=plan.state.now,
    )


def describe_group(
    by: tuple[str, ...], measures: tuple[str, ...], group: Group, old: dict[tuple[Key, ...], tuple[int, ...]] | None
) -> Row:
    keys = {
        name: show_value(key) if isinstance(key, str) else write_moment(key)
        for name, key in zip(by, group.keys, strict=True)
    }
    before = old.get(group.keys) if old is not None else None
    counts = name_counts(measures, group.counts)
    return Row(keys, counts, name_counts(measures, before) if before else None)


def name_counts(measures: tuple[str, ...], counts: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(measures, counts, strict=True))


ANALYTICS: Final = Endpoint(
    method="GET",
    path="/analytics",
    handler=show_analytics,
    name="countClicks",
    summary="Count the clicks of a range, grouped, filtered and compared",
    answer=Counted,
    has_filters=True,
    parameters=(
        Parameter("measures", f"what to count, with commas between: {', '.join(ALL_MEASURES)}", example="people,bots"),
        Parameter("limit", "rows of a page", schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS}),
        Parameter("offset", "rows before the page", schema={"type": "integer", "minimum": 0, "maximum": MOST_OFFSET}),
    ),
    statuses=(400, 410, 422, 503),
)

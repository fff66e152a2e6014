"""`GET /api/v1/clicks` and `/rejections`: the log of the pages, in the same grammar, a page at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web
from multidict import MultiDict

from console.api.answers import answer_json
from console.api.endpoints import Endpoint, Parameter
from console.api.records import ClickFound, RejectionFound
from console.api.requests import BadRequest
from console.clicks.asked import Asked, read_asked
from console.clicks.filters import CHOICES, Filters
from console.clicks.past_clicks import PastClicks, read_past_clicks
from console.environment import ENVIRONMENT, Environment
from console.web.numbers import read_whole
from storage.read.finding import find_clicks, find_rejections
from storage.read.queries import Connection

MOST: Final = 200
USUAL: Final = 100


class Clicks(msgspec.Struct, frozen=True):
    """A page, newest first. `next` is the `before` of the page that goes on; null: there is nothing older.

    A page may be short although there is a next one: the search looked as far as `reached`.
    """

    clicks: list[ClickFound]
    next: str | None
    reached: datetime | None


class Rejections(msgspec.Struct, frozen=True):
    rejections: list[RejectionFound]
    next: str | None
    reached: datetime | None


async def list_clicks(request: web.Request) -> web.Response:
    past, limit = await search(request, "accepted")
    found = await read_all(request, [line.id for line in past.lines], find_clicks)
    clicks = [ClickFound(one.click, one.stored_at, one.unique, one.fraud) for one in found]
    return answer_json(Clicks(clicks, find_next(past, limit), past.reached))


async def list_rejections(request: web.Request) -> web.Response:
    past, limit = await search(request, "rejected")
    found = await read_all(request, [line.id for line in past.lines], find_rejections)
    rejections = [RejectionFound(one.rejection, one.stored_at) for one in found]
    return answer_json(Rejections(rejections, find_next(past, limit), past.reached))


async def search(request: web.Request, outcome: str) -> tuple[PastClicks, int]:
    """Find the lines of a page. Raises BadRequest, DatabaseAway."""
    environment: Environment = request.app[ENVIRONMENT]
    query = MultiDict(request.query)
    limit = read_limit(query.popall("limit", [str(USUAL)])[0])
    asked = await read_strictly(environment, query)
    filters: Filters = msgspec.structs.replace(asked.filters, outcome=outcome)
    if not (filters.wants_accepted if outcome == "accepted" else filters.wants_rejected):
        return PastClicks(lines=[]), limit
    past: PastClicks = await environment.database.read(lambda connection: read_past_clicks(connection, filters, limit))
    return past, limit


async def read_strictly(environment: Environment, query: MultiDict[str]) -> Asked:
    asked = await read_asked(environment, query)
    if asked.ignored:
        one = asked.ignored[0]
        raise BadRequest(f"{one.name}={one.value}: {one.why}", "bad_question")
    if asked.problem is not None:
        raise BadRequest(asked.problem, "unavailable", 503)
    return asked


def read_limit(text: str) -> int:
    limit = read_whole(text, 1, MOST)
    if limit is None:
        raise BadRequest(f"limit must be a whole number from 1 to {MOST}", "bad_question")
    return limit


async def read_all(request: web.Request, ids: Sequence[str], find: Any) -> list[Any]:
    environment: Environment = request.app[ENVIRONMENT]

    async def read(connection: Connection) -> list[Any]:
        found: list[Any] = await find(connection, ids)
        return found

    return await environment.database.read(read) if ids else []


def find_next(past: PastClicks, limit: int) -> str | None:
    if len(past.lines) >= limit:
        return past.lines[-1].id
    return past.further or None


def describe_list(name: str, summary: str, handler: Any, answer: Any, *, is_of_clicks: bool) -> Endpoint:
    of_clicks = (
        *(
            Parameter(name, f"only these {name}", schema={"enum": list(CHOICES[name])})
            for name in ("visitors", "unique", "quality")
        ),
        Parameter("address", "only clicks of this keyed hash of an address"),
    )
    return Endpoint(
        method="GET",
        path=f"/{name}",
        handler=handler,
        name=f"list{name.capitalize()}",
        summary=summary,
        answer=answer,
        has_filters=True,
        parameters=(
            *(of_clicks if is_of_clicks else (Parameter("reason", "only this reason", example="R101"),)),
            Parameter("before", "only older ones than this id: `next` of the page before"),
            Parameter("limit", "rows of a page", schema={"type": "integer", "minimum": 1, "maximum": MOST}),
        ),
        statuses=(400,),
    )


LISTS: Final = (
    describe_list("clicks", "List clicks, newest first", list_clicks, Clicks, is_of_clicks=True),
    describe_list("rejections", "List refused requests, newest first", list_rejections, Rejections, is_of_clicks=False),
)

"""Requests of the toolbar: values to filter by, and the address of a view with one filter more."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from console.environment import ENVIRONMENT, Environment
from console.view.filters import FIELDS, LONGEST, OPERATORS, PREFIX, Filter, is_storable, read_filter, write_filter
from console.view.suggestions import Suggestion, suggest_values
from console.view.today import read_today
from console.view.view import read_view
from console.web.addresses import make_local_target
from console.web.responses import reply
from storage.read.queries import Connection

OWN: Final = ("field", "q")
ADD: Final = "add_"
NOTHING: Final = "No clicks of this range have such a value. What you type is taken as it is."


async def show_values(request: web.Request) -> web.Response:
    """Answer with the values of `field` that contain `q`, those with the most clicks in the range first."""
    environment: Environment = request.app[ENVIRONMENT]
    field, text = request.query.get("field", ""), request.query.get("q", "").strip()[:LONGEST]
    if field not in FIELDS:
        raise web.HTTPNotFound
    view, _ = read_view(request.query, OWN)

    async def read(connection: Connection) -> list[Suggestion]:
        today = await read_today(connection, environment.now())
        return await suggest_values(connection, field, text, view.find_range(today), today)

    values = await environment.database.read(read) if is_storable(text) else []
    return reply(request, "view/values.html", field=field, values=values, nothing=NOTHING)


async def add_filter(request: web.Request) -> web.Response:
    """Lead back to the page with one filter more: a form cannot write our filters by itself."""
    environment: Environment = request.app[ENVIRONMENT]
    query = add_to_query(request.query)
    path = make_local_target(environment.base, request.query.get("add_to", "/"))
    location = path.partition("?")[0] + (f"?{query}" if query else "")
    return web.Response(status=303, headers={"Location": location})


def add_to_query(query: MultiMapping[str]) -> str:
    """Write the query with the filter of the fields `add_field`, `add_operator`, `add_value` and `add_text`."""
    pairs = [(name, value) for name, value in query.items() if not name.startswith(ADD)]
    field, operator = query.get("add_field", ""), query.get("add_operator", "")
    values = [*query.getall("add_value", []), *filter(None, [query.get("add_text", "").strip()])]
    name = PREFIX + field
    if field not in FIELDS or operator not in OPERATORS or not values:
        return urlencode(pairs, safe=":,")
    for known in (read_filter(*pair) for pair in pairs if pair[0] == name):
        if isinstance(known, Filter) and known.operator == operator:
            values = [*known.values, *values]
    pairs = [pair for pair in pairs if pair[0] != name]
    made = Filter(field, operator, tuple(dict.fromkeys(values)))
    return urlencode([*pairs, write_filter(made)], safe=":,")

"""Endpoints of the JSON API: one description gives the route and the OpenAPI operation. Pure."""

from typing import Any, Final, Literal

import msgspec

from console.api.answers import JSON
from console.api.problems import answering_problems
from console.auth.guard import Handler
from console.auth.roles import Permission
from console.web.route import Route

Place = Literal["query", "path"]
VERSION: Final = "/api/v1"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a request. `schema` is the JSON Schema of its value, a text unless it says another type."""

    name: str
    meaning: str
    place: Place = "query"
    schema: dict[str, Any] = {}
    example: str | None = None


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An operation. `answer` and `body` are types that are encoded as JSON; `statuses` are those of its problems.

    Another `content` than JSON is a text; an `answer` that is null has no body.
    """

    method: str
    path: str
    handler: Handler
    name: str
    summary: str
    answer: Any
    needs: Permission = "read"
    parameters: tuple[Parameter, ...] = ()
    has_filters: bool = False
    body: Any = None
    content: str = JSON
    status: int = 200
    statuses: tuple[int, ...] = ()

    @property
    def route(self) -> Route:
        return Route(self.method, VERSION + self.path, answering_problems(self.handler), "api", self.needs)


def list_routes(endpoints: tuple[Endpoint, ...]) -> tuple[Route, ...]:
    return tuple(endpoint.route for endpoint in endpoints)

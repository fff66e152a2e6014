"""Problems as JSON (RFC 9457): `reason` is stable, `detail` is for people."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeAlias

import msgspec
import structlog
from aiohttp import web

from console.api.requests import BadRequest
from console.database import InvalidValue
from runtime.errors import DependencyAway

log = structlog.get_logger()

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
PROBLEM_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """`title` is the same for every problem of a reason; `current` is what somebody else made of it (409)."""

    status: int
    reason: str
    detail: str
    title: str = ""
    current: Any = None


def answer_problem(status: int, reason: str, detail: str, current: Any = None) -> web.Response:
    title = reason.replace("_", " ").capitalize()
    body = msgspec.json.encode(Problem(status, reason, detail, title, current))
    return web.Response(status=status, body=body, content_type=PROBLEM_TYPE)


def answering_problems(handler: Handler) -> Handler:
    """Wrap a handler: what it raises about a request is answered as a problem."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except BadRequest as problem:
            return answer_problem(problem.status, problem.reason, problem.detail, problem.current)
        except InvalidValue as error:
            return answer_problem(400, "bad_value", str(error))
        except DependencyAway as error:
            return answer_problem(503, "away", str(error))

    return handle

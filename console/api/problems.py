"""Problems as JSON (RFC 9457): `reason` is stable, `detail` is for people."""

import msgspec
from aiohttp import web

PROBLEM_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True):
    status: int
    reason: str
    detail: str


def answer_problem(status: int, reason: str, detail: str) -> web.Response:
    body = msgspec.json.encode(Problem(status, reason, detail))
    return web.Response(status=status, body=body, content_type=PROBLEM_TYPE)

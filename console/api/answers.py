"""JSON answers."""

from typing import Any

import msgspec
from aiohttp import web

JSON = "application/json"


def answer_json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type=JSON)

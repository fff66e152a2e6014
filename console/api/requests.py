"""Bodies, pages and views of API requests. A bad one is a BadRequest, which says what is wrong."""

from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web
from multidict import MultiMapping

from console.view.view import View, read_view
from console.web.numbers import read_whole

T = TypeVar("T")
MOST_ROWS: Final = 1000
MOST_OFFSET: Final = 1_000_000


class BadRequest(Exception):  # noqa: N818 - it reads as what it is
    """A request that cannot be answered, with the status and the stable reason of its problem.

    `current` is the value that somebody else changed meanwhile.
    """

    def __init__(self, detail: str, reason: str = "bad_request", status: int = 400, current: Any = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason
        self.status = status
        self.current = current


def read_strict_view(query: MultiMapping[str], rest: tuple[str, ...]) -> View:
    """Read a view. A program is told what is wrong, where a person's page would go on without it. Raises BadRequest."""
    view, ignored = read_view(query, rest)
    if ignored:
        one = ignored[0]
        raise BadRequest(f"{one.name}={one.value}: {one.why}", "bad_question")
    return view


def read_number(view: View, name: str, default: int, least: int, most: int) -> int:
    """Read a whole number of the page's own parameters. Raises BadRequest."""
    text = view.get(name)
    if not text:
        return default
    number = read_whole(text, least, most)
    if number is None:
        raise BadRequest(f"{name} must be a whole number from {least:,} to {most:,}", "bad_question")
    return number


async def read_body(request: web.Request, kind: type[T]) -> T:
    """Read the JSON body. Raises BadRequest."""
    if request.content_type != "application/json":
        raise BadRequest("the body must be JSON: send Content-Type: application/json", "not_json", 415)
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error), "bad_body") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest("the body is not JSON", "not_json") from error
